"""The agent: the loop and all that surrounds it. Sees `envs` and `actions`, never `benchmarks`."""
