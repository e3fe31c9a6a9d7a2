"""Descriptions of targets parsed: "the second Delete under Bob" into words, roles, an ordinal and relations."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import lru_cache

from agent.perception.elements import Role
from agent.perception.meaning.vocabulary import COLOURS, GENERIC_TEXT, ROLE_WORDS


@dataclass(frozen=True)
class Relation:
    """Where the target lies relative to other targets: `kind` is right, left, above, below, near, row, in, after,
    before, between (which has two anchors) or "nth row" (whose anchor is only an ordinal)."""

    kind: str
    anchors: tuple[TargetDescription, ...]


@dataclass(frozen=True)
class TargetDescription:
    """A parsed description. `words` is the text of the target (or its meaning, when not `quoted`)."""

    raw: str
    words: str = ""
    quoted: bool = False
    roles: tuple[Role, ...] = ()
    ordinal: int | None = None  # 1 is the first, -1 the last
    place: tuple[str, ...] = ()  # of top, bottom, left, right, middle
    colours: tuple[str, ...] = ()
    generic: bool = False  # "the title": any text
    relations: tuple[Relation, ...] = field(default=())
    said: str = ""  # the words for a role, or for any text, without other words: "Button" may be a label too
    whole: str = ""  # the whole description with its verb: the purpose, when the text does not say it


_QUOTES = (
    ("“", "”"),
    ("„", "“"),
    ("„", "”"),
    ("«", "»"),
    ("»", "«"),
    ("「", "」"),
    ("『", "』"),
    ("‘", "’"),
    ('"', '"'),
    ("`", "`"),
    ("'", "'"),
)  # fmt: skip
_VERBS = (
    r"(?:please |now |then |just )*(?:left[- ]|right[- ]|double[- ]|middle[- ]|single[- ]|triple[- ])?"
    r"(?:click(?: on)?|tap(?: on)?|press(?: on)?|hit|push|select|choose|pick|open|go to|switch to|touch|toggle"
    r"|locate|focus(?: on)?|hover(?: over)?"
    r"|move to|check|uncheck|tick|untick|navigate to|visit|where is)\s+(?:on\s+)?"
)
_CHINESE_VERBS = r"(?:请)?(?:点击|单击|双击|右键点击|选择|打开|按下|点一下|找到|点)\s*"
_ARTICLE = r"(?:the|a|an|my|this|that|our|your)\s+"
_ORDINALS = {
    "first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8, "ninth": 9,
    "tenth": 10, "last": -1,
}  # fmt: skip
_NTH = rf"(?:{'|'.join(_ORDINALS)}|\d+(?:st|nd|rd|th))"
_POSITIONS = {"upper": 1, "topmost": 1, "uppermost": 1, "lower": -1, "bottommost": -1}
_LEADING = re.compile(
    rf"^(?:{_ARTICLE})?(?P<w>{_NTH}|{'|'.join(_POSITIONS)})\s+"
    r"(?!(?<=first )name\b|(?<=second )name\b|(?<=last )name\b)(?P<rest>\S.*)$",
    re.IGNORECASE,
)
"""An ordinal before what is counted; "first name" is what a field is called."""
_FROM = re.compile(
    rf"^(?:{_ARTICLE})?(?P<w>{_NTH})\s+(?P<rest>.*?)\s*\b(?:counting |counted )?from (?:the )?"
    r"(?P<side>top|left|start|beginning|bottom|right|end)(?: of the (?:list|table|page|screen|window))?$",
    re.IGNORECASE,
)
_FROM_THE_END = re.compile(
    rf"^(?:{_ARTICLE})?(?:(?P<w>{_NTH})[- ](?:to[- ]|from[- ](?:the )?)?last|next[- ]to[- ]last|penultimate)\s+"
    r"(?P<rest>\S.*)$",
    re.IGNORECASE,
)
_OF_SEVERAL = re.compile(
    rf"^(?:{_ARTICLE})?(?P<w>{_NTH}) (?:one )?(?:of|among) (?:all )?the (?P<rest>\S.*)$", re.IGNORECASE
)
_ROWS = {**_ORDINALS, "top": 1, "upper": 1, "bottom": -1, "lower": -1, "lowest": -1}
_DIGITS = {c: i for i, c in enumerate("零一二三四五六七八九十")}
_SHOWN = r"\b(?:shown |located |listed |placed )?(?:directly |just |right |immediately )?"
_CONTAINER = (
    "menu|dialog|dialogue|window|popup|toolbar|tool bar|panel|section|group|list|box|card|field|area|pane|region|form"
    "|side ?bar|bar|column|table"
)
_CHOOSE = "(?:click|tap|press|select|choose|pick|open|find|locate|hit|push|toggle|check|tick|use)(?: on)?"
_WITHIN = r"(?:in|on|at|within|inside|from|under|using)"
_LEADS: tuple[tuple[str, str], ...] = (
    ("row", rf"^{_WITHIN} the (?P<a>[^,]+?) (?:row|line)(?:,|:)? (?:{_CHOOSE} )?(?P<rest>.+)$"),
    ("in", rf"^{_WITHIN} (?:the )?(?P<a>[^,]+?)(?: (?:{_CONTAINER}))?,? (?:{_CHOOSE}) (?P<rest>.+)$"),
    (
        "in",
        rf"^{_WITHIN} (?:the )?(?P<a>[^,:]+?)(?: (?:{_CONTAINER}))?(?:: |, (?=the |a |[\ue000-\uefff]))(?P<rest>.+)$",
    ),
    ("in", rf"^(?:go to|look at|open) (?:the )?(?P<a>[^,]+?)(?: (?:{_CONTAINER}))?,? and (?:{_CHOOSE}) (?P<rest>.+)$"),
    ("in", rf"^(?:the )?(?P<a>[^,]+?)(?: (?:{_CONTAINER})) and (?:{_CHOOSE}) (?P<rest>.+)$"),
)
"""What a sentence may begin with before it names its target: "In the File menu, click Save"."""
_SCREEN = r"(?: of the (?:screen|page|window|app|display))?$"
_PART = r"(?:[- ]?hand)?(?: side| edge| corner| part| half)?"
_BARS = (
    "bar|toolbar|tool bar|app bar|menu bar|navigation bar|navigation|nav bar|navbar|panel|menu|tab bar|header"
    "|footer|sidebar"
)
_RELATIONS: tuple[tuple[str, str], ...] = (
    ("between", r"\b(?:in )?between (?P<a>.+?) and (?P<b>.+)$"),
    (
        "right",
        r"\b(?:directly |just |immediately )?(?:to |on )?(?:the )?right(?:[- ]hand side)? (?:of|from) (?P<a>.+)$",
    ),
    ("left", r"\b(?:directly |just |immediately )?(?:to |on )?(?:the )?left(?:[- ]hand side)? (?:of|from) (?P<a>.+)$"),
    (
        "above",
        _SHOWN + r"(?:above|over|on top of) (?P<a>.+)$",
    ),
    (
        "below",
        _SHOWN + r"(?:below|under|beneath|underneath) (?P<a>.+)$",
    ),
    ("after", r"\b(?:directly |just |right |immediately )?(?:after|following) (?P<a>.+)$"),
    ("before", r"\b(?:directly |just |right |immediately )?before (?P<a>.+)$"),
    ("near", r"\b(?:right )?(?:next to|beside|besides|near|close to|alongside|adjacent to|by) (?P<a>.+)$"),
    ("row", r"\bin the (?P<a>.+?) (?:row|line)$"),
    ("row", r"\b(?:in|on) the (?:same )?(?:row|line) (?:of|for|with|as|called|named) (?P<a>.+)$"),
    ("row", r"\bat the end of (?P<a>.+?)(?: line| row)?$"),
    (
        "in",
        r"\b(?:in|from|inside|within|on) (?:the )?(?P<a>.+?) " + rf"(?P<container>{_CONTAINER})$",
    ),
    ("near", r"\b(?:for|of|(?:that |which )?belong(?:s|ing) to) (?P<a>.+)$"),
)
_CHINESE_RELATIONS = {
    "下方": "below", "下面": "below", "下边": "below", "上方": "above", "上面": "above", "上边": "above",
    "右侧": "right", "右边": "right", "右方": "right", "左侧": "left", "左边": "left", "左方": "left",
    "旁边": "near", "后面": "after", "前面": "before",
}  # fmt: skip
_PLACES: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        r"(?:at|in|on|to|from) (?:the )?(?:very )?(top|upper|bottom|lower)[- ]?(left|right|centre|center|middle)?"
        + _PART
        + _SCREEN,
        (),
    ),
    (
        r"(?:at|in|on) (?:the )?(left|right)" + _PART + _SCREEN,
        (),
    ),
    (
        r"(?:at|in|on) (?:the )?(top|bottom|upper|lower|left|right) " + rf"(?:{_BARS})$",
        (),
    ),
    (r"(?:at|in|on) (?:the )?(?:page |site |app )?header$", ("top",)),
    (r"(?:at|in|on) (?:the )?(?:tool ?bar|app bar|title bar|action bar)$", ("top",)),
    (r"(?:at|in|on) (?:the )?(?:page |site )?footer$", ("bottom",)),
    (r"(?:at|in|on) (?:the )?(?:middle|centre|center)(?: row)?(?: of the (?:screen|page|window))?$", ("middle",)),
)


@lru_cache(maxsize=2048)
def parse_target(text: str) -> TargetDescription:
    """The parsed description; without words where `text` says nothing. Never raises."""
    spare: list[str] = []
    masked = _mask_quotes(tidy(text), spare)
    parsed = _parse(strip_wrappers(masked), text, spare)
    ticked = (
        bool(re.match(r"(?:please )?(?:check|uncheck|tick|untick|toggle|accept|agree to) ", masked, re.IGNORECASE))
        and not parsed.roles
    )
    roles: tuple[Role, ...] = ("checkbox", "radio", "switch") if ticked else parsed.roles
    return replace(parsed, roles=roles, whole=_unmasked(masked, spare))


def tidy(text: str) -> str:
    """One space between words and no closing full stop."""
    return re.sub(r"\s+", " ", text).strip().rstrip(".。!！,;，；" if len(text.strip()) > 2 else "")


def _mask_quotes(text: str, spare: list[str]) -> str:
    """Quoted parts replaced by private-use characters, one for each."""
    for start, end in _QUOTES:
        first = rf"(?<![\w]){re.escape(start)}" if start == end == "'" or start == "‘" else re.escape(start)
        last = rf"{re.escape(end)}(?![A-Za-z0-9])" if end in "'’" else re.escape(end)
        pattern = rf"{first}(.+?){last}"
        for match in list(re.finditer(pattern, text)):
            inner = match[1].strip()
            if inner and not _is_mask(inner):
                spare.append(inner)
                text = text.replace(match[0], f" {chr(0xE000 + len(spare) - 1)} ", 1)
    return re.sub(r"\s+", " ", text).strip()


def _unmasked(text: str, spare: list[str]) -> str:
    return "".join(spare[ord(c) - 0xE000] if 0 <= ord(c) - 0xE000 < len(spare) else c for c in text)


def _is_mask(text: str) -> bool:
    return all("\ue000" <= c < "\uf000" or c.isspace() for c in text)


def strip_wrappers(text: str) -> str:
    """`text` without the verb in front: "the Save button" for "click on the Save button"."""
    text = re.sub(rf"^{_CHINESE_VERBS}", "", text)
    shorter = re.sub(rf"^{_VERBS}(?=\S)", "", text, count=1, flags=re.IGNORECASE)
    return shorter if shorter.strip() else text


def whole_of(text: str) -> TargetDescription:
    """The description with its role split off but without relations ("the Search for field")."""
    words, roles = _roles(strip_wrappers(tidy(text)))
    return TargetDescription(raw=text, words=strip_article(words), roles=roles)


def _parse(text: str, raw: str, spare: list[str]) -> TargetDescription:
    text, chinese = _chinese(text, spare)
    text, leads = _leads(_without_purpose(text), spare)
    text, ordinal = _counted(text)
    text, relations, place = _relations(text, raw, spare)
    relations = (*leads, *relations)
    text, more_place = _place(text)
    text, ordinal = (text, ordinal) if ordinal else _ordinal(text)
    if ordinal and text in ("", "one"):
        text = "item"
    text, colours = _colours(text)
    said = text
    text, roles = _roles(text)
    if chinese != TargetDescription(raw="") and _roles(text)[1]:
        text, _ = _roles(text)
    words, quoted = _words(text, spare)
    last = words.lower().rsplit(" ", 1)[-1]
    last = last if last in GENERIC_TEXT else last.rstrip("s")
    generic = not quoted and last in GENERIC_TEXT and (" " not in words or (ordinal or chinese.ordinal) is not None)
    return TargetDescription(
        raw=raw,
        words="" if generic else words,
        quoted=quoted,
        roles=roles or chinese.roles,
        ordinal=ordinal or chinese.ordinal,
        place=tuple(dict.fromkeys((*place, *more_place, *chinese.place))),
        colours=colours,
        said="" if words and not generic else said,
        generic=generic,
        relations=(*relations, *chinese.relations),
    )


def _chinese(text: str, spare: list[str]) -> tuple[str, TargetDescription]:
    """The text without its Chinese ordinals, places and relations, and a description that has them."""
    found = TargetDescription(raw="")
    if not re.search(r"[\u4e00-\u9fff]", text):
        return text, found
    if match := re.search(r"第([一二三四五六七八九十]|\d+)(?:个|条|项|行)?", text):
        found = replace(
            found, ordinal=_DIGITS.get(match[1]) or int(match[1]) if match[1].isdigit() else _DIGITS[match[1]]
        )
        text = text.replace(match[0], " ")
    if match := re.search(r"最后一(?:个|条|项|行)", text):
        found, text = replace(found, ordinal=-1), text.replace(match[0], " ")
    if match := re.search(
        r"(?P<a>[\ue000-\uefff]|[^\s，,的]+?)\s*(?:的)?(?:正)?(下方|下面|下边|上方|上面|上边|右侧|右边|右方|左侧|左边|左方|旁边|后面|前面)",
        text,
    ):
        anchor = match["a"].strip()
        if anchor not in ("屏幕", "页面", "窗口", ""):
            relation = Relation(_CHINESE_RELATIONS[match[2]], (_parse_plain(anchor, spare),))
            found, text = replace(found, relations=(relation,)), text.replace(match[0], " ", 1)
    for corner, place in (
        ("右上角", ("top", "right")),
        ("左上角", ("top", "left")),
        ("右下角", ("bottom", "right")),
        ("左下角", ("bottom", "left")),
        ("顶部", ("top",)),
        ("底部", ("bottom",)),
        ("上方", ("top",)),
        ("下方", ("bottom",)),
    ):
        if corner in text:
            found, text = replace(found, place=place), text.replace(corner, " ")
            break
    text = re.sub(
        r"(?:屏幕|页面|窗口)?(?:的)?有?[一二三四五六七八九十两\d]*个?\s*(?=icon|图标|按钮)|左侧|右侧|，|的(?=\s|$)|屏幕|有",
        " ",
        text,
    )
    return re.sub(r"\s+", " ", text).strip(), found


def _without_purpose(text: str) -> str:
    """The text without what its target is for, and with plain words for where it is ("which can be found in")."""
    found = r"(?:found|located|shown|placed|displayed|seen|listed)"
    where = (
        r"(?=(?:just |right |directly )?(?:in|on|at|under|below|above|inside|within|next|to the|after|before|beside)\b)"
    )
    text = re.sub(rf",? (?:which|that) (?:can be|is|are|sits|lies|comes)(?: {found})? {where}", " ", text)
    text = re.sub(rf",? {found} {where}", " ", text)
    text = re.sub(r", (?:the )?(?:one|item|thing) (?=(?:of|for|in|on|under|belonging)\b)", " ", text)
    named = rf"(?:[\ue000-\uefff]|\b(?:{_TARGET_NOUNS})(?:s|es)?)"
    match = re.search(rf"^(?P<kept>.*?{named}.*?),? (?:in order to|so as to|so that|to) (?!the\b|a\b)\w+ .+$", text)
    if match and re.search(rf"{named}(?: {_WITHIN} .+)?$", match["kept"]):
        text = match["kept"]
    clause = re.match(
        rf"^(.*[\ue000-\uefff](?: (?:{_TARGET_NOUNS}))?), (?!{_WITHIN}\b|right\b|left\b|below\b|above\b)\D", text
    )
    return clause[1] if clause else text


_TARGET_NOUNS = (
    "button|field|option|entry|item|link|tab|icon|dropdown|drop-down|checkbox|check box|switch|toggle|menu|slider|box"
)


def _leads(text: str, spare: list[str]) -> tuple[str, tuple[Relation, ...]]:
    """The text without the containers that it begins with, and these as relations."""
    leads: list[Relation] = []
    while (found := _lead(text)) and len(leads) < 3:
        kind, match = found
        leads.append(Relation(kind, (_parse(strip_article(match["a"]), match["a"], spare),)))
        text = strip_wrappers(match["rest"])
    return text, tuple(leads)


def _lead(text: str) -> tuple[str, re.Match[str]] | None:
    for kind, pattern in _LEADS:
        if match := re.match(pattern, text, re.IGNORECASE):
            return kind, match
    return None


def _parse_plain(text: str, spare: list[str]) -> TargetDescription:
    words, quoted = _words(text, spare)
    return TargetDescription(raw=words, words=words, quoted=quoted)


def _relations(text: str, raw: str, spare: list[str]) -> tuple[str, tuple[Relation, ...], tuple[str, ...]]:
    text = re.sub(
        r" (?:in|on|from|of|inside|within) (?:the|this|that)"
        r" (?:list|table|grid|page|screen|app|window|site|website|dialog|form)$",
        "",
        text,
        flags=re.IGNORECASE,
    )
    text = re.sub(
        r" (?:inside|in|within) (?:a|the) (?:\w+ )?(?:circle|square|box|ring|triangle)$", "", text, flags=re.IGNORECASE
    )
    best: tuple[int, str, re.Match[str]] | None = None
    for kind, pattern in _RELATIONS:
        match = re.search(pattern, text, re.IGNORECASE)
        if (
            match
            and match.start() > 0
            and not _is_place(text[match.start() :])
            and (best is None or match.start() < best[0])
        ):
            best = (match.start(), kind, match)
    if best is None:
        return text, (), ()
    _, kind, match = best
    if kind == "row" and (row := _ROWS.get(match["a"].lower())):
        return (
            text[: match.start()].strip(),
            (Relation("nth row", (TargetDescription(raw=match["a"], ordinal=row),)),),
            (),
        )
    anchors = tuple(
        _parse(strip_article(part), part, spare) for part in (match["a"], match.groupdict().get("b")) if part
    )
    if kind == "in" and match.groupdict().get("container") == "menu":
        anchors = (replace(anchors[0], roles=("menu", "button", "menuitem", "text")),)
    return text[: match.start()].strip(), (Relation(kind, anchors),), ()


def _is_place(text: str) -> bool:
    return any(re.fullmatch(pattern, text.strip(), re.IGNORECASE) for pattern, _ in _PLACES)


def _place(text: str) -> tuple[str, tuple[str, ...]]:
    for pattern, place in _PLACES:
        match = re.search(rf"(?:^|\s){pattern}", text, re.IGNORECASE)
        if match:
            words = {"upper": "top", "lower": "bottom", "centre": "middle", "center": "middle"}
            named = tuple(words.get(g.lower(), g.lower()) for g in match.groups() if g)
            return text[: match.start()].strip(), place + named
    corner = re.match(rf"^(?:{_ARTICLE})?(top|bottom)[- ](left|right)\s+(?=\S)", text, re.IGNORECASE)
    if corner:
        return text[corner.end() :], (corner[1].lower(), corner[2].lower())
    return text, ()


def _counted(text: str) -> tuple[str, int | None]:
    """The text and the ordinal of "third row from the bottom", "second to last tab", "third of the messages"."""
    if match := _FROM_THE_END.match(text):
        word = match["w"]
        return match["rest"], -_number(word) if word else -2
    if match := _FROM.match(text):
        number = _number(match["w"])
        return match["rest"], -number if match["side"].lower() in ("bottom", "right", "end") else number
    if match := _OF_SEVERAL.match(text):
        return match["rest"], _number(match["w"])
    return text, None


def _ordinal(text: str) -> tuple[str, int | None]:
    match = _LEADING.match(text)
    if not match:
        return text, None
    word = match["w"].lower()
    if word in _POSITIONS:
        return match["rest"], _POSITIONS[word]
    return match["rest"], _number(word)


def _number(word: str) -> int:
    """The number of an ordinal, "third" or "3rd"."""
    return _ORDINALS.get(word.lower()) or int(re.sub(r"\D", "", word) or 1)


def _colours(text: str) -> tuple[str, tuple[str, ...]]:
    found = tuple(
        name for name in COLOURS if re.search(rf"\b{name}\b" if name.isascii() else name, text, re.IGNORECASE)
    )
    shapes = r"\b(?:round|square|big|large|small|little|tiny|floating|circular|rounded)\b"
    if found or re.search(shapes, text, re.IGNORECASE):
        text = re.sub(shapes, " ", text, flags=re.IGNORECASE)
        for name in found:
            rest = re.sub(rf"\b{name}\b" if name.isascii() else name, " ", text, flags=re.IGNORECASE)
            text = rest if rest.strip() else text
    return re.sub(r"\s+", " ", text).strip(), found


def _roles(text: str) -> tuple[str, tuple[Role, ...]]:
    text = strip_article(text)
    for word in sorted(ROLE_WORDS, key=len, reverse=True):
        edge = r"(?<![\w-])" if word.isascii() else ""
        tail = re.search(rf"{edge}{re.escape(word)}(?:es|s)?$", text, re.IGNORECASE)
        head = re.match(
            rf"^{re.escape(word)}\s+" + _NAMED,
            text,
            re.IGNORECASE,
        )
        if tail:
            return _keep_meaning(text[: tail.start()].strip(" -"), word), ROLE_WORDS[word]
        if head and (
            word not in ("search", "menu", "key", "box", "entry", "input", "sign", "switch", "image", "photo", "eye")
            or _is_mask(text[head.end() :])
        ):
            return text[head.end() :].strip(), ROLE_WORDS[word]
    return text, ()


_NAMED = r"(?:labell?ed |named |called |with (?:the )?(?:text |label )?|that says |saying )?(?=\S)"
_MEANT = {
    "menu": "menu", "arrow": "arrow", "eye": "eye", "eye icon": "eye", "logo": "logo", "search field": "search",
    "search box": "search", "search bar": "search", "搜索框": "搜索", "sign": "sign", "photo": "photo",
    "address bar": "address",
}  # fmt: skip


def _keep_meaning(rest: str, word: str) -> str:
    """The words with the role word where it also has a meaning: the menu, an arrow, a search box."""
    meant = _MEANT.get(word)
    if meant is None or (_is_mask(rest) and rest):
        return rest
    return f"{rest} {meant}".strip()


def strip_article(text: str) -> str:
    """`text` without leading articles and possessives."""
    return re.sub(rf"^(?:{_ARTICLE})+", "", text.strip(), flags=re.IGNORECASE)


def _words(text: str, spare: list[str]) -> tuple[str, bool]:
    """The words to match, and whether they are quoted: the quoted ones if any, else all of them."""
    masks = [c for c in text if "\ue000" <= c < "\uf000" and ord(c) - 0xE000 < len(spare)]
    if masks:
        return " ".join(spare[ord(c) - 0xE000] for c in masks), True
    return strip_article(text).strip(" ,:-") if len(text) > 1 else text, False
