"""``handeye mcp``: a screen for clients of the Model Context Protocol, with the official SDK (extra ``mcp``).

Two threads: the protocol's (`server`, `http`) and the screen's (`host`), which is the main one, so that Ctrl-C, the
stop key and a limit of time reach what is under way. A `calls.ClientCall` is what they share. What a client does is a
run of the house whose model is the client (`client_model`): the same policies, secrets, masks and record.

Not here: what is done on a screen (`agent.run`), and options (`agent.cli.mcp`).
"""
