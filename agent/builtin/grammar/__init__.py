"""The grammar, a room for each kind of step; `agent.builtin.grammar.rules` puts them in order."""
