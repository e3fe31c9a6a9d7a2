"""Other benchmarks of a model's card, run by lmms-eval in its own process and environment (``handeye bench lmms``).

`tasks` says which of its tasks is which row of a card; `running` runs it; `results` makes results of its files.
"""
