"""Handeye as an agent of the official OSWorld (https://github.com/xlang-ai/OSWorld): ``predict`` and ``reset``.

``agent`` is the contract of OSWorld's ``mm_agents``, ``actions`` says our actions as its pyautogui code or as its
``computer_13`` dictionaries. Nothing of OSWorld is imported. See ``docs/benchmarks/osworld.md``.
"""

from benchmarks.osworld.agent import OSWorldAgent

__all__ = ["OSWorldAgent"]
