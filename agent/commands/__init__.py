"""The commands of ``handeye``, one module each; `agent.cli` puts them together."""
