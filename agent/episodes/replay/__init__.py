"""Replaying an episode: checking it without a device (`simulate`), asking another model on its screens (`ask`), and
repeating its actions on a screen (`replayer`).

`script` has the actions to repeat. `pixel_match` finds a target by its pixels, `text_match` by its text, `paths` moves
an action to other points, `effects` compares what an action changed. Opening the screen is `agent.run.replay`.
"""
