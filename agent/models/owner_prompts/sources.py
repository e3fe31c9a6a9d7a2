"""Where owners keep their prompts: repository, commit, file, symbol and hash, as they were seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from agent.models.dialects.dialect import Use
from agent.models.owner_prompts.extracting import Kind

TODAY = "%today"
"""Begins what stands for a date: the rest is a format of `datetime.date.strftime`."""


@dataclass(frozen=True)
class PromptSource:
    """One text of an owner: what it is for, where it stands, and sha256 of it (first 16 hex digits; "" for any).

    `role` is the message whose text it is; in a user message it takes the place of our longest text. `fill` is its
    placeholders by what we fill them with. A `keep` is where the end of our text begins that follows theirs.
    """

    use: Use
    role: Literal["system", "user"]
    file: str
    symbol: str
    sha256: str = ""
    kind: Kind = "python"
    fill: Mapping[str, str] = field(default_factory=dict)
    keep: str = ""

    @property
    def name(self) -> str:
        """For people: ``codes/ui_tars/prompt.py: COMPUTER_USE_DOUBAO``."""
        return f"{self.file}: {self.symbol}"


@dataclass(frozen=True)
class PromptOwner:
    """The texts of one family. Without a `repository` they are in a checkpoint of the user's."""

    repository: str
    commit: str
    sources: tuple[PromptSource, ...]


_UI_TARS = {"{language}": "English", "{instruction}": "${instruction}"}
_OWL_USER = {"{instruction}": "${instruction}", "{previous_actions_str}": "${history}"}
_VENUS = {"{user_task}": "${instruction}", "{previous_actions}": "${history}"}
_QWEN_TOOLS: tuple[tuple[Use, str], ...] = (("desktop", "around computer_use"), ("mobile", "around mobile_use"))
_OWL = "Mobile-Agent-v3.5"
_UI_TARS_FILE, _VENUS_FILE = "codes/ui_tars/prompt.py", "models/navigation/utils.py"

OWNERS: dict[str, PromptOwner] = {
    "ui-tars-1.5": PromptOwner(
        "bytedance/UI-TARS",
        "582f3a7ea5d285ee8ed9e2e84048d1ab01453c49",
        (
            PromptSource("desktop", "user", _UI_TARS_FILE, "COMPUTER_USE_DOUBAO", "0fd4d14c3890f672", fill=_UI_TARS),
            PromptSource("mobile", "user", _UI_TARS_FILE, "MOBILE_USE_DOUBAO", "4c6da47a4608edb0", fill=_UI_TARS),
            PromptSource(
                "locate",
                "user",
                _UI_TARS_FILE,
                "GROUNDING_DOUBAO",
                "e0fda4eb0b91efda",
                fill={"{instruction}": "${instruction}"},
            ),
        ),
    ),
    "mai-ui": PromptOwner(
        "Tongyi-MAI/MAI-UI",
        "4dd07b9e910a294f001452e888514d912b96cc41",
        (
            PromptSource("mobile", "system", "src/prompt.py", "MAI_MOBILE_SYS_PROMPT", "86b907c1e936b8c9"),
            PromptSource("locate", "system", "src/prompt.py", "MAI_MOBILE_SYS_PROMPT_GROUNDING", "7ceb3d4b0b5c634e"),
        ),
    ),
    "gui-owl-1.5": PromptOwner(
        "X-PLUG/MobileAgent",
        "11cea575561fb7800b5fb6b6cafa56f7a91de11f",
        (
            PromptSource("desktop", "system", f"{_OWL}/computer_use/utils.py", "SYSTEM_PROMPT", "c81ce4add7fdc174"),
            PromptSource(
                "desktop",
                "user",
                f"{_OWL}/computer_use/utils.py",
                "build_messages.instruction_prompt",
                "3c61215adef18376",
                fill=_OWL_USER,
            ),
            PromptSource("mobile", "system", f"{_OWL}/mobile_use/utils.py", "SYSTEM_PROMPT", "28235cbaf0bd9692"),
            PromptSource(
                "mobile",
                "user",
                f"{_OWL}/mobile_use/utils.py",
                "build_messages.instruction_prompt",
                "425997084e59fa36",
                fill={**_OWL_USER, "{date_info}": f"{TODAY}Today's date is: %Y-%m-%d %A."},
            ),
        ),
    ),
    "autoglm-phone": PromptOwner(
        "zai-org/Open-AutoGLM",
        "6b18d7bed0a8b5696760b06f7d18065b150901a2",
        (
            PromptSource(
                "mobile",
                "system",
                "phone_agent/config/prompts_en.py",
                "SYSTEM_PROMPT",
                "12149d3b5333a44a",
                fill={"{formatted_date}": f"{TODAY}%Y-%m-%d, %A"},
            ),
        ),
    ),
    "ui-venus-1.5": PromptOwner(
        "inclusionAI/UI-Venus",
        "c3a1442c3c4501af18c124458dbbddcbda5c2c6f",
        (
            PromptSource("desktop", "user", _VENUS_FILE, "WEB_USER_PROMPT", "8bd3ca1cfa27dc5c", fill=_VENUS),
            PromptSource("mobile", "user", _VENUS_FILE, "MOBILE_USER_PROMPT", "d4d88aafe0991572", fill=_VENUS),
            PromptSource(
                "locate",
                "user",
                "models/grounding/ui_venus1_5_gd.py",
                "inference.prompt#2",
                "c4e0942fc7a20af0",
                fill={"{}": "${instruction}"},
            ),
        ),
    ),
    "qwen3-vl": PromptOwner(
        "QwenLM/Qwen3-VL",
        "96588727e44c78b25ba03ea03b8e12f7e64fd0da",
        (
            PromptSource(
                "mobile",
                "system",
                "cookbooks/mobile_agent.ipynb",
                "system_prompt#1",
                "9d060af15f62acb3",
                kind="notebook",
            ),
            PromptSource(
                "mobile",
                "user",
                "cookbooks/mobile_agent.ipynb",
                "user_query#1",
                "390822e18bb5c50f",
                kind="notebook",
                fill={"{instruction}": "${instruction}", "{stage2_history}": "${history}"},
            ),
        ),
    ),
    "qwen3.5": PromptOwner(
        "",
        "",
        tuple(
            PromptSource(use, "system", "chat_template.jinja", tool, kind="chat_template", keep="\n\n# Response format")
            for use, tool in _QWEN_TOOLS
        ),
    ),
}
