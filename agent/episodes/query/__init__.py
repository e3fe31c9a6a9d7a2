"""``handeye ask``: what happened in an episode, and in which step."""
