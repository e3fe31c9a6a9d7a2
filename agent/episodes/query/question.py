"""`read_question`: the kind of a question and the words it is about. Any other question is a search for its words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "appeared", "disappeared", "clicked", "typed", "typed what", "pressed", "opened", "ended", "why", "step", "answer",
    "how many", "how long", "shown",
]  # fmt: skip

_QUOTES = re.compile(r"[\"“„«]([^\"”“»]+)[\"”“»]|(?<!\w)['‘]([^'’]+)['’](?!\w)")
_STEP = r"(?:which|what) steps?"
_WHEN = rf"(?:when|where|at what (?:time|point)|(?:at|in|on|after|during|from) {_STEP}|{_STEP}|how long until)"
_WHO = r"that|it|they|the (?:agent|model|user|person|run)|first|last|ever|i|he|she|you|someone|somebody"
_DID = rf"(?:\s+(?:did|does|do|was|were|is|are|has|had|have|be|been|{_WHO}))*"
_RUN = r"(?:it|the (?:run|agent|model|task|episode|recording))"
_APPEAR = (
    r"(?:appear(?:ed|s|ing)?|show(?:s|n|ed)?(?: up)?|pop(?:s|ped)? up|c[ao]mes? up|displayed|visible|seen|"
    r"on(?:to)? the screen|there|read|say|says|said)"
)
_VANISH = (
    r"(?:disappear(?:ed|s)?|vanish(?:ed|es)?|go(?:es)? away|gone|went away|closed?|closes|hidden|removed|dismissed)"
)
_CLICK = (
    r"(?:(?:double|right|middle|triple|left)[- ])?"
    r"(?:click(?:ed|s|ing)?|tap(?:ped|s)?|choose|chose|chosen|select(?:ed|s)?|hit)(?:\s+(?:on|at))?"
)
_TYPE = r"(?:typ(?:e|ed|es|ing)|enter(?:ed|s)?|written|wr(?:ite|ote|ites)|fill(?:ed|s)?(?: (?:in|out))?|put)"
_TYPED = r"(?:typed|entered|written|filled(?: (?:in|out))?|put)"
_PRESS = r"(?:press(?:ed|es)?|push(?:ed|es)?)"
_OPEN = r"(?:open(?:ed|s)?|start(?:ed|s)?|launch(?:ed|es)?)"
_IN = r"(?:in(?:to|side)?|on|at)"
_X, _Y = r"(?P<x>.+)", r"(?P<x>.+?)"

_FORMS: tuple[tuple[Kind, str], ...] = (
    ("how many", r"how many steps\b.*"),
    ("how long", r"how long (?:did|was|does|took).*"),
    ("step", r"what (?:happened|was done|is|was|'s)?\s*(?:at|in|on|after|during)? step (?P<x>\d+)"),
    ("step", rf"what did {_RUN} do (?:at|in|on|during) step (?P<x>\d+)"),
    ("step", r"what did step (?P<x>\d+) do|when (?:did|was) step (?P<y>\d+)\b.*"),
    ("step", r"(?:show(?: me)?|describe)? ?(?:the )?(?:screen of )?step (?P<x>\d+)"),
    ("why", rf"why did {_RUN} (?:fail|stop|end|give up|not \w+).*"),
    ("why", r"what went wrong.*"),
    ("ended", rf"(?:how|when) did (?:{_RUN}|everything) (?:end|finish|stop|go|turn out).*"),
    ("ended", r"(?:what was|what's) the (?:ending|outcome|result|end)\b.*"),
    ("ended", rf"did {_RUN} (?:succeed|work|fail|finish|end).*"),
    ("ended", rf"was {_RUN} (?:done|successful|finished|completed).*"),
    ("answer", rf"what was the answer.*|what did {_RUN} answer.*"),
    ("typed what", rf"what(?: text)?{_DID}\s+{_TYPE}(?:\s+{_IN}\s+{_X})?"),
    ("pressed", rf"{_WHEN}{_DID}\s+{_PRESS}\s+{_X}"),
    ("pressed", rf"{_WHEN}{_DID}\s+{_Y}\s+{_PRESS}"),
    ("clicked", rf"{_WHEN}{_DID}\s+{_CLICK}\s+{_X}"),
    ("clicked", rf"{_WHEN}{_DID}\s+{_Y}\s+{_CLICK}"),
    ("clicked", rf"what{_DID}\s+{_CLICK}"),
    ("typed", rf"{_WHEN}{_DID}\s+{_TYPE}\s+{_X}"),
    ("typed", rf"{_WHEN}{_DID}\s+{_Y}\s+{_TYPED}(?:\s+{_IN}\s+(?P<place>.+))?"),
    ("disappeared", rf"{_WHEN}{_DID}\s+{_Y}\s+(?:was |is |were |being )?(?:finally )?{_VANISH}(?: from the screen)?"),
    ("opened", rf"{_WHEN}{_DID}\s+{_OPEN}\s+{_X}"),
    ("opened", rf"{_WHEN}{_DID}\s+{_Y}\s+{_OPEN}"),
    ("opened", rf"(?:what|which) (?:program|app|application|page)s?{_DID}\s+{_OPEN}"),
    ("appeared", rf"{_WHEN}{_DID}\s+{_Y}\s+(?:first |be |become )?{_APPEAR}(?: (?:first|on (?:the )?screen))?"),
    ("appeared", rf"{_WHEN}{_DID}\s+(?:show|say|contain)s?\s+{_X}"),
    ("appeared", rf"(?:did|was|is|has) {_Y} (?:ever )?{_APPEAR}"),
    ("shown", rf"{_WHEN}{_DID}\s+{_X}"),
    ("shown", rf"(?:find|search(?: for)?|look for|where is|show(?: me)?) {_X}"),
)
_ARTICLES = re.compile(
    r"^(?:(?:the|a|an|this|that|any|some|text|word|words|phrase|message|label|on|at|into|in) )+", re.I
)
_NOUNS = re.compile(
    r"\s+(?:field|box|button|menu(?: item| entry)?|entry|input|link|icon|tab|checkbox|dialog(?: box)?|window|text|"
    r"message|key|keys|page|pop-?up|label|app|application|program)$",
    re.I,
)


@dataclass(frozen=True)
class Question:
    """A parsed question. `about` are the words asked for; `plain` the same without articles and nouns such as
    "button"; `place` is the name of a field. `quoted` says that the words were in quotes and must match exactly.
    """

    kind: Kind
    about: str = ""
    plain: str = ""
    quoted: bool = False
    place: str = ""
    text: str = ""


def read_question(text: str) -> Question:
    """Parse the question `text`."""
    asked = " ".join(text.split()).rstrip("?!. ")
    quotes = [first or second for first, second in _QUOTES.findall(asked)]
    for kind, form in _FORMS:
        match = re.fullmatch(form, asked, re.IGNORECASE)
        if match is not None:
            parts = match.groupdict()
            return _question(kind, parts.get("x") or parts.get("y") or "", quotes, parts.get("place") or "", asked)
    return _question("shown", asked, quotes, "", asked)


def _question(kind: Kind, about: str, quotes: list[str], place: str, asked: str) -> Question:
    if kind == "typed" and not place:
        about, place = _split_place(about)
    if not quotes or kind == "step":
        return Question(kind, about, _bare(about), False, _bare(place), asked)
    place = _bare(place) or (quotes[1] if len(quotes) > 1 else "")
    return Question(kind, quotes[0], quotes[0], kind != "typed what", place, asked)


def _split_place(about: str) -> tuple[str, str]:
    match = re.fullmatch(rf"(.+?)\s+{_IN}\s+(?:the\s+)?(.+?(?:field|box|input|entry|form))", about, re.IGNORECASE)
    return (match[1], match[2]) if match else (about, "")


def _bare(about: str) -> str:
    """`about` without articles and the noun for its kind of element."""
    bare = _ARTICLES.sub("", about.strip())
    shorter = _NOUNS.sub("", bare)
    return _QUOTES.sub(lambda found: found[1] or found[2], shorter or bare).strip()
