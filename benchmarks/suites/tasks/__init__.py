"""What suites of seeded tasks share: catalogue, scripted oracle, world with a state check, the suite itself.

The tasks, their checks and their set-up are in `benchmarks.suites.desktop` and `benchmarks.suites.phone_tasks`; the
MiniWoB++ suites use the oracle and `instance_seed`.
"""
