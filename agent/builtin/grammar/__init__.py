"""The grammar, a room for each kind of step; `agent.builtin.grammar.parse` puts them in order."""
