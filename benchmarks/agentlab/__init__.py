"""AgentLab (https://github.com/ServiceNow/AgentLab): its agents on our suites, and our models as one of its agents.

``functions`` reads and writes the function calls of BrowserGym, ``observations`` shows a screen as BrowserGym does,
``env`` and ``agent`` are AgentLab's contracts and import its package. See ``docs/benchmarks/agentlab.md``.
"""
