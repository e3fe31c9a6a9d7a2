"""The built-in model: explicit instructions parsed by a grammar and carried out on perceived elements.

`model` is the `agent.core.model.Model`; `grammar` parses a task into `instructions`, `follower` carries them out
through `executors`, `extraction` fills a JSON schema from a screen. Perception is `agent.perception`; nothing here
plans.
"""
