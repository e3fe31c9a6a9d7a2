"""A stand-in with the signatures of AndroidWorld's ``env/json_action.py``."""

import dataclasses

_ACTION_TYPES = (
    "click", "double_tap", "scroll", "swipe", "input_text", "navigate_home", "navigate_back", "keyboard_enter",
    "open_app", "status", "wait", "long_press", "answer", "unknown",
)  # fmt: skip


@dataclasses.dataclass()
class JSONAction:
    action_type: str | None = None
    index: str | int | None = None
    x: int | None = None
    y: int | None = None
    text: str | None = None
    direction: str | None = None
    goal_status: str | None = None
    app_name: str | None = None
    keycode: str | None = None
    clear_text: bool | None = None

    def __post_init__(self):
        if self.action_type not in _ACTION_TYPES:
            raise ValueError(f"no such action: {self.action_type}")
        if self.direction and self.direction not in ("left", "right", "down", "up"):
            raise ValueError(f"no such direction: {self.direction}")
