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
    placeholders by what we fill them with. A `keep` is where the end of our text begins that follows theirs. `also` is
    a second file that `symbol` names things of.
    """

    use: Use
    role: Literal["system", "user"]
    file: str
    symbol: str
    sha256: str = ""
    kind: Kind = "python"
    fill: Mapping[str, str] = field(default_factory=dict)
    keep: str = ""
    also: str = ""

    @property
    def name(self) -> str:
        """For people: ``codes/ui_tars/prompt.py: COMPUTER_USE_DOUBAO``."""
        return f"{self.file}: {self.symbol if len(self.symbol) <= 48 else self.symbol[:47] + '…'}"


@dataclass(frozen=True)
class PromptOwner:
    """The texts of one family. Without a `repository` they are in a checkpoint of the user's."""

    repository: str
    commit: str
    sources: tuple[PromptSource, ...]


_UI_TARS = {"{language}": "English", "{instruction}": "${instruction}"}
_OWL_USER = {"{instruction}": "${instruction}", "{previous_actions_str}": "${history}"}
_VENUS = {"{user_task}": "${instruction}", "{previous_actions}": "${history}"}
_VENUS_2 = {"{user_task}": "${instruction}"}
_OPENCUA = "evaluation/agentnetbench/agent/opencua.py"
_SCALE = "evaluation/OSWorld/mm_agents/prompts.py"
_EVO = "mm_agents/evocua/"
_FARA_FILES = ("qwen_helpers/fncall_prompt.py", "_prompts.py")
_FARA_SIZE = {"{self.display_width_px}": "${width}", "{self.display_height_px}": "${height}"}


def _fara_system(template: str, tool: str) -> str:
    """As ``get_computer_use_system_prompt`` puts the tool into the template."""
    parts = f'"name": {tool}.name, "description": {tool}.description, "parameters": {tool}.parameters'
    return f'{template}.format(tool_descs=json.dumps({{"type": "function", "function": {{{parts}}}}}))'


def _xy_schema() -> str:
    """The schema of a place in Holo's prompt, which is what Python writes for a pydantic model's."""
    side = {"maximum": 1000, "minimum": 0}
    sides = {name.lower(): {**side, "title": name, "type": "integer"} for name in ("X", "Y")}
    return str({"properties": sides, "required": ["x", "y"], "title": "ClickCoordinates", "type": "object"})


_HOLO = PromptOwner(
    "hcompai/hai-cookbook",
    "2ba89619bdcfe729d31649d976bdaa7b9551e216",
    (
        PromptSource(
            "locate",
            "user",
            "holo2/holo_2_localization_hosted_api.ipynb",
            'build_messages.prompt + "\\n{task}"',
            "f7aace8cad78fc0c",
            kind="notebook",
            fill={"{ClickCoordinates.model_json_schema()}": _xy_schema(), "{task}": "${instruction}"},
        ),
    ),
)
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
    "holo2": _HOLO,
    "holo3": _HOLO,
    "ui-venus-2": PromptOwner(
        "inclusionAI/UI-Venus",
        "81945ac7c08e023eaf8f01c5831c6885dfba70a0",
        (
            PromptSource(
                "desktop",
                "system",
                "models/computer/computer_example.py",
                "SYSTEM_PROMPT",
                "26d6c9f28a1105cb",
                fill={**_VENUS_2, "{sudo_password}": "not known"},
            ),
            PromptSource(
                "mobile",
                "system",
                "models/mobile/mobile_example.py",
                "SYSTEM_PROMPT",
                "627c1f85167d7299",
                fill=_VENUS_2,
            ),
            PromptSource(
                "locate",
                "user",
                "models/grounding/ui_venus2_gd.py",
                "DEFAULT_USER_PROMPT",
                "00b36efb8fb15ead",
                fill={"{instruction}": "${instruction}"},
            ),
        ),
    ),
    "evocua": PromptOwner(
        "meituan/EvoCUA",
        "4a0ad5fd4eb1d5b65966e1c7cc3feaa3b534eadd",
        (
            PromptSource(
                "desktop",
                "system",
                f"{_EVO}prompts.py",
                "S2_SYSTEM_PROMPT.format(tools_xml=json.dumps(build_s2_tools_def(S2_DESCRIPTION_PROMPT_TEMPLATE)))",
                "38308a1e4594c5f4",
                fill={"{resolution_info}": "* The screen's resolution is 1000x1000."},
            ),
            PromptSource(
                "desktop",
                "user",
                f"{_EVO}evocua_agent.py",
                "_build_s2_messages.instruction_prompt#1",
                "f3343381b4bbb4f9",
                fill=_OWL_USER,
            ),
        ),
    ),
    "fara-7b": PromptOwner(
        "microsoft/fara",
        "3f3f1fd82cc2769a6630932d1670bac7349f4a42",
        (
            PromptSource(
                "desktop",
                "system",
                f"src/fara/{_FARA_FILES[0]}",
                f'"You are a helpful assistant.\\n\\n" + {_fara_system("FN_CALL_TEMPLATE", "FaraComputerUse")}',
                "12a2199b058adf07",
                fill=_FARA_SIZE,
                also=f"src/fara/{_FARA_FILES[1]}",
            ),
        ),
    ),
    "fara1.5": PromptOwner(
        "microsoft/magentic-ui",
        "36fa15838bb288a4a5e6b2850d540e3f0cdd5a0b",
        (
            PromptSource(
                "desktop",
                "system",
                f"src/magentic_ui/agents/web_surfer/fara/{_FARA_FILES[0]}",
                _fara_system("FARA_QWEN35VL_FN_CALL_TEMPLATE", "FaraNextBrowserComputerUse"),
                "9612258b55837df8",
                fill={**_FARA_SIZE, "{today}": f"{TODAY}%B %d, %Y"},
                also=f"src/magentic_ui/agents/web_surfer/fara/{_FARA_FILES[1]}",
            ),
        ),
    ),
    "opencua": PromptOwner(
        "xlang-ai/OpenCUA",
        "1d70f20663dcaa01f10c7fed5669887286545866",
        (
            PromptSource("desktop", "system", _OPENCUA, "L2_SYSTEM_PROMPTS[0]", "2df3ec939b1f95c9"),
            PromptSource(
                "desktop",
                "user",
                _OPENCUA,
                "INSTRUTION_TEMPLATE",
                "8a83d89c4f15877b",
                fill={"{instruction}": "${instruction}"},
            ),
        ),
    ),
    "scalecua": PromptOwner(
        "OpenGVLab/ScaleCUA",
        "5d92feea9f1e14b8303ce37da45b286fb1f4d3aa",
        (
            PromptSource("desktop", "system", _SCALE, "CUA_SYSTEM_PROMPT_THOUGHT", "cf33ac5eadde9da4"),
            PromptSource(
                "desktop",
                "user",
                _SCALE,
                "CUA_USER_PROMPT",
                "8e7cfb3a2600e9ee",
                fill={"{instruction}": "${instruction}", "{history}": "${history}"},
            ),
        ),
    ),
    "gelab": PromptOwner(
        "stepfun-ai/gelab-zero",
        "19465cf337effc20db25830688aeec5a72855c0a",
        (
            PromptSource(
                "mobile", "user", "copilot_tools/parser_0920_summary.py", "task_define_prompt", "5a98cfa53e5d2b1b"
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
