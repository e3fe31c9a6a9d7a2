"""The grammar of explicit instructions: `parse` is its entry; one module of rules per kind of instruction.

`parser` cuts a task into clauses, `literals` protects quoted text, `phrases` and `fragments` are shared patterns.
Nothing here depends on a screen.
"""
