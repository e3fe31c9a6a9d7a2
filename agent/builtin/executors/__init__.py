"""One module per kind of instruction; each executor is a generator of actions that checks their effects.

`context` has the state, the search for targets and the check of effects; `dialogs` the triggers and unexpected dialogs;
`predicates` pure functions of elements. What an instruction is, is in `agent.builtin.instructions`.
"""
