"""The live view: a page on loopback on which a person sees the next action before it happens, and steers.

`agent.views.live.page.LivePage` is the whole of it; ``docs/live.md`` says how it is used and guarded.
"""
