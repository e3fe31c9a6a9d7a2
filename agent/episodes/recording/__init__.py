"""``handeye record``: what a person does, kept as an episode."""
