"""What people see of a run or an episode: `terminal`, `live` (the live page), `report`, films and answer pages.

`drawing` draws actions on screens, `formatting` makes text, `kit` pages from templates. Results of benchmarks are shown
by `benchmarks.page`.
"""
