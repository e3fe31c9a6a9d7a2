"""Whether an action had its recorded effect, by the texts that appeared and disappeared.

Used where the new screen does not have the pixels of the recorded one.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from rapidfuzz import fuzz

from actions.action import AnyAction, TypeText
from actions.frame import Box, Point
from agent.episodes.replay.text_match import same_text
from agent.perception.elements import Element, PerceivedScreen
from agent.perception.naming import element_at
from agent.perception.normalisation import words_only

_HALF = 0.5
_MOST = 0.6
_READABLE = 85
"""rapidfuzz's partial ratio (0 to 100) from which typed text counts as read."""


def new_texts(before: PerceivedScreen, after: PerceivedScreen, boxes: Sequence[Box]) -> list[str]:
    """The texts on `after`, in one of `boxes`, that `before` does not have."""
    there = Counter(_key(e.text) for e in before.elements)
    found = []
    for element in after.elements:
        if element.text and any(box.grown(2).overlap(element.box) > 0 for box in boxes):
            if there[_key(element.text)] > 0:
                there[_key(element.text)] -= 1
            else:
                found.append(element.text)
    return _worth_saying(found)


def unlike(before: PerceivedScreen, after: PerceivedScreen, now: PerceivedScreen, boxes: Sequence[Box]) -> str | None:
    """Why the screen `now` differs from the one `after` the recorded action; None where it does not."""
    came, went = new_texts(before, after, boxes), new_texts(after, before, boxes)
    missing, staying = absent(came, now), [text for text in went if text not in absent([text], now)]
    total = len(came) + len(went)
    if came and len(missing) == len(came):
        return f"{quoted(came)} did not appear"
    if total and 1 - (len(missing) + len(staying)) / total < _HALF:
        return f"{quoted(missing)} did not appear" if missing else f"{quoted(staying)} did not go away"
    return None


def last_screen_unlike(last: PerceivedScreen, now: PerceivedScreen) -> str | None:
    """Why the screen `now` differs from the last recorded one; None where it does not."""
    wanted = _worth_saying([e.text for e in last.elements if e.text and e.role not in ("icon", "image")])
    missing = absent(wanted, now)
    if wanted and 1 - len(missing) / len(wanted) < _MOST:
        return f"the last screen does not show {quoted(missing)}"
    return None


def not_typed(action: AnyAction, after: PerceivedScreen, now: PerceivedScreen) -> str | None:
    """Why typed text that was readable in the recording is not now; None where it is, or never was."""
    if not isinstance(action, TypeText) or "{{secret:" in action.text:
        return None
    lines = [line for line in action.text.splitlines() if len(words_only(line)) > 2]
    then, here = _flow(after), _flow(now)
    for line in lines:
        if _readable(line, then) and not _readable(line, here):
            return f"“{line[:60]}” was typed but cannot be read"
    return None


def not_ticked(target: Point, after: PerceivedScreen, found: Point, now: PerceivedScreen) -> str | None:
    """Why a check box or switch is not in its recorded state after the action; None where it is, or for none."""
    then, here = element_at(after, target), element_at(now, found)
    if then is None or here is None or then.checked is None or here.checked is None or then.checked == here.checked:
        return None
    return f"“{then.label or then.text}” is {'on' if here.checked else 'off'} and was {'on' if then.checked else 'off'}"


def absent(texts: Sequence[str], screen: PerceivedScreen) -> list[str]:
    """Those of `texts` that the screen does not have."""
    said = [text for e in screen.elements if e.text for text in (e.text, _CARET.sub("", e.text))]
    flow = _flow(screen)
    seen = [any(same_text(t, s) for s in said) or (len(words_only(t)) > 5 and _readable(t, flow)) for t in texts]
    return [text for text, there in zip(texts, seen, strict=True) if not there]


_CARET = re.compile(r"(?<=\w)[lI|1\[\]]$")
"""The characters as which a caret after a text is read."""


def quoted(texts: Sequence[str]) -> str:
    """The first three texts in quotes, and the number of the others."""
    shown = ", ".join(f"“{text[:40]}”" for text in texts[:3])
    return shown + (f" and {len(texts) - 3} more" if len(texts) > 3 else "")


def same_app(then: str | None, now: str | None) -> bool:
    """Whether two names of foreground apps, such as ``Mousepad: Untitled 1 - Mousepad``, are of the same app."""
    if not then or not now or then == now:
        return True
    program, _, title = then.partition(": ")
    program_now, _, title_now = now.partition(": ")
    if program.partition("/")[0] != program_now.partition("/")[0]:
        return False
    ending, ending_now = title.rpartition(" - ")[2], title_now.rpartition(" - ")[2]
    return ending == ending_now or fuzz.ratio(title, title_now) >= 50


def _flow(screen: PerceivedScreen) -> str:
    """All texts of a screen in reading order without spaces: a line may have been read in pieces."""
    ordered: list[Element] = sorted(screen.elements, key=lambda e: (round(e.box.center.y / 6), e.box.x1))
    return re.sub(r"\s", "", words_only(" ".join(e.text for e in ordered if e.text)))


def _readable(text: str, flow: str) -> bool:
    words = re.sub(r"\s", "", words_only(text))
    return not words or (len(words) <= len(flow) and fuzz.partial_ratio(words, flow) >= _READABLE)


def _worth_saying(texts: Sequence[str]) -> list[str]:
    """`texts` without single characters and numbers (misread drawings, clocks), unless there is nothing else."""
    words = [text for text in texts if len(words_only(text)) > 1 and re.search(r"[^\W\d]{2}", text)]
    return words or [text for text in texts if text.strip()]


def _key(text: str) -> str:
    return words_only(text) or text.strip()
