"""Android's own commands on the simulated phone, by subject; `registry` has them by name.

Each is a function of the `PhoneDevice` and the `CommandCall` that gives the exit status. The commands that work on
files and text alone are in `envs.phone.sh.files`.
"""
