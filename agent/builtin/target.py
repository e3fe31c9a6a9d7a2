"""The language of targets: from "the second Delete under Bob" to the elements it may mean, best first.

A description is parsed once into a `Target` (words, roles, an ordinal, a place, relations to other targets) and then
scored against every element of a `Screen`. Words between quotes are matched to the letter, other words also by what
they mean.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from rapidfuzz import fuzz

from actions.frame import Box
from agent.builtin import icons
from agent.builtin.screen import Candidate, Element, Role, Screen
from agent.builtin.vocabulary import (
    BRANDS,
    COLOURS,
    CONCEPTS,
    DEEDS,
    GENERIC_TEXT,
    KINDS,
    ROLE_WORDS,
    SYNONYMS,
    Concept,
)

SURE = 0.5
"""A score from which a candidate is good enough to act on."""

_SHOWN = 0.25  # candidates below are not worth showing


@dataclass(frozen=True)
class Relation:
    """Where the target lies relative to other targets: `kind` is right, left, above, below, near, row, in, after,
    before or between (which has two anchors)."""

    kind: str
    anchors: tuple[Target, ...]


@dataclass(frozen=True)
class Target:
    """A description, taken apart. `words` is what should be written there (or what it means, when not `quoted`)."""

    raw: str
    words: str = ""
    quoted: bool = False
    roles: tuple[Role, ...] = ()
    ordinal: int | None = None  # 1 is the first, -1 the last
    place: tuple[str, ...] = ()  # of top, bottom, left, right, middle
    colours: tuple[str, ...] = ()
    generic: bool = False  # "the title": any text
    relations: tuple[Relation, ...] = field(default=())
    said: str = ""  # the words for a role, when nothing else is said: "Button" may be a label too
    whole: str = ""  # everything said, with the verb: what it is for, when it is not written there


_QUOTES = (("“", "”"), ("„", "“"), ("„", "”"), ("«", "»"), ("»", "«"), ("「", "」"), ("『", "』"), ("‘", "’"), ('"', '"'), ("`", "`"), ("'", "'"))
_VERBS = (
    r"(?:please |now |then |just )*(?:left[- ]|right[- ]|double[- ]|middle[- ]|single[- ]|triple[- ])?"
    r"(?:click(?: on)?|tap(?: on)?|press(?: on)?|hit|push|select|choose|pick|open|go to|switch to|touch|toggle|locate|focus(?: on)?|hover(?: over)?"
    r"|move to|check|uncheck|tick|untick|navigate to|visit|where is)\s+(?:on\s+)?"
)
_CHINESE_VERBS = r"(?:请)?(?:点击|单击|双击|右键点击|选择|打开|按下|点一下|找到|点)\s*"
_ARTICLE = r"(?:the|a|an|my|this|that|our|your)\s+"
_ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8, "ninth": 9, "tenth": 10, "last": -1}
_DIGITS = {c: i for i, c in enumerate("零一二三四五六七八九十")}
_RELATIONS: tuple[tuple[str, str], ...] = (
    ("between", r"\b(?:in )?between (?P<a>.+?) and (?P<b>.+)$"),
    ("right", r"\b(?:directly |just |immediately )?(?:to |on )?(?:the )?right(?:[- ]hand side)? (?:of|from) (?P<a>.+)$"),
    ("left", r"\b(?:directly |just |immediately )?(?:to |on )?(?:the )?left(?:[- ]hand side)? (?:of|from) (?P<a>.+)$"),
    ("above", r"\b(?:shown |located |listed |placed )?(?:directly |just |right |immediately )?(?:above|over|on top of) (?P<a>.+)$"),
    ("below", r"\b(?:shown |located |listed |placed )?(?:directly |just |right |immediately )?(?:below|under|beneath|underneath) (?P<a>.+)$"),
    ("after", r"\b(?:directly |just |right |immediately )?(?:after|following) (?P<a>.+)$"),
    ("before", r"\b(?:directly |just |right |immediately )?before (?P<a>.+)$"),
    ("near", r"\b(?:right )?(?:next to|beside|besides|near|close to|alongside|adjacent to|by) (?P<a>.+)$"),
    ("row", r"\bin the (?P<a>.+?) (?:row|line)$"),
    ("row", r"\bin the (?:row|line) (?:of|for|with|called|named) (?P<a>.+)$"),
    ("row", r"\bat the end of (?P<a>.+?)(?: line| row)?$"),
    ("in", r"\b(?:in|from|inside|within|on) (?:the )?(?P<a>.+?) (?P<container>menu|dialog|dialogue|window|popup|toolbar|tool bar|panel|section|group|list|box|card|field)$"),
    ("near", r"\b(?:for|of|belonging to) (?P<a>.+)$"),
)
_CHINESE_RELATIONS = {"下方": "below", "下面": "below", "下边": "below", "上方": "above", "上面": "above", "上边": "above", "右侧": "right", "右边": "right",
                      "右方": "right", "左侧": "left", "左边": "left", "左方": "left", "旁边": "near", "后面": "after", "前面": "before"}
_PLACES: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"(?:at|in|on|to|from) (?:the )?(?:very )?(top|upper|bottom|lower)[- ]?(left|right|centre|center|middle)?(?:[- ]?hand)?(?: side| corner| edge| part| half)?(?: of the (?:screen|page|window|app|display))?$", ()),
    (r"(?:at|in|on) (?:the )?(left|right)(?:[- ]?hand)?(?: side| edge| corner| part| half)?(?: of the (?:screen|page|window|app|display))?$", ()),
    (r"(?:at|in|on) (?:the )?(top|bottom|upper|lower|left|right) (?:bar|toolbar|tool bar|app bar|menu bar|navigation bar|navigation|nav bar|navbar|panel|menu|row|tab bar|header|footer|sidebar)$", ()),
    (r"(?:at|in|on) (?:the )?(?:page |site |app )?header$", ("top",)),
    (r"(?:at|in|on) (?:the )?(?:tool ?bar|app bar|title bar|action bar)$", ("top",)),
    (r"(?:at|in|on) (?:the )?(?:page |site )?footer$", ("bottom",)),
    (r"(?:at|in|on) (?:the )?(?:middle|centre|center)(?: row)?(?: of the (?:screen|page|window))?$", ("middle",)),
)
_STOP = frozenset(
    ["the", "a", "an", "my", "this", "that", "to", "of", "in", "on", "at", "for", "and", "or", "is", "are", "i", "me", "it", "its", "with", "from", "by", "as", "be", "your", "you", "please", "app", "application", "page", "screen", "about", "into", "how", "has", "have", "some", "all", "one", "so", "do", "what"]
)


@lru_cache(maxsize=2048)
def parse_target(text: str) -> Target:
    """Take a description apart. Never raises; a description that says nothing gives a `Target` without words."""
    spare: list[str] = []
    masked = _mask_quotes(_tidy(text), spare)
    parsed = _parse(_strip_wrappers(masked), text, spare)
    ticked = bool(re.match(r"(?:please )?(?:check|uncheck|tick|untick|toggle|accept|agree to) ", masked, re.IGNORECASE)) and not parsed.roles
    roles: tuple[Role, ...] = ("checkbox", "radio", "switch") if ticked else parsed.roles
    return replace(parsed, roles=roles, whole=_unmasked(masked, spare))


def _tidy(text: str) -> str:
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


def _strip_wrappers(text: str) -> str:
    text = re.sub(rf"^{_CHINESE_VERBS}", "", text)
    shorter = re.sub(rf"^{_VERBS}(?=\S)", "", text, count=1, flags=re.IGNORECASE)
    return shorter if shorter.strip() else text


def _parse(text: str, raw: str, spare: list[str]) -> Target:
    text, chinese = _chinese(text, spare)
    text, relations, place = _relations(text, raw, spare)
    text, more_place = _place(text)
    text, ordinal = _ordinal(text)
    text, colours = _colours(text)
    said = text
    text, roles = _roles(text)
    if chinese != Target(raw="") and _roles(text)[1]:
        text, _ = _roles(text)
    words, quoted = _words(text, spare)
    last = words.lower().rsplit(" ", 1)[-1]
    last = last if last in GENERIC_TEXT else last.rstrip("s")
    generic = not quoted and last in GENERIC_TEXT and (" " not in words or (ordinal or chinese.ordinal) is not None)
    return Target(
        raw=raw,
        words="" if generic else words,
        quoted=quoted,
        roles=roles or chinese.roles,
        ordinal=ordinal or chinese.ordinal,
        place=tuple(dict.fromkeys((*place, *more_place, *chinese.place))),
        colours=colours,
        said=said if not words and not generic else "",
        generic=generic,
        relations=(*relations, *chinese.relations),
    )


def _chinese(text: str, spare: list[str]) -> tuple[str, Target]:
    """Ordinals, places, roles and relations said in Chinese, taken out of the text."""
    found = Target(raw="")
    if not re.search(r"[\u4e00-\u9fff]", text):
        return text, found
    if match := re.search(r"第([一二三四五六七八九十]|\d+)(?:个|条|项|行)?", text):
        found = replace(found, ordinal=_DIGITS.get(match[1]) or int(match[1]) if match[1].isdigit() else _DIGITS[match[1]])
        text = text.replace(match[0], " ")
    if match := re.search(r"最后一(?:个|条|项|行)", text):
        found, text = replace(found, ordinal=-1), text.replace(match[0], " ")
    if match := re.search(r"(?P<a>[\ue000-\uefff]|[^\s，,的]+?)\s*(?:的)?(?:正)?(下方|下面|下边|上方|上面|上边|右侧|右边|右方|左侧|左边|左方|旁边|后面|前面)", text):
        anchor = match["a"].strip()
        if anchor not in ("屏幕", "页面", "窗口", ""):
            relation = Relation(_CHINESE_RELATIONS[match[2]], (_parse_plain(anchor, spare),))
            found, text = replace(found, relations=(relation,)), text.replace(match[0], " ", 1)
    for corner, place in (("右上角", ("top", "right")), ("左上角", ("top", "left")), ("右下角", ("bottom", "right")), ("左下角", ("bottom", "left")),
                          ("顶部", ("top",)), ("底部", ("bottom",)), ("上方", ("top",)), ("下方", ("bottom",))):
        if corner in text:
            found, text = replace(found, place=place), text.replace(corner, " ")
            break
    text = re.sub(r"(?:屏幕|页面|窗口)?(?:的)?有?[一二三四五六七八九十两\d]*个?\s*(?=icon|图标|按钮)|左侧|右侧|，|的(?=\s|$)|屏幕|有", " ", text)
    return re.sub(r"\s+", " ", text).strip(), found


def _parse_plain(text: str, spare: list[str]) -> Target:
    words, quoted = _words(text, spare)
    return Target(raw=words, words=words, quoted=quoted)


def _relations(text: str, raw: str, spare: list[str]) -> tuple[str, tuple[Relation, ...], tuple[str, ...]]:
    text = re.sub(r" (?:in|on|from|of) (?:the|this|that) (?:list|table|grid|page|screen|app|window|site|website|dialog|form)$", "", text, flags=re.IGNORECASE)
    text = re.sub(r" (?:inside|in|within) (?:a|the) (?:\w+ )?(?:circle|square|box|ring|triangle)$", "", text, flags=re.IGNORECASE)
    best: tuple[int, str, re.Match[str]] | None = None
    for kind, pattern in _RELATIONS:
        match = re.search(pattern, text, re.IGNORECASE)
        if match and match.start() > 0 and not _is_place(text[match.start() :]) and (best is None or match.start() < best[0]):
            best = (match.start(), kind, match)
    if best is None:
        return text, (), ()
    _, kind, match = best
    anchors = tuple(_parse(_strip_article(part), part, spare) for part in (match["a"], match.groupdict().get("b")) if part)
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


def _ordinal(text: str) -> tuple[str, int | None]:
    match = re.search(rf"^(?:{_ARTICLE})?(?P<w>{'|'.join(_ORDINALS)}|\d+(?:st|nd|rd|th)|upper|lower|topmost|bottommost|uppermost)\s+(?!name\b)(?P<rest>\S.*)$",
                      text, re.IGNORECASE)
    if not match:
        return text, None
    word = match["w"].lower()
    if word in _ORDINALS:
        return match["rest"], _ORDINALS[word]
    if word[0].isdigit():
        return match["rest"], int(re.sub(r"\D", "", word)) or None
    return match["rest"], -1 if word in ("lower", "bottommost") else 1


def _colours(text: str) -> tuple[str, tuple[str, ...]]:
    found = tuple(name for name in COLOURS if re.search(rf"\b{name}\b" if name.isascii() else name, text, re.IGNORECASE))
    shapes = r"\b(?:round|square|big|large|small|little|tiny|floating|circular|rounded)\b"
    if found or re.search(shapes, text, re.IGNORECASE):
        text = re.sub(shapes, " ", text, flags=re.IGNORECASE)
        for name in found:
            rest = re.sub(rf"\b{name}\b" if name.isascii() else name, " ", text, flags=re.IGNORECASE)
            text = rest if rest.strip() else text
    return re.sub(r"\s+", " ", text).strip(), found


def _roles(text: str) -> tuple[str, tuple[Role, ...]]:
    text = _strip_article(text)
    for word in sorted(ROLE_WORDS, key=len, reverse=True):
        edge = r"(?<![\w-])" if word.isascii() else ""
        tail = re.search(rf"{edge}{re.escape(word)}(?:es|s)?$", text, re.IGNORECASE)
        head = re.match(rf"^{re.escape(word)}\s+(?:labell?ed |named |called |with (?:the )?(?:text |label )?|that says |saying )?(?=\S)", text, re.IGNORECASE)
        if tail:
            return _keep_meaning(text[: tail.start()].strip(" -"), word), ROLE_WORDS[word]
        if head and (word not in ("search", "menu", "key", "box", "entry", "input", "sign", "switch", "image", "photo", "eye") or _is_mask(text[head.end() :])):
            return text[head.end() :].strip(), ROLE_WORDS[word]
    return text, ()


_MEANT = {"menu": "menu", "arrow": "arrow", "eye": "eye", "eye icon": "eye", "logo": "logo", "search field": "search", "search box": "search",
          "search bar": "search", "搜索框": "搜索", "sign": "sign", "photo": "photo", "address bar": "address"}


def _keep_meaning(rest: str, word: str) -> str:
    """Some role words also say what the thing means: the menu, an arrow, a search box."""
    meant = _MEANT.get(word)
    if meant is None or (_is_mask(rest) and rest):
        return rest
    return f"{rest} {meant}".strip()


def _strip_article(text: str) -> str:
    return re.sub(rf"^(?:{_ARTICLE})+", "", text.strip(), flags=re.IGNORECASE)


def _words(text: str, spare: list[str]) -> tuple[str, bool]:
    """The words to match: the quoted ones if any, to the letter, else all of them."""
    masks = [c for c in text if "\ue000" <= c < "\uf000" and ord(c) - 0xE000 < len(spare)]
    if masks:
        return " ".join(spare[ord(c) - 0xE000] for c in masks), True
    return _strip_article(text).strip(" ,:-") if len(text) > 1 else text, False


def plain(text: str) -> str:
    """Lower case, one space between words, no punctuation or mnemonic marks: what two labels are compared by."""
    text = unicodedata.normalize("NFKC", text.replace("º", "°")).casefold().replace("_", " ").replace("’", "'")
    text = re.sub(r"(?<=\w)['’](?=\w)", "'", text)
    return re.sub(r"[^\w'+#@%&$€£]+", " ", text).strip()


_CONFUSED = str.maketrans({"0": "o", "1": "l", "i": "l", "|": "l", "!": "l", "5": "s", "8": "b", "ı": "l", "，": ",", "[": "l", "]": "l"})


def _blurred(text: str) -> str:
    """What is left when letters that OCR confuses are made the same and spaces dropped."""
    return re.sub(r"[\s']", "", text.translate(_CONFUSED)).replace("rn", "m").replace("vv", "w")


def likeness(wanted: str, seen: str, quoted: bool = False) -> float:
    """How well words on the screen match the words wanted, 0 to 1; 1 is the same to the letter."""
    if not seen or not wanted:
        return 0.0
    if wanted.strip() == seen.strip():
        return 1.0
    a, b = plain(wanted), plain(seen)
    if not a or not b:
        return 0.0
    if a == b:
        return 0.98
    if _blurred(a) == _blurred(b):
        return 0.94
    return max(_contained(a, b, quoted), _fuzzy(a, b), _cut_off(a, seen))


def _contained(a: str, b: str, quoted: bool) -> float:
    if _has_words(b, a):
        return 0.6 + 0.3 * len(a) / len(b)
    share = len(b) / len(a)
    if _has_words(a, b) and share >= 0.4:
        return (0.5 if quoted else 0.75) * share
    if len(a) >= 4 and _blurred(a) in _blurred(b):
        return 0.5 + 0.35 * len(a) / len(b)
    return 0.0


def _has_words(text: str, words: str) -> bool:
    if re.search(r"[\u3040-\u9fff]", words):
        return words in text
    return f" {words} " in f" {text} "


def _fuzzy(a: str, b: str) -> float:
    ratio = float(fuzz.ratio(a, b)) / 100
    if min(len(a), len(b)) < 4 or abs(len(a) - len(b)) > 0.4 * max(len(a), len(b)):
        return 0.0
    return max(0.0, 0.92 - 2.2 * (1 - ratio)) if ratio >= 0.72 else 0.0


def _cut_off(a: str, seen: str) -> float:
    """A label that the program cut short: "Friends from Col…"."""
    stem = re.sub(r"(?:…|\.\.+|・・・)\s*$", "", seen).strip()
    b = plain(stem)
    return 0.86 if stem != seen.strip() and len(b) >= 5 and a.startswith(b) and len(b) > 0.4 * len(a) else 0.0


@lru_cache(maxsize=1)
def _phrases() -> dict[str, frozenset[int]]:
    table: dict[str, set[int]] = {}
    for index, row in enumerate(SYNONYMS):
        for phrase in row:
            table.setdefault(" ".join(_stem(w) for w in plain(phrase).split()), set()).add(index)
    return {phrase: frozenset(rows) for phrase, rows in table.items()}


def _stem(word: str) -> str:
    for ending in ("ing", "ies", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)] + ("y" if ending == "ies" else "")
    return word


@dataclass(frozen=True)
class Sense:
    """A word or phrase and the rows of `SYNONYMS` it belongs to."""

    word: str
    rows: frozenset[int] = frozenset()

    def means(self, other: Sense) -> bool:
        """Whether both say the same."""
        return self.word == other.word or bool(self.rows & other.rows) or (
            min(len(self.word), len(other.word)) >= 5 and float(fuzz.ratio(self.word, other.word)) >= 86
        )


@lru_cache(maxsize=8192)
def senses(text: str) -> tuple[Sense, ...]:
    """The words of a text that carry meaning, the longest known phrases first taken as one."""
    words = [_stem(word) for word in re.findall(r"[\w'+#@%&$€£-]+", plain(text))]
    found: list[Sense] = []
    index = 0
    while index < len(words):
        for length in range(min(4, len(words) - index), 0, -1):
            phrase = " ".join(words[index : index + length])
            if phrase in _phrases():
                found.append(Sense(phrase, _phrases()[phrase]))
                index += length
                break
        else:
            if words[index] not in _STOP:
                found.append(Sense(words[index]))
            index += 1
    return tuple(found)


def meaning(wanted: str, seen: str, common: dict[Sense, int] | None = None) -> float:
    """How much two texts mean the same, 0 to about 0.85, by shared words and synonyms.

    `common` counts on how many elements a wanted sense is found: what is everywhere says little.
    """
    a, b = senses(wanted), senses(seen)
    hits = [s for s in a if any(s.means(t) for t in b)]
    if not hits:
        return 0.0
    weigh = {s: _weight(s) / (1 + math.log(max(1, (common or {}).get(s, 1)))) for s in a}
    recall = sum(weigh[s] for s in hits) / sum(weigh[s] for s in a)
    back = [t for t in b if any(s.means(t) for s in a)]
    precision = sum(map(_weight, back)) / sum(map(_weight, b))
    return 0.88 * (0.55 * math.sqrt(recall) + 0.45 * precision) * (1.0 if recall >= 0.3 else 0.8)


def _weight(sense: Sense) -> float:
    length = max(len(sense.word), 6) if sense.rows else len(sense.word)
    return min(3.0, 0.6 + 0.2 * length) * (1.3 if " " in sense.word else 1.0)


@lru_cache(maxsize=1024)
def concepts_of(words: str) -> tuple[tuple[Concept, float], ...]:
    """Icons that the words may ask for, with how much of the words each explains (0 to 1)."""
    text = " ".join(w for w in plain(words).split() if w not in ("icon", "button", "symbol", "the", "my", "a"))
    found: list[tuple[Concept, float]] = []
    for concept in CONCEPTS:
        best = max((_said(pattern, text) for pattern in concept.says), default=0.0)
        named = 0.95 if text and text in concept.icons else 0.0
        if max(best, named) > 0:
            found.append((concept, max(best, named)))
    return tuple(sorted(found, key=lambda pair: -pair[1]))


def _said(pattern: str, text: str) -> float:
    bounded = pattern if re.search(r"[\u4e00-\u9fff]", pattern) else rf"(?<!\w){pattern}(?!\w)"
    match = re.search(bounded, text)
    if not match:
        return 0.0
    share = len(match[0]) / max(1, len(text))
    return 1.0 if share > 0.95 else 0.55 + 0.4 * share


def _icon_score(words: str, element: Element, screen: Screen) -> float:
    best = 0.0
    own = tuple(plain(name.replace("_", " ")) for name in element.icons)
    wanted = plain(words)
    if wanted and own:
        best = max((0.9 - 0.08 * i for i, name in enumerate(own[:6]) if name == wanted), default=0.0)
    for position, name in enumerate(own):
        best = max(best, _named_weight(words, name) * _cover(words) * (0.88 - 0.03 * min(position, 12)))
    for concept, share in concepts_of(words) if not own else ():
        if element.role in ("icon", "button") and not element.text and concept.place:
            best = max(best, share * 0.6 * _in_place(element.box, concept.place, screen, strict=True))
    return best


@lru_cache(maxsize=65536)
def _named_weight(words: str, name: str) -> float:
    """How much the icon concept of this name is what the words ask for."""
    weight = icons.concepts_for(words).get(name.replace(" ", "-"), 0.0)
    return max(weight, 0.85) if name in BRANDS and name in plain(words).split() else weight


@lru_cache(maxsize=1024)
def _cover(words: str) -> float:
    """Less the more is said: an icon seldom stands for all of a long sentence."""
    count = sum(word not in _STOP and word not in ("icon", "button", "go", "open") for word in plain(words).split())
    return max(0.85, 1.06 - 0.06 * max(1, count))


def _in_place(box: Box, place: Iterable[str], screen: Screen, strict: bool = False) -> float:
    """1 where the box lies at the named edges of the screen, falling to 0.3 (0 when strict) at the far side."""
    x, y = box.center.x / max(1, screen.width), box.center.y / max(1, screen.height)
    away = {"top": y, "bottom": 1 - y, "left": x, "right": 1 - x, "middle": max(abs(x - 0.5), abs(y - 0.5)) * 1.2}
    score = 1.0
    for word in place:
        far = away.get(word, 0.0)
        score *= (1.0 if far < 0.13 else 0.0) if strict else max(0.3, 1.05 - far)
    return min(1.0, score)


@dataclass(frozen=True)
class _Scored:
    element: Element
    score: float
    why: str
    box: Box


def rank(screen: Screen, target: str | Target, roles: Sequence[Role] = ()) -> list[Candidate]:
    """Elements that the target may mean, best first; `roles` are wanted in addition to those the target names.

    A score of `SURE` (0.5) or more is good enough to act on. An empty list: nothing on the screen fits.
    """
    wanted = parse_target(target) if isinstance(target, str) else target
    wanted = replace(wanted, roles=tuple(dict.fromkeys((*wanted.roles, *roles))))
    found = _flat(screen, wanted, _scored(screen, wanted))
    literal = _literal(screen, wanted, found)
    best = sorted(literal or found, key=lambda s: -s.score)
    return [Candidate(s.element, s.box.center, round(min(1.0, s.score), 4), s.why) for s in best if s.score >= _SHOWN]


def _literal(screen: Screen, target: Target, found: list[_Scored]) -> list[_Scored]:
    """Elements whose words are the whole description, where taking it apart led elsewhere ("Zoom to the right")."""
    whole = _strip_article(_strip_wrappers(_tidy(target.raw)))
    if not (target.relations or target.ordinal or target.place or target.roles or target.colours) or target.quoted:
        return []
    simple = Target(raw=target.raw, words=whole)
    exact = [s for s in _scored(screen, simple) if s.score >= 0.93]
    return exact if exact and max((s.score for s in found), default=0.0) < 0.98 else []


def _flat(screen: Screen, target: Target, found: list[_Scored]) -> list[_Scored]:
    """Also what the whole description means without its relations: "a new profile on this network" names no anchor."""
    if not target.relations or target.ordinal:
        return found
    whole = Target(raw=target.raw, words=_strip_article(target.whole or target.raw), roles=target.roles, place=target.place)
    share = 0.9 if target.words and not target.quoted else 0.6
    others = [replace(s, score=s.score * share) for s in _scored(screen, whole)]
    return _best_of(found + others)


def _best_of(found: list[_Scored]) -> list[_Scored]:
    best: dict[int, _Scored] = {}
    for s in found:
        key = hash((s.element.box, s.element.text))
        if key not in best or best[key].score < s.score:
            best[key] = s
    return list(best.values())


def _scored(screen: Screen, target: Target) -> list[_Scored]:
    common = _common(screen, target)
    base = [s for e in screen.elements if (s := _base(e, target, screen, common)).score >= 0.15]
    base += _joined(screen, target)
    base = _best_of(base + _done_to(screen, target))
    for relation in target.relations:
        base = _related(base, relation, screen)
    if target.place:
        base = [replace(s, score=s.score * _in_place(s.box, target.place, screen)) for s in base]
    return _nth(base, target) if target.ordinal else base


def _common(screen: Screen, target: Target) -> dict[Sense, int]:
    if target.quoted or not target.words:
        return {}
    seen = [senses(e.text or e.label) for e in screen.elements if e.text or e.label]
    wanted = {*senses(target.words), *senses(target.whole)}
    return {s: sum(any(s.means(t) for t in words) for words in seen) for s in wanted}


def _base(element: Element, target: Target, screen: Screen, common: dict[Sense, int]) -> _Scored:
    if not target.words:
        said = likeness(_strip_article(_strip_wrappers(target.said)), element.text) if target.said else 0.0
        if said >= 0.98:
            return _Scored(element, 0.9, "text", element.box)
        score = 0.62 if target.roles or target.generic or target.colours or target.place else 0.0
        if target.generic:
            score *= 1.0 if element.role in ("text", "link", "menuitem", "button", "tab") and len(element.text) > 1 else 0.3
        return _Scored(element, score * _role_factor(element, target, bare=True) * _colour_factor(element, target), "role", element.box)
    text = likeness(target.words, element.text, target.quoted)
    label = 0.97 * likeness(target.words, element.label, target.quoted)
    meant = 0.0 if target.quoted else _meant(target, element, common)
    icon = _icon_score(target.words, element, screen)
    if target.whole and not target.relations and not target.quoted:
        icon = max(icon, 0.97 * _icon_score(target.whole, element, screen))
    instead = _text_instead(target, element)
    score = max(text, label, meant, icon, instead)
    why = max(((text, "text"), (label, "label"), (meant, "meaning"), (icon, "icon"), (instead, "synonym")))[1]
    box = _part(element, target.words) if why in ("text", "meaning") and text < 0.94 else element.box
    return _Scored(element, score * _role_factor(element, target) * _colour_factor(element, target), why, box)


def _meant(target: Target, element: Element, common: dict[Sense, int]) -> float:
    phrases = [target.words] if target.relations else [target.words, target.whole]
    if _is_kind(target.words, element.text):
        return 0.6
    lacking = 0.72 if _lacks_verb(target.whole, element.text or element.label) else 1.0
    return lacking * max(
        max(meaning(phrase, element.text, common), 0.95 * meaning(phrase, element.label, common)) for phrase in phrases if phrase
    )


def _is_kind(words: str, text: str) -> bool:
    """Whether the text is a value of the kind asked for: "change the country" where "France" is written."""
    named = set(plain(words).split())
    if len(text) > 32 or not named & KINDS.keys():
        return False
    return any(re.fullmatch(KINDS[kind], text.strip(), re.IGNORECASE) for kind in named & KINDS.keys())


def _lacks_verb(whole: str, text: str) -> bool:
    """Whether the request is for something done to what is written ("delete the task"), not for the thing itself."""
    first = plain(whole).split(" ", 1)[0]
    return first in DEEDS and not any(Sense(_stem(first), _phrases().get(_stem(first), frozenset())).means(s) for s in senses(text))


def _done_to(screen: Screen, target: Target) -> list[_Scored]:
    """Icons for a deed that stand by the thing it is done to: "delete the Learn Rust task" is the cross beside it."""
    first, _, rest = plain(target.whole).partition(" ")
    if first not in DEEDS or not rest or target.quoted or target.relations:
        return []
    anchors = _anchors(screen, Target(raw=rest, words=_strip_article(rest)))
    deeds = [(e, s) for e in screen.elements if e.icons and (s := _icon_score(first, e, screen)) >= 0.3]
    if not anchors or not deeds:
        return []
    reach = float(max(screen.width, screen.height))
    placed = [_Scored(e, max(0.62, s), "icon by it", e.box) for e, s in deeds]
    fits = [_fit(s, "near", anchors, reach) for s in placed]
    level = [any(a.box.y1 - a.box.height <= s.box.center.y <= a.box.y2 + a.box.height for a in anchors) for s in placed]
    best = max(fits) or 1.0
    return [replace(s, score=s.score * fit / best * (1.0 if row else 0.7)) for s, fit, row in zip(placed, fits, level, strict=True)]


def _text_instead(target: Target, element: Element) -> float:
    """A written word that stands for the icon asked for: "Back" for go back."""
    if not element.text or len(element.text) > 24:
        return 0.0
    seen = plain(element.text) or element.text
    return max((0.72 * share for concept, share in concepts_of(target.words) if seen in concept.texts), default=0.0)


def _role_factor(element: Element, target: Target, bare: bool = False) -> float:
    if not target.roles:
        return {"image": 0.8, "bar": 0.6, "icon": 0.97, "text": 0.985}.get(element.role, 1.0)
    if element.role in target.roles:
        return 1.0 - 0.03 * target.roles.index(element.role)
    if bare:
        return 0.3
    wanted = target.roles[0]
    near: dict[Role, tuple[Role, ...]] = {
        "button": ("text", "link", "tab", "menuitem", "select", "field"),
        "field": ("select", "text", "button"),
        "select": ("field", "button", "text"),
        "checkbox": ("radio", "switch", "text", "icon"),
        "radio": ("checkbox", "switch", "text", "icon"),
        "switch": ("checkbox", "radio", "icon", "text"),
        "icon": ("button", "image", "checkbox", "radio", "link", "text"),
        "menu": ("menuitem", "button", "text", "tab"),
        "menuitem": ("text", "button", "link", "menu"),
        "tab": ("text", "button", "menu", "link"),
        "link": ("text", "button"),
    }
    order = near.get(wanted, ())
    return 0.93 - 0.03 * order.index(element.role) if element.role in order else 0.72


def _colour_factor(element: Element, target: Target) -> float:
    if not target.colours:
        return 1.0
    return 1.0 if set(target.colours) & set(element.colours) else 0.6


def _part(element: Element, words: str) -> Box:
    """Where in a longer line the words stand: their longest run of words found in it, if that is not most of the line."""
    if element.role not in ("text", "link"):
        return element.box
    text, wanted = element.text.casefold(), words.casefold()
    at = text.find(wanted)
    start, end = (at, at + len(wanted)) if at >= 0 else _longest_run(text, wanted)
    short = 2 if re.search(r"[\u3040-\u9fff]", element.text[start:end]) else 3
    if end - start < short or end - start > 0.72 * len(element.text):
        return element.box
    box, count = element.box, len(element.text)
    if len(element.glyphs) == count:
        half = box.height * 0.3
        return Box(max(box.x1, element.glyphs[start] - half), box.y1, min(box.x2, element.glyphs[end - 1] + half), box.y2)
    wide = box.width / count
    return Box(box.x1 + start * wide, box.y1, box.x1 + end * wide, box.y2)


def _longest_run(text: str, words: str) -> tuple[int, int]:
    """Start and end in `text` of the longest run of whole words that it shares with `words`."""
    spans = [(m.start(), m.end()) for m in re.finditer(r"\w+", text)]
    wanted = _spaced(words)
    best = (0, 0)
    for i, (start, _) in enumerate(spans):
        for _, end in spans[i:]:
            if _spaced(text[start:end]) not in wanted:
                break
            if end - start > best[1] - best[0] and not (i == 0 and end - start < 3):
                best = (start, end)
    return best


def _spaced(text: str) -> str:
    return " " + " ".join(re.findall(r"\w+", text)) + " "


def _joined(screen: Screen, target: Target) -> list[_Scored]:
    """Texts that run over two or three lines, matched as one."""
    if len(target.words) < 8:
        return []
    lines = [e for e in screen.elements if e.role not in ("field", "select", "checkbox", "radio", "button") and len(e.text) > 1]
    out = []
    for first in lines:
        chain = [first]
        for _ in range(2):
            below = [e for e in lines if _continues(chain[-1], e)]
            if not below:
                break
            chain.append(min(below, key=lambda e: e.box.y1))
            text = " ".join(e.text for e in chain)
            score = max(likeness(target.words, text, target.quoted), 0.0 if target.quoted else meaning(target.words, text))
            whole = chain[0].box
            for e in chain[1:]:
                whole = whole.union(e.box)
            joined = replace(first, box=whole, text=text, glyphs=())
            out.append(_Scored(joined, score * 0.97 * _role_factor(first, target), "text over lines", whole))
    return [s for s in out if s.score >= 0.3]


def _continues(above: Element, below: Element) -> bool:
    gap = below.box.y1 - above.box.y2
    height = above.box.height
    alike = 0.6 < below.box.height / max(1.0, height) < 1.7
    aligned = abs(above.box.x1 - below.box.x1) < 1.2 * height or abs(above.box.center.x - below.box.center.x) < 0.8 * height
    return alike and aligned and -0.2 * height < gap < 1.1 * height


def _related(found: list[_Scored], relation: Relation, screen: Screen) -> list[_Scored]:
    anchors = [_anchors(screen, anchor) for anchor in relation.anchors]
    if not all(anchors):
        return [replace(s, score=s.score * 0.45, why=s.why + ", anchor not found") for s in found]
    if relation.kind == "between" and len(anchors) == 2:
        return [replace(s, score=s.score * _between(s.box, anchors[0], anchors[1])) for s in found]
    reach = float(max(screen.width, screen.height))
    fits = [_fit(s, relation.kind, anchors[0], reach) for s in found]
    strong = max((s.score for s, fit in zip(found, fits, strict=True) if fit > 0), default=0.0)
    best = max((fit for s, fit in zip(found, fits, strict=True) if s.score >= 0.8 * strong), default=1.0) or 1.0
    sure = max(a.score for a in anchors[0]) ** 0.3
    return [
        replace(s, score=s.score * min(1.0, fit / best) * sure, why=f"{s.why}, {relation.kind}")
        for s, fit in zip(found, fits, strict=True)
    ]


def _fit(candidate: _Scored, kind: str, anchors: list[_Scored], reach: float) -> float:
    others = [a for a in anchors if a.element != candidate.element]
    named = any(a.element.text and candidate.element.label == a.element.text for a in anchors)
    return max([_geometry(kind, candidate, a, reach) for a in others] + [1.0 if named and kind in ("near", "row", "left", "right") else 0.0])


def _anchors(screen: Screen, target: Target) -> list[_Scored]:
    whole = Target(raw=target.raw, words=target.raw if not target.quoted else target.words)
    written = [s for s in _scored(screen, whole) if s.score >= 0.9] if target.relations and not target.quoted else []
    found = sorted(written or _scored(screen, target), key=lambda s: -s.score)
    close = [s for s in found if s.score >= 0.4 and s.score > 0.85 * found[0].score][:6]
    return [s for s in close if not s.why.startswith("label")] or close


def _between(box: Box, first: list[_Scored], second: list[_Scored]) -> float:
    best = 0.0
    for a in first:
        for b in second:
            hull = a.box.union(b.box).grown(2)
            if hull.holds(box.center) and box.center not in (a.box.center, b.box.center):
                best = max(best, 1.0 / (1 + hull.area / 1e6))
    return best


def _geometry(kind: str, candidate: _Scored, anchor: _Scored, reach: float) -> float:
    """How well a candidate stands in a relation to an anchor: 1 next to it, less with distance, 0 where it does not."""
    c, a = candidate.box, anchor.box
    dx = max(a.x1 - c.x2, c.x1 - a.x2, 0.0)
    dy = max(a.y1 - c.y2, c.y1 - a.y2, 0.0)
    near = 1 / (1 + 2.5 * math.hypot(dx, dy) / reach)
    level = _aligned(c.y1, c.y2, a.y1, a.y2)
    upright = _aligned(c.x1, c.x2, a.x1, a.x2)
    if kind == "right":
        return near * level if c.center.x > a.center.x and c.x2 > a.x2 - 1 else 0.0
    if kind == "left":
        return near * level if c.center.x < a.center.x and c.x1 < a.x1 + 1 else 0.0
    if kind == "below":
        return near * max(0.75, upright) / (1 + 2 * dx / reach) if c.center.y > a.y2 - 0.2 * a.height else 0.0
    if kind == "above":
        return near * max(0.75, upright) / (1 + 2 * dx / reach) if c.center.y < a.y1 + 0.2 * a.height else 0.0
    if kind == "after":
        return near * (1.0 if level > 0.8 and c.center.x > a.center.x else 0.85 if c.center.y > a.y2 else 0.0)
    if kind == "before":
        return near * (1.0 if level > 0.8 and c.center.x < a.center.x else 0.85 if c.center.y < a.y1 else 0.0)
    if kind == "row":
        return level * (0.8 + 0.2 * near)
    if kind == "in":
        inner = a.holds(c.center) and a.area > c.area
        return 1.0 if inner or candidate.element.role == "menuitem" else near * 0.9
    return near * near * (0.75 + 0.25 * level)


def _aligned(a1: float, a2: float, b1: float, b2: float) -> float:
    """1 where one span's middle lies in the other, falling with the distance of the middles."""
    middle_a, middle_b = (a1 + a2) / 2, (b1 + b2) / 2
    if b1 <= middle_a <= b2 or a1 <= middle_b <= a2:
        return 1.0
    return max(0.0, 0.7 - abs(middle_a - middle_b) / max(1.0, a2 - a1, b2 - b1) * 0.3)


def _nth(found: list[_Scored], target: Target) -> list[_Scored]:
    """The nth of those that fit about equally well, in reading order; all others score low."""
    if not found or target.ordinal is None:
        return found
    best = max(s.score for s in found)
    floor = 0.55 if target.words else 0.5
    alike = [s for s in found if s.score >= floor * best]
    if target.words:
        alike = [s for s in alike if s.score >= 0.85 * best] if sum(s.score >= 0.85 * best for s in alike) >= abs(target.ordinal) else alike
    alike = _distinct(sorted(alike, key=lambda s: (round(s.box.center.y / max(8.0, s.box.height)), s.box.x1)))
    index = target.ordinal - 1 if target.ordinal > 0 else len(alike) + target.ordinal
    if not 0 <= index < len(alike):
        return [replace(s, score=min(s.score, 0.4), why=s.why + ", too few") for s in found]
    chosen = alike[index]
    return [replace(s, score=max(0.55, best) if s is chosen else min(0.3, 0.5 * s.score)) for s in found]


def _distinct(found: list[_Scored]) -> list[_Scored]:
    kept: list[_Scored] = []
    for s in found:
        if not any(s.box.overlap(k.box) > 0.5 * min(s.box.area, k.box.area) for k in kept):
            kept.append(s)
    return kept
