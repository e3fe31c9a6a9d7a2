"""What becomes of damaged answers: ``python -m benchmarks.damage`` prints a table for every dialect.

Every dialect writes a few actions; each answer is damaged in many ways (cut off at every byte, fenced, surrounded by
prose, other quotes, digits and brackets of other scripts, keys given twice, brackets lost, added and swapped, absurd
numbers) and read again. Reading may give the same action, another one with a note that says what was repaired, or a
parse error. Anything else is a fault: another exception, or another action without a word.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from itertools import islice

from actions.action import (
    AnyAction,
    Button,
    Click,
    Drag,
    Finish,
    Key,
    LongPress,
    Move,
    Open,
    Scroll,
    TypeText,
    Wait,
)
from actions.frame import Frame, Point
from agent.core.model import ParseError
from agent.models.dialects.dialect import Dialect, Platform, UnsupportedAction, Use
from agent.models.dialects.registry import DIALECTS

FRAME = Frame(id="0000", width=1932, height=1092)
PLAIN_TEXT = "grüße an alle"
HARD_TEXT = 'say "it\'s (1, 2)], done" \\ }'
_SIGNS = "{}[]()\"'<>:,=|/"


_CALL = (
    '<tool_call>\n{{"name": "{tool}", "arguments": {{"action": "{action}", "coordinate": [{x}, {y}]}}}}\n</tool_call>'
)
_LEFT_CLICK = _CALL.replace("{tool}", "computer_use").replace("{action}", "left_click")
_CORNERS = "<|box_start|>({x},{y}),({x},{y})<|box_end|>"
_POINTS = '[{{"point_2d": [{x}, {y}], "label": "save"}}]'
PLACE_ANSWERS = {
    "qwen2.5-vl": _LEFT_CLICK,
    "qwen2-vl": "<|object_ref_start|>save<|object_ref_end|>" + _CORNERS,
    "qwen3-vl": "```json\n" + _POINTS + "\n```",
    "internvl2.5": "<ref>save</ref><box>[[{x}, {y}, {x}, {y}]]</box>",
    "ui-tars-1.0": "<|box_start|>({x},{y})<|box_end|>",
    "ui-tars-1.5": "Action: click(point='<point>{x} {y}</point>')",
    "os-atlas-base": "<|object_ref_start|>save<|object_ref_end|>" + _CORNERS + "<|im_end|>",
    "os-atlas-base-4b": "save[[{x},{y}]]",
    "os-atlas-pro": _CORNERS,
    "os-atlas-pro-4b": "actions:\nCLICK <point>[[{x}, {y}]]</point>",
    "showui": "[{x}, {y}]",
    "uground": "({x}, {y})",
    "aguvis": "pyautogui.click(x={x}, y={y})",
    "gui-owl": _LEFT_CLICK.replace("left_click", "click"),
    "gui-owl-1.5": "Action: Click it.\n" + _LEFT_CLICK,
    "holo1": "Click({x}, {y})",
    "holo1.5": '{{"action": "click_absolute", "x": {x}, "y": {y}}}',
    "holo2": '{{"x": {x}, "y": {y}}}',
    "gta1": "({x},{y})",
    "ui-venus-1.0-ground": "[{x},{y},{x},{y}]",
    "ui-venus-1.0-navi": "[{x},{y},{x},{y}]",
    "ui-venus-1.5": "[{x},{y}]",
    "infigui-g1": "<think>It is (1, 2).</think>\n" + _POINTS,
    "jedi": "Action: Click it.\n" + _LEFT_CLICK,
    "autoglm-phone": '<think>It is there.</think>\n<answer>\ndo(action="Tap", element=[{x},{y}])\n</answer>',
    "mai-ui": '<grounding_think>It is there.</grounding_think>\n<answer>\n{{"coordinate": [{x},{y}]}}\n</answer>',
    "cogagent": "Action: Click it.\nGrounded Operation: CLICK(box=[[{x},{y},{x},{y}]], element_info='save')",
    "seeclick": "({x},{y})",
    "general": '{{"coordinate": [{x}, {y}]}}',
    "qwen3.5": "```json\n" + _POINTS + "\n```",
    "evocua": "Action: Click it.\n" + _LEFT_CLICK,
    "ui-venus-2": "[{x},{y}]",
    "gelato": "({x},{y})",
    "groundnext": _LEFT_CLICK,
    "gui-g2": "[{x},{y},{x},{y}]",
    "holo3": '{{"x": {x}, "y": {y}}}',
    "fara-7b": "It is in the bar.\n" + _LEFT_CLICK,
    "opencua": "```python\npyautogui.click(x={x}, y={y})\n```",
    "kimi-vl": "```python\npyautogui.click(x={x}, y={y})\n```",
    "scalecua": "<action>\nclick(x={x}, y={y})\n</action>",
    "se-gui": _LEFT_CLICK,
    "ui-ins": "<think>It is there.</think>\n" + _LEFT_CLICK.replace("computer_use", "grounding"),
    "phi-ground": "<point>{x}, {y}</point>",
    "locateanything": "<ref>it</ref><box><{x}><{y}></box>",
    "minicpm-v": "<box>{x} {y} {x} {y}</box>",
    "gemma": '```json\n[{{"box_2d": [{x}, {y}, {x}, {y}], "label": "save"}}]\n```',
    "agentcpm-gui": '{{"thought":"It is there.","POINT":[{x},{y}]}}',
    "gelab": "<THINK> It is there. </THINK>\nexplain:x\taction:CLICK\tpoint:{x},{y}\tsummary:x",
    "glm-v": "<|begin_of_box|>[[{x},{y},{x},{y}]]<|end_of_box|>",
    "fara1.5": "It is in the bar.\n" + _LEFT_CLICK,
    "general-tools": '{{"coordinate": [{x}, {y}]}}',
    "qwen3.5-tools": "```json\n" + _POINTS + "\n```",
    "openai-computer": _CALL.replace("{tool}", "computer")
    .replace("{action}", "click")
    .replace('"coordinate": [{x}, {y}]', '"x": {x}, "y": {y}'),
    "anthropic-computer": _LEFT_CLICK.replace("computer_use", "computer"),
}
"""How each family says where something is, over its own numbers ``x`` and ``y``."""


@dataclass
class DamageRow:
    """What became of one grammar's damaged answers."""

    dialect: str
    platform: str
    damaged: int = 0
    cut: int = 0
    same: int = 0
    same_cut: int = 0
    noted: int = 0
    refused: int = 0
    faults: int = 0

    @property
    def recovered(self) -> float:
        """The share that still gave the same action, of those that were not cut off (where refusing is right)."""
        whole = self.damaged - self.cut
        return (self.same - self.same_cut) / whole if whole else 0.0


@dataclass(frozen=True)
class Case:
    """One damaged answer, what was meant by it, and whether the model is said to have stopped by itself.

    Without a platform it is the answer to where something is, and `action` is a move there.
    """

    dialect: Dialect
    platform: Platform | None
    action: AnyAction
    pointer: Point
    kind: str
    text: str
    ended: bool


def samples(dialect: Dialect, pointer: Point, other: Point) -> Iterator[AnyAction]:
    """Actions of every kind; a dialect has words for some of them. Points in frame pixels, on the dialect's grid."""
    yield Click(point=other)
    yield Click(point=other, count=2)
    yield Move(point=other)
    yield Drag(path=(pointer, other))
    yield Scroll(dy=5)
    yield LongPress(point=other)
    yield TypeText(text=PLAIN_TEXT)
    yield TypeText(text=PLAIN_TEXT + "\n")
    yield TypeText(text=HARD_TEXT)
    yield Key(chords=("ctrl+c",))
    yield Button(name="back")
    yield Open(target="Files")
    yield Wait(seconds=5.0)
    yield Finish(status="success")


def cases() -> Iterator[Case]:
    """The whole corpus, in a fixed order."""
    for dialect in DIALECTS.values():
        pointer, other = _points(dialect, "locate")
        x, y = dialect.view(FRAME, use="locate").numbers(other)
        place = PLACE_ANSWERS[dialect.name].format(x=x, y=y)
        for kind, damaged in damages(place, Move(point=other)):
            for ended in (False, True):
                yield Case(dialect, None, Move(point=other), pointer, kind, damaged, ended)
        for platform in dialect.decide:
            pointer, other = _points(dialect, platform)
            for action in samples(dialect, pointer, other):
                try:
                    text = dialect.format(action, FRAME, platform, pointer=pointer)
                except UnsupportedAction:
                    continue
                for kind, damaged in damages(text, action):
                    for ended in (False, True):
                        yield Case(dialect, platform, action, pointer, kind, damaged, ended)


def _points(dialect: Dialect, use: Use) -> tuple[Point, Point]:
    """Two points that the dialect can name exactly."""
    grid = dialect.view(FRAME, use=use).grid
    whole = grid.width > 1
    pairs = (
        (round(grid.width * x), round(grid.height * y)) if whole else (x, y) for x, y in ((0.31, 0.62), (0.47, 0.25))
    )
    first, second = (FRAME.from_grid(grid, x, y) for x, y in pairs)
    return first, second


def damages(text: str, action: AnyAction) -> Iterator[tuple[str, str]]:
    """Ways to damage an answer without changing what it says; a hard text is only cut off and wrapped."""
    yield from (("cut", cut) for cut in _cuts(text))
    yield from (("wrapped", wrapped) for wrapped in _wrappings(text))
    if isinstance(action, TypeText) and action.text == HARD_TEXT:
        return
    spoken = PLAIN_TEXT if isinstance(action, TypeText) else "Files" if isinstance(action, Open) else ""
    for kind, damage in (
        ("quotes", _quotes),
        ("script", _scripts),
        ("signs lost", _lost),
        ("signs added", _added),
        ("keys twice", _twice),
        ("nesting", _nested),
    ):
        yield from ((kind, damaged) for damaged in _around(text, spoken, damage))
    if not spoken:
        yield from (("numbers", damaged) for damaged in _numbers(text))


Damage = Callable[[str], Iterator[str]]


def _around(text: str, spoken: str, damage: Damage) -> Iterator[str]:
    """`damage` done to what stands before and after the words that the action itself says."""
    at = text.rfind(spoken) if spoken else -1
    if at < 0:
        yield from damage(text)
        return
    before, after = text[:at], text[at + len(spoken) :]
    yield from (damaged + spoken + after for damaged in damage(before))
    yield from (before + spoken + damaged for damaged in damage(after))


def _cuts(text: str) -> Iterator[str]:
    data = text.encode()
    yield from (data[:end].decode(errors="replace") for end in range(len(data)))


def _wrappings(text: str) -> Iterator[str]:
    for before, after in (
        ("```json\n", "\n```"),
        ("```\n", "\n```"),
        ("```python\n", "\n```"),
        ("```", "```"),
        ("\ufeff", ""),
        ("\n\n  ", "\n"),
        ("Sure! Here is what I'll do next.\n\n", ""),
        ("", "\n\nThis should open the file."),
        ("I think (maybe) that [this] is it: ", " — okay?"),
        ("", "<|im_end|>"),
        ("", "</s>"),
        ("", "\n" + text),
        ("<think>\nI could click it.\n</think>\n", ""),
        ("[", "]"),
        ("<answer>", "</answer>"),
    ):
        yield before + text + after


def _quotes(text: str) -> Iterator[str]:
    yield text.replace('"', "'")
    yield text.replace("'", '"')
    yield text.replace('"', "`").replace("'", "`")
    yield text.replace('"', "")
    yield text.replace("'", "")
    yield re.sub(r'"([^"]*)"', "\u201c\\1\u201d", text)
    yield re.sub(r"'([^']*)'", "\u2018\\1\u2019", text)
    yield text.replace('"', '\\"')


def _scripts(text: str) -> Iterator[str]:
    def moved(signs: str, to: str) -> str:
        return text.translate(str.maketrans(signs, to))

    yield moved("0123456789", "".join(chr(0xFF10 + n) for n in range(10)))
    yield moved("0123456789", "".join(chr(0x0660 + n) for n in range(10)))
    yield moved("0123456789", "".join(chr(0x0966 + n) for n in range(10)))
    yield moved("()[]{}", "（）［］｛｝")
    yield moved("[]", "【】")
    yield moved(",:=", "，：＝")
    yield moved("(),", "（），")
    yield text.translate({n: n + 0xFEE0 for n in range(0x21, 0x7F)})


def _lost(text: str) -> Iterator[str]:
    yield from (text[:at] + text[at + 1 :] for at, sign in enumerate(text) if sign in _SIGNS)


def _added(text: str) -> Iterator[str]:
    for at, sign in enumerate(text):
        if sign in _SIGNS:
            yield text[:at] + sign + text[at:]


def _twice(text: str) -> Iterator[str]:
    for pattern, joint in (
        (r'"\w+": (?:\[[^\]]*\]|"[^"]*"|[\d.]+)', ", "),
        (r"'\w+': (?:\[[^\]]*\]|'[^']*'|[\d.]+|None)", ", "),
        (r"\b\w+=(?:'[^']*'|\"[^\"]*\"|\[[^\]]*\]+|\([^)]*\)|[\d.]+)", ", "),
    ):
        for match in re.finditer(pattern, text):
            yield text[: match.end()] + joint + match.group() + text[match.end() :]
            other = re.sub(r"\d", "7", match.group())
            if other != match.group():
                yield text[: match.end()] + joint + other + text[match.end() :]


def _nested(text: str) -> Iterator[str]:
    for match in re.finditer(r"\[[^\[\]]*\]|\([^()]*\)|\{[^{}]*\}", text):
        start, end, inner = match.start(), match.end(), match.group()
        for changed in (f"[{inner}]", f"({inner})", f"{{{inner}}}", inner[1:-1], inner[:-1], inner[1:], inner[::-1]):
            if changed[::-1] != inner:
                yield text[:start] + changed + text[end:]


def _numbers(text: str) -> Iterator[str]:
    for match in re.finditer(r"(?<![\w.])\d+(?:\.\d+)?(?![\w.])", text):
        for other in ("99999", "9" * 30, "9" * 5000, "1e999", "-1", "NaN", "Infinity", "1e5", "0x10", "--5"):
            yield text[: match.start()] + other + text[match.end() :]


def judge(case: Case) -> str:
    """``same``, ``noted``, ``refused``, or what went wrong."""
    try:
        action, notes = _read(case)
    except ParseError:
        return "refused"
    if action == case.action:
        return "same"
    return "noted" if notes else f"another one without a note: {action!r}"


def _read(case: Case) -> tuple[AnyAction | None, tuple[str, ...]]:
    if case.platform is None:
        spot = case.dialect.parse_place(case.text, FRAME, ended=case.ended)
        return None if spot.point is None else Move(point=spot.point), spot.notes
    reading = case.dialect.parse(case.text, FRAME, case.platform, pointer=case.pointer, ended=case.ended)
    return reading.action, reading.notes


def survey(every: int = 1) -> tuple[list[DamageRow], list[tuple[Case, str]]]:
    """A row for each grammar, and every fault with what it was; of all cases, or of one in `every`."""
    rows: dict[tuple[str, str], DamageRow] = {}
    faults: list[tuple[Case, str]] = []
    for case in islice(cases(), 0, None, every):
        key = (case.dialect.name, case.platform or "places")
        row = rows.setdefault(key, DamageRow(*key))
        row.damaged += 1
        row.cut += case.kind == "cut"
        verdict = judge(case)
        row.same_cut += case.kind == "cut" and verdict == "same"
        if verdict in ("same", "noted", "refused"):
            setattr(row, verdict, getattr(row, verdict) + 1)
        else:
            row.faults += 1
            faults.append((case, verdict))
    return list(rows.values()), faults


def main() -> None:
    """Print the table, and the first faults if there are any."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.damage", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    rows, faults = survey()
    total = sum(row.damaged for row in rows)
    if options.json:
        print(json.dumps({"damaged": total, "rows": [{**asdict(r), "recovered": r.recovered} for r in rows]}))
        return
    print("recovered: the same action, of the answers that were whole; same, noted, refused: of all")
    titles = f"{'damaged':>8} {'cut off':>8} {'recovered':>10} {'same':>7} {'noted':>7} {'refused':>8} {'faults':>7}"
    print(f"{'dialect':<20} {'platform':<8} {titles}")
    for row in rows:
        shares = (row.same / row.damaged, row.noted / row.damaged, row.refused / row.damaged)
        counts = f"{row.damaged:>8} {row.cut:>8} {row.recovered:>10.1%}"
        told = f"{shares[0]:>7.1%} {shares[1]:>7.1%} {shares[2]:>8.1%} {row.faults:>7}"
        print(f"{row.dialect:<20} {row.platform:<8} {counts} {told}")
    print(f"{total} damaged answers, {len(faults)} faults")
    for case, verdict in faults[:20]:
        print(f"  {case.dialect.name} {case.platform} [{case.kind}] {case.text[-160:]!r}\n    {verdict}")


if __name__ == "__main__":
    main()
