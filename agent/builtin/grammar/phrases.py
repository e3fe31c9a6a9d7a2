"""Patterns of English that the grammar shares: politeness, joints between clauses, counts, fields, dialogs, chords."""

from __future__ import annotations

import re

from actions.keys import check_chord
from agent.builtin.grammar.literals import LITERAL

_I = re.IGNORECASE

ART = r"(?:(?:the|a|an|your|my|this|that|its)\s+)?"
"""An article that may be there."""
FIELD = (
    r"(?:(?:text|input|search|entry|edit|form|url)[ -]?)?(?:fields?|boxes|box|textbox|inputs?|areas?|textarea|bars?|"
    r"editor|entry|line|cell|prompt|terminal|window|document|console|form|page|dialog|search)"
)
"""The nouns of places that text is typed into."""
MODIFIER = r"(?:ctrl|control|shift|alt|option|super|win(?:dows)?|meta|cmd|command)"
DIALOG = (
    r"(?:dialog(?:ue)?(?: box| window)?|pop-?up(?: window| dialog)?|message(?: box)?|alert|notification|banner|prompt|"
    r"warning|notice|modal|error(?: message| dialog)?|question|tip|hint|tooltip|overlay)s?"
)
SHOWS = (
    r"(?:(?:ever |suddenly |then |should )?(?:appears?|shows?(?: up)?|pops?(?: up)?|comes? up|opens?|occurs?|turns? up|"
    r"(?:is|are|becomes?|gets?) (?:shown|displayed|visible|there|present|on (?:the )?screen|open(?:ed)?)|"
    r"asks?(?: [^,]*)?|interrupts?(?: [^,]*)?|gets? in the way)"
    r"(?: (?:on (?:its|their) own|by itself|unexpectedly|half-?way(?: through)?|in between|meanwhile|again|"
    r"at any (?:time|point)|during this|on (?:the )?screen))*)"
)
"""Verbs for something becoming visible."""
GOES = (
    r"(?:(?:disappears?|vanishes|closes?|goes away|finish(?:es)?|ends?|"
    r"(?:is|are|has|have) (?:gone|closed|finished|done|disappeared|hidden|no longer (?:shown|visible)))"
    r"(?: from (?:the )?screen)?)"
)
"""Verbs for something ceasing to be visible."""
COUNT = r"(?P<n>\d+|one|two|three|four|five|six|seven|eight|nine|ten|a few|several|a couple of)"

_WRAP = re.compile(
    r"(?:please|kindly|now|(?:first(?:ly| of all)?|second(?:ly)?|third(?:ly)?|next)"
    r"(?!\s+(?:names?|line|row|column|item|entry|field|option|tab|button|page|one|choice|radio|box|link|result|word|day)\b)|then|finally|lastly|also|just|and|but|"
    r"afterwards?|after that|(?:once|when) (?:(?:that(?:'s| is)|you(?:'re| are)) )?(?:done|finished)|to (?:start"
    r"|begin)(?: with)?|"
    r"go ahead and|let'?s|try to|be sure to|remember to|don'?t forget to|(?:your|the) task(?: is)?(?: to)?|task|"
    r"make sure (?:to|you)|(?:i want|i need|i'?d like|i would like|we want|we need) (?:you )?to|"
    r"(?:can|could|would|will) you(?: please)?|you (?:should|must|need to|have to|can)|proceed to|start by|begin by|"
    r"step \d+|using the (?:mouse|keyboard)|with the (?:mouse|keyboard)|hey|hi|ok(?:ay)?(?=,)|so(?=,)|simply|"
    r"quickly|immediately|again)\b[,:]?\s+|step\s*\d+\s*[:.)-]\s*|task:\s*",
    _I,
)
_TAIL = re.compile(
    r"(?:[\s,]+(?:please|for me|now|thanks|thank you|as well|too|once|again|instead|"
    r"on (?:the|your) (?:screen|phone|display|keyboard)|(?:with|using) the mouse))*\s*[.!,;:?]*\s*$",
    _I,
)
_TIMES = {"once": 1, "twice": 2, "thrice": 3, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6}
_TIMES |= {"seven": 7, "eight": 8, "nine": 9, "ten": 10, "a few": 3, "several": 4, "a couple of": 2}
N_TIMES = re.compile(rf"\s*,?\s*\b(?:(?P<w>once|twice|thrice)|{COUNT}\s+times?)\s*$", _I)
"""A count at the end: "twice", "3 times"."""
LIST = re.compile(r"\s*,\s*(?:and\s+|or\s+)?|\s+and\s+|\s+&\s+", _I)
VAGUE = re.compile(
    r"\b(?:my|it|them|everything|all (?:the|of|my)|whatever|cheapest|best|nearest|each|every|some)\b", _I
)
"""Words that name no particular thing."""

_NOT_ABBREVIATED = "".join(rf"(?<!\b{word})" for word in ("Mr", "Mrs", "Dr", "vs", "e\\.g", "i\\.e", "No", "St"))
_VERBS = r"(?:click|type|press|open|select|choose|tap|wait|check|enter|scroll|drag)\b"
_STARTS = (
    r"(?:(?:press|hit)\s|(?:click|double-click|right-click|type|tap|open|select|choose|scroll|drag|wait|check|untick"
    r"|uncheck|tick)\s+(?!(?:box|boxes|field|button|key|list|menu|icon|mark|item|entry|option|dialog|tab|bar|area)\b))"
)
JOINT = re.compile(
    r"\s*\n\s*|\s*;\s*|\s*,?\s*\b(?:and\s+)?then\b,?\s+"
    r"|\s*,\s*(?:and\s+)?(?:after\s+(?:that|this)|afterwards|next|finally|lastly|followed\s+by)\b,?\s+(?=\S)"
    r"|\s+(?:and\s+)?(?:after\s+(?:that|this)|afterwards|followed\s+by|and\s+finally)\b,?\s+"
    rf"|{_NOT_ABBREVIATED}(?<!\.)\.(?:\s+|$)|(?<=\w)[?!]+\s+|(?<=\.\.\.)\s+(?={_VERBS})|(?<=…)\s+(?={_VERBS})|[!](?=\s)\s+(?={_VERBS})"
    rf"|\s+(?:->|=>|→|⇒|⟶)\s+(?={_VERBS})|\s*,\s+(?:(?:and|but)\s+)?|(?<={LITERAL}),|(?<={LITERAL})\s+(?={_STARTS})|\s+and\s+(?:also\s+)?",
    _I,
)
"""What separates two clauses."""
ORDERED = (
    r"(?:\b(?:click|type|press|choose|select|open|pick|enter|check|write|put|fill|set|tick|paste|run|execute|go)\b|"
    r"(?<!the )(?<!a )(?<!an )(?-i:\b(?:change|replace|swap|add|remove|delete|erase|insert|make|turn|switch|scroll|"
    r"untick|uncheck|save|rename|create)\b))"
)
"""A verb of an instruction: what stands before it is more than a place."""
CONDITION = re.compile(
    r"(?:if|in case|should|unless|when(?:ever)?|once|as soon as|after(?!\s+(?:that|this)\b)|any ?time|every time)\s"
    rf"|(?:in|on|inside|under|from|at|using|within)\s+(?!.*{ORDERED})",
    _I,
)
"""The start of a clause that needs the next one to be whole."""
TYPING = re.compile(
    r"(?:type|write|enter|input|insert|put|fill|key in|set|change|search|save"
    r"|(?:name|call|rename)\s+(?:it|that|this|the))\b",
    _I,
)
CLICKING = re.compile(
    r"(?:either-)?(?:(?:(?:left|right|middle|double|triple|single)[ -]?)?(?:click|tap)|long-press|select|choose|pick|"
    r"(?P<key>press|hit)|open|go to|(?P<path>[^>]+>))(?:\s|$)",
    _I,
)
"""Verbs that a bare next item takes over."""
COMMANDING = re.compile(r"\b(?:run|execute)\b|\b(?:terminal|shell|console|command (?:line|prompt))\b", _I)
"""A clause whose next literal is one more command."""
IMPERATIVE = re.compile(
    r"(?:accept|add|agree|begin|cancel|clear|click|close|complete|confirm|copy|create|cut|delete|dismiss|do|erase|exit|"
    r"finish|get|go|grab|hand|highlight|hit|insert|jump|keep|leave|make|mark|move|open|paste|press|push|put|quit|redo|"
    r"refresh|reload|remove|return|revert|save|say|scroll|select|send|shut|start|store|submit|take|tap|undo|wipe)\s+"
    r"(?:the|a|an|this|that|it|on|to|up|down|out|off|all|of|in|back|your|enter|return|what|everything|another|rid)\b",
    _I,
)
"""The start of an order to do something with what is there."""
_SENTENCE = r"(?:\A|(?<=[.!?]\s)|(?<=\n))\s*"
_TO_END = r"(?=\s*[.!?](?:\s|$)|\s*\n|\s*$)"
_FINISHES = r"(?P<v>click|press|tap|hit|push|submit|send)(?:ting|ing)?\b"
SMALL_TALK = re.compile(
    r"(?:(?:hi|hello|hey|thanks?(?:\s+(?:you|a lot|so much|in advance))?|please|cheers|that(?:'?s|\s+is)\s+(?:all|it)|"
    r"good\s+(?:morning|day|evening))(?:\s+there)?[\s,.!:;()?-]*)+",
    _I,
)
"""A sentence that asks for nothing."""
IDIOMS: list[tuple[re.Pattern[str], str]] = [
    (
        re.compile(rf"{_SENTENCE}before\s+(?:you\s+)?{_FINISHES}(?P<t>[^,.\n]*),\s+(?P<rest>[^.!?\n]+?){_TO_END}", _I),
        r"\n\g<rest>\n\g<v>\g<t>\n",
    ),
    (
        re.compile(
            rf"{_SENTENCE}(?P<rest>[^.!?\n]+?),?\s+before\s+(?:you\s+)?{_FINISHES}(?P<t>[^,.\n]*?){_TO_END}", _I
        ),
        r"\n\g<rest>\n\g<v>\g<t>\n",
    ),
    (
        re.compile(rf"{_SENTENCE}(?P<last>[^.!?\n]+?),?\s+but\s+first\b,?\s+(?P<rest>[^.!?\n]+?){_TO_END}", _I),
        r"\n\g<rest>\n\g<last>\n",
    ),
    (
        re.compile(
            r"\b(?:fill|complete)\s+(?:(?:in|out)\s+)?(?:the|this)\s+(?:form|page|fields)\s+(?:as\s+follows|like\s+this|"
            r"with\s+(?:the\s+following|these|this)(?:\s+\w+)?)\s*:\s*",
            _I,
        ),
        "\n",
    ),
    (
        re.compile(
            r"\A\s*(?:please\s+)?(?:follow|do|perform|complete|execute|carry out)\s+(?:the|these|this|my)\s+"
            r"(?:following(?:\s+(?:instructions?|steps?|tasks?))?|instructions?|steps?|tasks?)\b[^:.;\n]{0,60}:\s+(?=\S)",
            _I,
        ),
        "",
    ),
    (
        re.compile(
            rf"({LITERAL}\s+(?:on|in)\s+the\s+first\s+line)\s*,?\s+(?:and|then|and then)\s+(?:type\s+)?"
            rf"(?={LITERAL}\s+(?:on|in)\s+the\s+(?:second|next))",
            _I,
        ),
        r"\1 ",
    ),
    (re.compile(r"\b(?:press|click|tap|touch)(?: on)?\s+(?:and|&)\s+hold(?: down)?(?: on)?\b", _I), "long-press"),
    (re.compile(r"\b(?:note|jot)\s+down\b", _I), "write"),
    (re.compile(r"\s+where\s+it\s+says\s+(?:the\s+)?(?=\S)", _I), " into "),
    (re.compile(r"\b(?:finish|end|start|begin)\s+(?:off\s+)?by\s+(click|press|tap)ing\b", _I), r"\1"),
    (re.compile(rf"({LITERAL})\s*\((?:with|without|including|no)\b[^)]*\)", _I), r"\1"),
    (re.compile(r"\bdrag(?:\s+and\s+|-and-|-n-|\s*&\s*|\s*'n'?\s*)drop\b", _I), "drag"),
    (
        re.compile(
            rf"\b(?:hold(?:ing)?|keep(?:ing)?)(?:\s+down)?\s+(?:the\s+)?({MODIFIER})(?:\s+key)?(?:\s+(?:down|pressed))?"
            r"(?:,?\s+and(?:\s+then)?|,|\s+while|\s+then)?\s+(?:you\s+)?(click|press|tap)(?:ing)?\b",
            _I,
        ),
        r"\1+\2",
    ),
    (
        re.compile(
            rf"\b(?:while|with)\s+(?:holding\s+|pressing\s+)?(?:down\s+)?(?:the\s+)?({MODIFIER})(?:\s+key)?"
            r"(?:\s+(?:held|pressed))?(?:\s+down)?,?\s+(click|tap)\b",
            _I,
        ),
        r"\1+\2",
    ),
    (re.compile(r"\b(?:the\s+following|as\s+follows)(?:\s+(?:text|words?))?\s*:\s*", _I), ""),
    (
        re.compile(
            r"\b(?:fill\s+(?:in|out)|complete)\s+the\s+(?:[\w-]+\s+)?form(?:\s+(?:with|as follows|like this|using))?"
            r"\s*(?:[:,]\s*|\s(?=\S+:))",
            _I,
        ),
        "",
    ),
]
"""Phrases rewritten before anything is cut."""


def number(word: str | None) -> int:
    """A count in words or digits; 1 for none."""
    word = (word or "one").lower()
    return int(word) if word.isdigit() else _TIMES[word]


def unwrap(text: str) -> str:
    """The clause without leading politeness and numbering."""
    text = text.lstrip(" ,\t\n")
    while m := _WRAP.match(text):
        text = text[m.end() :].lstrip(" ,")
    return text


def trim(text: str) -> str:
    """The clause without trailing politeness and punctuation."""
    return _TAIL.sub("", text, count=1)


def bare(text: str) -> str:
    """A target without article, politeness and final punctuation; an ellipsis stays."""
    text = text.strip()
    dots = re.search(r"(?:\.\.\.|…)[\s.,;:]*$", text)
    text = text[: dots.start()] + ("…" if "…" in dots.group() else "...") if dots else trim(text)
    text = re.sub(r"^(?:on|at|upon|(?-i:to)|(?:in|into|inside)(?=\s+the\s))\s+(?=\S)", "", text.strip(), flags=_I)
    return re.sub(r"^(?:the|a|an)\s+(?=\S)", "", text, flags=_I).strip()


_ENTRY_NOUN = re.compile(
    r"(?<!first)(?<!second)(?<!third)(?<!fourth)(?<!fifth)(?<!last)(?<!next)(?<!menu)(?<!list)(?<!the)(?<!this)(?<!that)"
    r"\s+(?:options?|entry|item|choice|radio(?:[ -]?button)?|radio)$",
    _I,
)


def named_entry(text: str) -> str:
    """A target without a noun for a choice: "Express" for "Express option"."""
    return _ENTRY_NOUN.sub("", text.strip())


def odd_item(item: str, first: str) -> bool:
    """Whether a "list item" is rather a clause that cannot be read: "organise my files"."""
    if VAGUE.search(item) or (item[:1].islower() and len(item.split()) > 2 and re.match(ORDERED, item)):
        return True
    return not re.match(rf"(?:the|a|an)\s|{LITERAL}|[^a-z]", item) and len(item.split()) > 2 and not first[:1].islower()


_ARROWS = re.compile(r"\b(?:arrow[ -]?(up|down|left|right)|(up|down|left|right)[ -]?arrow)\b", _I)
_TWO_WORDS = re.compile(r"\b(page|caps|num|scroll|print|context|volume)[ _-](up|down|lock|screen|menu|mute)\b", _I)
_KEY_NOUN = re.compile(r"\s+(?:keys?|shortcut|(?:key )?combination|key combo|keyboard shortcut|hotkey)$", _I)


def chord(text: str) -> str | None:
    """One chord in words: ``Ctrl + Shift-S``, ``control s``, ``Page Down``, ``the up arrow``. None if it is none."""
    text = re.sub(r"^(?:the|a)\s+(?=\S\S)", "", text.strip(), flags=_I)
    text = _ARROWS.sub(lambda m: m.group(1) or m.group(2), _KEY_NOUN.sub("", text))
    text = _TWO_WORDS.sub(lambda m: m.group(1) + m.group(2), text).replace("⌘", "cmd+")
    text = re.sub(r"\bspace\s*bar\b", "space", text, flags=_I)
    text = re.sub(rf"\b({MODIFIER})(?:\s*[-+]\s*|\s+(?:and|plus|key and)\s+|\s+)(?=\S)", r"\1+", text, flags=_I)
    text = re.sub(r"\s*\+\s*(?=\S)", "+", text) if len(text) > 1 else text
    try:
        return check_chord(text) if text else None
    except ValueError:
        return None


def chords(text: str) -> tuple[str, ...] | None:
    """Chords of a list: ``Tab, Tab and Enter``, ``Down three times``; None if any part is no key. At most 64."""
    if one := chord(text):
        return (one,)
    if m := N_TIMES.search(text):
        inner = chords(text[: m.start()])
        return (inner * number(m["w"] or m["n"]))[:64] or None if inner else None
    parts = [p for p in re.split(r"\s*,\s*(?:and\s+)?|\s+and\s+(?:then\s+)?|\s+then\s+", text) if p]
    read = [chords(p) for p in parts] if len(parts) > 1 else [None]
    return tuple(c for r in read if r for c in r)[:64] if all(read) else None
