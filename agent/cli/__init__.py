"""The command line, one module a command; `agent.cli.main` joins them."""
