"""From a person's input on a screen to the steps of an episode.

`source` is the screen that is recorded (`desktop` and `phone` make one), `recorder` turns input into actions,
`typed_text` and `privacy` decide which typed text may be stored, `step_writer` writes the steps. Opening the screen,
waiting for the end and the report are `agent.run.record`.
"""
