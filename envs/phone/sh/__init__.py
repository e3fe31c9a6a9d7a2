"""The simulated phone's shell: the part of mksh (Android's ``/system/bin/sh``) that callers of adb use.

Command lines are parsed and run here, over the phone's own files and commands; nothing reaches this machine's shell. It
has the semantics of a shell for quotes, expansions, ``;``, ``&``, ``|``, redirections and ``$(…)`` do what they do on
a phone, so that a caller who forgets to quote is found out.
"""

from envs.phone.sh.interpreter import Command, CommandCall, Shell, take_option
from envs.phone.sh.parser import ShellSyntaxError

__all__ = ["Command", "CommandCall", "Shell", "ShellSyntaxError", "take_option"]
