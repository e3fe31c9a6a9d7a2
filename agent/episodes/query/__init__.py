"""Questions about an episode: what happened, and in which step.

`question` parses the question, `screen_text` reads the screens, `search` answers without a model and `vision` with one.
"""
