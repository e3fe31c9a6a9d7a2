"""Rows from an accessibility tree: what can be acted on, with the words inside it, and the texts around."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from actions.frame import Frame
from agent.perception.listing.rows import KEYBOARD, NAVIGATION_BAR, Row, clean
from envs.env import UiElement

_ROLES = {
    "edit": "field", "switch": "switch", "toggle": "switch", "check": "checkbox", "radio": "radio", "seek": "slider",
    "spinner": "select", "tab": "tab", "button": "button", "menuitem": "menuitem", "link": "link",
}  # fmt: skip
_OWN = frozenset(("field", "switch", "checkbox", "radio", "slider", "select", "button", "tab", "menuitem", "link"))
"""Roles of what is a row of its own inside another one; states of the first are those of the row around it."""
_TICKED = frozenset(("switch", "checkbox", "radio"))
_STATES = frozenset(("on", "off"))
_SYSTEM = "com.android.systemui"
_BUTTONS = {"back": "back", "home": "home", "overview": "recents", "recents": "recents", "recent apps": "recents"}
_WIDE, _LARGE, _GROUP = 0.6, 0.6, 0.25
"""Shares of the screen: of its width, from which a row of a list has; of its area, which no control but a field has; of
its area, from which what holds several controls only groups them, such as the ground of a dialog.
"""


@dataclass
class _RowDraft:
    """A row while its words are collected."""

    node: UiElement
    role: str
    words: list[str] = field(default_factory=list)
    checked: bool | None = None
    inner: int = 0
    controls: int = 0


def tree_rows(tree: Sequence[UiElement], frame: Frame) -> tuple[Row, ...]:
    """The rows of a tree in its own order, which is that of reading; elements outside the screen are left out."""
    drafts = list[_RowDraft]()
    owners = list[tuple[int, _RowDraft | None]]()
    for node in tree:
        while owners and owners[-1][0] >= node.depth:
            owners.pop()
        owner = owners[-1][1] if owners else None
        owner = _placed(node, owner, drafts, frame)
        owners.append((node.depth, owner))
    return tuple(row for draft in drafts if (row := _row(draft, frame)))


def _placed(node: UiElement, owner: _RowDraft | None, drafts: list[_RowDraft], frame: Frame) -> _RowDraft | None:
    """The row that what is inside `node` belongs to; `node` is put into its owner's, or into one of its own."""
    if not node.box.width or not node.box.height:
        return owner
    role = next((role for part, role in _ROLES.items() if part in node.role.lower()), "")
    small = role == "field" or node.box.area < _LARGE * frame.width * frame.height
    acts = (node.clickable or role in _OWN) and small
    if owner is not None and role in _TICKED and owner.checked is None and owner.role not in _OWN - {"button"}:
        owner.role, owner.checked = role, node.checked
        return owner
    if acts and (owner is None or role in _OWN):
        drafts.append(_RowDraft(node, role, checked=node.checked))
        drafts[-1].words += _words(node, role)
        if owner is not None:
            owner.controls += 1
        return drafts[-1]
    if owner is not None:
        owner.words += _words(node, role)
        owner.inner += bool(node.text)
    elif node.text:
        drafts.append(_RowDraft(node, "text", _words(node, role)))
    return owner


def _words(node: UiElement, role: str) -> list[str]:
    text, about = node.text, node.description
    if role == "field":
        return [about or text]
    if role in _TICKED and text.lower() in _STATES:
        return [about] if about != text else []
    return [about] if about and text in about else [text, about]


def _row(draft: _RowDraft, frame: Frame) -> Row | None:
    node, name = draft.node, clean(word for words in draft.words for word in words.split("\n"))
    states = {"off" if draft.checked is False else "on": draft.checked is not None, "selected": node.selected,
              "disabled": not node.enabled, "focused": node.focused and draft.role == "field"}  # fmt: skip
    part = NAVIGATION_BAR if node.program == _SYSTEM and name.lower() in _BUTTONS else ""
    part = KEYBOARD if _types(node.program) else part
    if part == NAVIGATION_BAR:
        return Row(node.box, "button", _BUTTONS[name.lower()], part=part, acts=False)
    role = draft.role
    if not role and draft.controls > 1 and node.box.area > _GROUP * frame.width * frame.height:
        role = "text"
    if draft.inner and role in ("", "button"):
        role = "row" if node.box.width > _WIDE * frame.width else "item"
    value = clean([node.text]) if role == "field" and node.description and node.text != node.description else ""
    state = tuple(word for word, holds in states.items() if holds)
    return Row(node.box, role or "item", name, value, state, part, acts=role != "text" and not part)


def _types(program: str) -> bool:
    """Whether `program` is a keyboard, by its package's name."""
    return any(word in program.lower() for word in ("keyboard", "inputmethod", "latin", "swiftkey"))
