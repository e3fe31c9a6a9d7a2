"""The live page: a page on loopback that shows a run as it goes and lets a person approve, edit, pause and act.

`page` joins its parts: `state` between the run and the server, `server`, `commands`, and
`intervention` (the env, policy and watcher of the run). ``docs/live.md`` describes its use and its security.
"""
