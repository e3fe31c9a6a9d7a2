"""The grammar, a room for each kind of step; `agent.builtin.rules` puts them in order."""
