"""How each kind of instruction is carried out: one room for each kind of doing."""
