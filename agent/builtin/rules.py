"""The grammar: one small rule for each way of saying a step. The first rule that reads a whole clause wins."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from actions.keys import check_key
from agent.builtin import steps as s
from agent.builtin.literals import LITERAL
from agent.builtin.reading import Found, Reader, Rule
from agent.builtin.wording import (
    ART,
    CLICKING,
    COUNT,
    DIALOG,
    FIELD,
    GOES,
    LIST,
    MODIFIER,
    N_TIMES,
    SHOWS,
    TYPING,
    VAGUE,
    bare,
    chord,
    chords,
    number,
)

_I = re.IGNORECASE
Match = re.Match[str]
RULES: list[tuple[re.Pattern[str], Rule]] = []
"""(pattern of a whole clause, what it means), in order of precedence."""


def _rule(pattern: str) -> Callable[[Rule], Rule]:
    def add(rule: Rule) -> Rule:
        RULES.append((re.compile(rf"(?:{pattern})[\s.]*$", _I | re.DOTALL), rule))
        return rule

    return add


# ------------------------------------------------------------------------------------------- conditions and places


@_rule(
    rf"(?:if|in case|should|whenever|any ?time|every time)\s+(?P<c>.+?)\s+(?P<s>{SHOWS})"
    r"(?:\s*[,:]\s*(?:then\s+)?|\s+then\s+|\s+)(?P<then>\S.*)"
)
def _guard(r: Reader, m: Match) -> Found:
    return _guarded(r, m["c"], m["then"])


@_rule(
    r"(?:if|in case|should|whenever)\s+(?:there(?:'s| is| are)|you (?:see|get))\s+(?P<c>.+?)(?:\s*,\s*(?:then\s+)?|"
    r"\s+then\s+)(?P<then>\S.*)"
)
def _guard_there(r: Reader, m: Match) -> Found:
    return _guarded(r, re.sub(rf"\s+{SHOWS}$", "", m["c"], flags=_I), m["then"])


@_rule(rf"(?P<then>.+?),?\s+(?:if|whenever|in case|should)\s+(?P<c>\S.*?)\s+{SHOWS}")
def _guard_after(r: Reader, m: Match) -> Found:
    if re.fullmatch("it|one", m["c"], _I):
        found = r.clause(m["then"])
        return tuple(replace(x, optional=True) for x in found if isinstance(x, s.Dismiss)) or None if found else None
    return _guarded(r, m["c"], m["then"])


@_rule(
    rf"(?:when|once|as soon as|after)\s+(?P<c>.+?)\s+(?P<s>{SHOWS}|(?:has |is |are )?(?:load(?:s|ed)?|ready)|{GOES})"
    r"(?:\s*,\s*(?:then\s+)?|\s+then\s+|\s+)(?P<then>\S.*)"
)
def _when(r: Reader, m: Match) -> Found:
    then = _consequence(r, m["then"], m["c"])
    if then is None:
        return None
    indefinite = re.match(r"(?:an?|any|some)\b", m["c"], _I)
    if indefinite and all(isinstance(x, s.Dismiss) for x in then):
        return (s.Guard(r.target(m["c"]), then),)
    gone = re.fullmatch(GOES, m["s"], _I) is not None
    return (s.WaitFor(r.target(m["c"]), gone=gone), *then)


def _guarded(r: Reader, condition: str, then: str) -> Found:
    steps = _consequence(r, then, condition)
    if not steps:
        return None
    return (s.Guard(re.sub(r"^(?:any|some)\s+", "", r.target(condition)), steps),)


def _consequence(r: Reader, text: str, about: str) -> Found:
    """The steps of a condition's second half, where "it" is what the condition is about."""
    pieces = [re.sub(r"\b(?:it|that|them)\s*$", bare(about), p) for p in re.split(r"\s+and\s+(?:then\s+)?", text)]
    found = [r.clause(p) for p in pieces]
    if all(found):
        return tuple(
            replace(x, source=x.source or r.literals.restore(p))
            for p, f in zip(pieces, found, strict=True)
            for x in f or ()
        )
    whole = r.clause(text)
    return tuple(replace(x, source=x.source or r.literals.restore(text)) for x in whole) if whole else None


@_rule(
    rf"(?:in|from|under|inside|within|using|via|through|with)\s+{ART}(?P<menu>.+?)\s+menu\s*,?\s+(?P<then>(?:click"
    r"|choose|select|pick|open|go to|find|press|hit|tap)\b.+)"
)
def _in_menu(r: Reader, m: Match) -> Found:
    then = r.clause(re.sub(r"^find\b", "click", m["then"], flags=_I))
    return (s.OpenMenu(r.target(m["menu"]) + " menu"), *then) if then else None


@_rule(
    rf"(?:in|into|inside|on)\s+{ART}(?P<field>.+?(?:\s|{LITERAL}\s*){FIELD})\s*,?\s+(?P<then>(?:type|enter|write"
    r"|input|put)\b.+)"
)
def _in_field(r: Reader, m: Match) -> Found:
    then = r.clause(m["then"])
    if then and isinstance(then[0], s.TypeInto) and not then[0].target:
        if re.search(r"\b(?:window|document|page|dialog|console|terminal)$", m["field"], _I):
            return then
        return (replace(then[0], target=r.target(m["field"])), *then[1:])
    return None


@_rule(
    r"(?:under|for|from|in)\s+(?P<list>(?!.*\b(?:dialog|window|app|page|mousepad|panel)\b)[^,]+?)\s*,?\s+"
    r"(?:select|choose|pick)\s+(?P<o>(?:(?!\s(?:from|in|as)\s).)+)"
)
def _choose_under(r: Reader, m: Match) -> Found:
    return (s.Choose(_option(r, m["o"]), _list_name(r, m["list"])),)


@_rule(
    r"use\s+(?:the\s+)?(?P<menu>[^,]+?)\s+menu\s+to\s+(?:click\s+|choose\s+|select\s+)?(?P<t>\S+(?:"
    r"\s+[A-Za-z.…]+){0,3})"
)
def _use_menu(r: Reader, m: Match) -> Found:
    return (s.OpenMenu(r.target(m["menu"]) + " menu"), s.ClickOn(r.target(m["t"])))


@_rule(r"(?:in|on|inside|within|at|from|using|with)\s+(?P<where>[^,]+?)\s*,\s*(?P<then>\S.*)")
def _in_place(r: Reader, m: Match) -> Found:
    return r.clause(m["then"])


@_rule(
    r"(?:in|on|inside|within|from|using)\s+(?P<where>[^,]{1,40}?)\s+(?P<then>(?:click|type|press|open|choose|select"
    r"|tap|check|tick|enter|scroll|set|drag)\b.+)"
)
def _in_place_no_comma(r: Reader, m: Match) -> Found:
    return r.clause(m["then"])


# ------------------------------------------------------------------------------------------- typing

_TYPE = r"(?:type|write|enter|input|insert|put|key in|fill in|fill)(?:\s+(?:in|out|down))?"
_WHAT = (
    r"(?:the\s+)?(?:exact\s+)?(?:(?:text|words?|string|phrase|value|line|sentence|number|following)\s+)?"
    r"(?:exactly\s+)?:?\s*"
)
_AND_ENTER = r"(?:\s+(?:and|then|,)\s*(?:press|hit)\s+enter)?"


@_rule(
    rf"(?:type|write|enter|put|input)\s+(?P<texts>{LITERAL}(?:\s*(?:,|and|,\s*and)\s*{LITERAL})+)\s+(?:on|in|as"
    r"|into)\s+(?:\w+\s+)?(?:separate\s+|different\s+)?lines(?P<rest>.*)"
)
def _lines(r: Reader, m: Match) -> Found:
    target = re.match(r"\s+(?:in|into|of)\s+(?P<t>.+)", m["rest"])
    text = "\n".join(r.literals.all_of(m["texts"]))
    return (s.TypeInto(text, r.target(target["t"]) if target else ""),)


@_rule(
    rf"(?:type|write|enter|put)\s+(?P<one>{LITERAL})\s+(?:on|in)\s+the\s+first\s+line\s*,?\s*(?:and|then|,)?\s*"
    r"(?:then\s+)?"
    rf"(?:type\s+)?(?P<two>{LITERAL})\s+(?:on|in)\s+the\s+(?:second|next|last)(?:\s+line)?"
)
def _first_and_second(r: Reader, m: Match) -> Found:
    return (s.TypeInto(r.literals.content(m["one"]) + "\n" + r.literals.content(m["two"])),)


@_rule(
    rf"(?:type|write|enter|put)\s+(?:{_WHAT})(?P<text>{LITERAL})\s*,?\s+(?P<how>on\s+(?:the|a|one)\s+(?:first|single"
    r"|one|same|next|new|second)"
    r"\s*(?:lines?|one)?|in\s+(?:one|a\s+single)\s+line|as\s+(?:the\s+)?(?:first|next|second)\s+line|followed\s+by"
    r"\s+(?:enter|return)|and\s+(?:a\s+)?new\s*line)"
)
def _on_a_line(r: Reader, m: Match) -> Found:
    typed = s.TypeInto(r.literals.content(m["text"]))
    if re.search(r"next|new line|second", m["how"], _I) and m["how"].lower().startswith(("on", "as")):
        return (s.Press(("enter",)), typed)
    return (typed, s.Press(("enter",))) if re.search("followed|and", m["how"], _I) else (typed,)


@_rule(rf"{_TYPE}\s+{_WHAT}(?P<text>{LITERAL})\s+(?:in|into|in to|inside|within|to|on|at|as|for)\s+(?P<t>.+)")
def _type_quoted_into(r: Reader, m: Match) -> Found:
    return (_type_list(r, m) if re.search(LITERAL, m["t"]) else None) or _typed(r, m["text"], m["t"])


@_rule(rf"{_TYPE}\s+{_WHAT}(?P<text>.+)\s+into\s+(?P<t>(?:(?!\s+(?:and|,)\s+).)+)")
def _type_into(r: Reader, m: Match) -> Found:
    return _type_list(r, m) or _typed(r, m["text"], m["t"])


@_rule(
    rf"{_TYPE}\s+{_WHAT}(?P<text>.+)\s+(?:in|inside|on|to|at)\s+(?P<t>(?:(?:the|your|this|that)\s+)?[^,]*?(?:{FIELD}"
    rf"|{LITERAL}))"
)
def _type_in(r: Reader, m: Match) -> Found:
    return _type_list(r, m) or _typed(r, m["text"], m["t"])


@_rule(rf"{_TYPE}\s+{_WHAT}(?P<text>.+)\s+in\s+(?P<t>the\s+[^,]+)")
def _type_in_the(r: Reader, m: Match) -> Found:
    return _typed(r, m["text"], m["t"])


@_rule(r"(?:enter|type|put|use|input)\s+(?P<text>.+?)\s+(?:as|for)\s+(?:the|your|my|its)\s+(?P<t>[^,]+)")
def _type_as(r: Reader, m: Match) -> Found:
    pairs = _pairs(r"(.+?)\s+(?:as|for)\s+(?:(?:the|your|my|its)\s+)?(.+)", f"{m['text']} as {m['t']}")
    if pairs and len(pairs) > 1:
        return tuple(s.TypeInto(r.lit(text), r.target(t), replace=True) for text, t in pairs)
    return (s.TypeInto(r.lit(m["text"]), r.target(m["t"]), replace=True),)


@_rule(
    rf"(?:type|write|enter|input)\s+(?:in|into|inside|on)\s+{ART}(?P<t>[^:]+?)(?:\s*(?:text|words?|value))?(?:"
    rf"\s*[:,]\s*|\s+)(?:exactly\s*)?(?P<text>{LITERAL})"
)
def _type_into_first(r: Reader, m: Match) -> Found:
    return (s.TypeInto(r.lit(m["text"]), r.target(m["t"])),)


@_rule(rf"(?:type|write|enter|input)\s+(?:in|into|inside)\s+{ART}(?P<t>[^:]+?)\s*:\s*(?P<text>.+)")
def _type_into_colon(r: Reader, m: Match) -> Found:
    return (s.TypeInto(r.lit(m["text"]), r.target(m["t"])),)


@_rule(
    rf"(?:fill|complete|populate)\s+(?:in\s+|out\s+)?(?P<t>.+?)\s+(?:with|as|using|by typing)\s+(?:{_WHAT})"
    r"(?P<text>.+)"
)
def _fill(r: Reader, m: Match) -> Found:
    pairs = _pairs(r"(.+?)\s+(?:with|as)\s+(.+)", f"{m['t']} with {m['text']}")
    if pairs and len(pairs) > 1:
        return tuple(s.SetTo(r.target(t), r.lit(text)) for t, text in pairs)
    return (s.SetTo(r.target(m["t"]), r.lit(m["text"])),)


@_rule(rf"replace\s+(?P<t>.+?(?:{FIELD}|text|content|contents|value))\s+(?:with|by)\s+(?P<text>.+)")
def _replace(r: Reader, m: Match) -> Found:
    where = re.sub(r"^(?:the )?(?:text|contents?|value)(?: (?:in|of) )?", "", m["t"], flags=_I)
    return (s.TypeInto(r.lit(m["text"]), r.target(where), replace=True),)


def _typed(r: Reader, text: str, target: str) -> Found:
    kind = re.fullmatch(
        r"(?:(?:the|a)\s+)?(?:\w+\s+)?(?:lines?|quotes|capitals|uppercase|lowercase|bold|german|english)",
        target.strip(),
        _I,
    )
    if kind:
        return None
    name = r.target(re.sub(r"\s+(?:as|with)\s+(?:is|text)$", "", target))
    general = re.fullmatch(
        r"(?:text )?(?:document|window|terminal|console|page|prompt|command line|xterm|mousepad|shell)(?: window)?",
        name,
        _I,
    )
    return (s.TypeInto(r.lit(text), "" if general else name),)


def _pairs(pattern: str, text: str) -> list[tuple[str, str]] | None:
    """The (first, second) of each item of a list, where every item has the pattern."""
    read = [re.fullmatch(pattern, item.strip(), _I | re.DOTALL) for item in LIST.split(text)]
    return [(m[1], m[2]) for m in read if m] if all(read) else None


def _type_list(r: Reader, m: Match) -> Found:
    """ "Bob into Name and Smith into Surname"."""
    pairs = _pairs(r"(.+?)\s+(?:into|in)\s+(.+)", f"{m['text']} into {m['t']}")
    if pairs is None or len(pairs) < 2:
        return None
    return tuple(s.TypeInto(r.lit(text), r.target(t)) for text, t in pairs)


@_rule(
    rf"search\s+(?:(?:in|on|using)\s+)?(?P<where>.*?)\s*\bfor\s+(?P<text>{LITERAL})(?:\s+(?:in|on|using)\s+"
    r"(?P<w2>.+))?"
)
def _search(r: Reader, m: Match) -> Found:
    return (s.TypeInto(r.lit(m["text"]), r.target(m["w2"] or m["where"] or "search field"), replace=True, submit=True),)


@_rule(
    rf"search\s+(?:for\s+|up\s+)?(?P<text>.+?)(?:\s+(?:in|on|using)\s+(?P<w>{ART}(?:search\s*(?:bar|box|field"
    r"|input)?|.+?\s+field)))?"
)
def _search_in(r: Reader, m: Match) -> Found:
    vague = VAGUE.search(m["text"]) or re.match(r"(?:an?|any)\s", m["text"], _I) or len(m["text"].split()) > 6
    if vague and not m["w"]:
        return None
    return (s.TypeInto(r.lit(m["text"]), r.target(m["w"] or "search field"), replace=True, submit=True),)


# ------------------------------------------------------------------------------------------- waiting and looking


@_rule(
    rf"(?:wait|pause|sleep)\s+(?:for\s+)?(?:about\s+|another\s+)?(?:{COUNT}|(?P<f>\d*\.\d+)|(?P<one>an?))\s*"
    r"(?P<unit>s|secs?|seconds?|ms|milliseconds?|m|mins?|minutes?)(?: or so)?"
)
def _pause(r: Reader, m: Match) -> Found:
    n = float(m["f"]) if m["f"] else float(number(m["n"]))
    unit = m["unit"].lower()
    return (s.Pause(n / 1000 if unit.startswith(("ms", "mil")) else n * 60 if unit.startswith("m") else n),)


@_rule(r"(?:wait|pause)(?:\s+(?:for\s+)?(?:an?\s+)?(?:moment|bit|little(?: while)?|while|second|sec))?")
def _pause_short(r: Reader, m: Match) -> Found:
    return (s.Pause(1.0),)


@_rule(
    rf"wait\s+(?:until|till|for)\s+(?P<c>.+?)\s+(?:to\s+)?(?:{GOES}|be (?:gone|closed|hidden)|disappear|vanish|close"
    r"|go away|finish)"
)
def _wait_gone(r: Reader, m: Match) -> Found:
    return (s.WaitFor(r.target(m["c"]), gone=True),)


@_rule(
    rf"wait\s+(?:until|till|for)\s+(?:you\s+(?:can\s+)?see\s+|there\s+is\s+)?(?P<c>.+?)"
    rf"(?:\s+(?:{SHOWS}|to\s+(?:appear|show(?: up)?|pop up|come up|open|be (?:shown|displayed|visible|ready|open))))?"
    r"(?:\s+(?:on|in|at)\s+the\s+(?:screen|window|page|display))?"
)
def _wait_for(r: Reader, m: Match) -> Found:
    loads = re.fullmatch(
        r"(.+?)\s+(?:to\s+load|loads|to\s+settle|to be loaded|is loaded|has loaded|is ready)", m["c"], _I
    )
    if loads and re.fullmatch(
        r"(?:the\s+)?(?:new\s+)?(?:page|screen|app|site|website|window|it|results?)", loads[1], _I
    ):
        return (s.Pause(1.5),)
    says = re.fullmatch(r"(.+?)\s+(?:shows|says|reads|displays|contains)\s+(.+)", m["c"], _I)
    return (s.WaitFor(r.target(says[2] if says else loads[1] if loads else m["c"])),)


@_rule(
    r"(?:verify|make sure|ensure|confirm|check|see)\s+(?:that\s+)?(?P<t>.+?)\s+(?:is|are)\s+(?P<s>un|not\s+)?"
    r"(?P<v>checked|ticked|selected|enabled|disabled|off|on|active|switched on|switched off|turned on|turned off)"
)
def _ensure(r: Reader, m: Match) -> Found:
    on = not re.search(r"off|disabled", m["v"], _I)
    return r.many(m["t"], lambda t: s.SetChecked(t, on != bool(m["s"])))


@_rule(
    rf"(?:verify|make sure|ensure|check|confirm|see)\s+(?:that\s+)?(?P<c>.+?)\s+(?:{SHOWS}|(?:is|has) (?:opened"
    r"|loaded|appeared))"
)
def _verify(r: Reader, m: Match) -> Found:
    return (s.WaitFor(r.target(m["c"])),)


@_rule(r"(?:leave|keep)\s+(?P<t>.+?)\s+(?P<v>checked|ticked|on|enabled|unchecked|unticked|off|disabled)")
def _leave(r: Reader, m: Match) -> Found:
    return r.many(m["t"], lambda t: s.SetChecked(t, m["v"].lower() in ("checked", "ticked", "on", "enabled")))


@_rule(
    r"(?:(?:(?:please\s+)?(?:tell|show|give)\s+me|answer(?:\s+with)?|report(?:\s+back)?|return|say|note|read(?:\s+"
    r"(?:out|aloud|off|me))?|"
    r"what(?:'s|\s+is|\s+are|\s+does)?|which|how (?:many|much))\s+)(?P<q>.+)"
)
def _tell(r: Reader, m: Match) -> Found:
    question = re.sub(r"^(?:what|which|that|the\s+answer\s+to|me)\s+", "", m["q"].strip(), flags=_I)
    question = re.sub(r"^(?:is|are|does)\s+", "", question, flags=_I)
    question = re.sub(r"\s+(?:shows?|says?|reads?|displays?|is|contains?|is showing)$", "", question, flags=_I)
    question = re.sub(
        (
            r"^(?:text|value|number|word|content|contents|message)s?\s+(?:shown |displayed |written |that is )?"
            r"(?:in|on|of|by|shown)\s+"
        ),
        "",
        question,
        flags=_I,
    )
    return (s.Tell(r.target(question)),) if question else None


# ------------------------------------------------------------------------------------------- keys and buttons


@_rule(r"(?:press|hit|click|tap|use)?\s*(?:on\s+)?(?:the\s+)?(?P<b>back|home|recents?|recent apps|overview)\s+button")
def _system(r: Reader, m: Match) -> Found:
    name = {"back": "back", "home": "home"}.get(m["b"].lower(), "recents")
    return (s.SystemButton(name),)  # type: ignore[arg-type]


@_rule(
    r"(?:go|get|navigate|move|return)\s+back(?:\s+(?:once|one (?:page|screen|step)|"
    r"(?:to|from)\s+(?!.*\b(?:tab|button|field)\b)(?!(?:the\s+)?home(?:\s*screen)?$).+))?"
    r"|(?:go|return)\s+to\s+the\s+(?:previous|last)\s+(?:page|screen)"
)
def _back(r: Reader, m: Match) -> Found:
    return (s.SystemButton("back"),)


@_rule(r"(?:go|navigate|return)\s+(?:back\s+)?(?:to\s+(?:the\s+)?)?(?:home(?:\s*screen)?|home page of the phone)")
def _home(r: Reader, m: Match) -> Found:
    return (s.SystemButton("home"),)


@_rule(r"go\s+forward|(?P<re>(?:refresh|reload)(?:\s+(?:the\s+)?(?:page|tab|window|site))?)")
def _forward(r: Reader, m: Match) -> Found:
    return (s.SystemButton("reload" if m["re"] else "forward"),)


_ALL = (
    r"(?:(?:all|everything|(?:all\s+)?the\s+(?:whole\s+|entire\s+|selected\s+)?(?:text|selection|document"
    r"|contents?)|it|that))"
)


@_rule(
    rf"(?P<v>copy|paste|cut|undo|redo|select all|select everything|quit|print|save)(?:\s+(?P<what>{_ALL}|the file"
    r"|the document|the app(?:lication)?|the program|the last (?:action|change|step)|the page|file))?"
)
def _edit(r: Reader, m: Match) -> Found:
    verb, what = m["v"].lower(), (m["what"] or "").lower()
    keys = {"copy": "c", "paste": "v", "cut": "x", "undo": "z", "redo": "y", "quit": "q", "print": "p", "save": "s"}
    if verb.startswith("select"):
        return (s.Press(("ctrl+a",)),)
    whole = verb in ("copy", "cut") and re.search(r"\ball|everything|whole|entire", what)
    return (s.Press((("ctrl+a",) if whole else ()) + (f"ctrl+{keys[verb]}",)),)


@_rule(rf"select\s+{_ALL}|highlight\s+{_ALL}")
def _select_all(r: Reader, m: Match) -> Found:
    return None if re.search(r"\b(?:it|that)$", m.group(), _I) else (s.Press(("ctrl+a",)),)


@_rule(r"paste(?:\s+(?:it|that|the text|the clipboard))?\s+(?:in|into|to)\s+(?P<t>.+)")
def _paste_into(r: Reader, m: Match) -> Found:
    return (s.ClickOn(r.target(m["t"])), s.Press(("ctrl+v",)))


@_rule(
    r"(?:save|store)\s+(?:it|the file|the document|this|the text|file|that)?\s*(?:as|under(?:\s+the\s+name)?|named"
    rf"|to)\s+(?:the\s+(?:name|file)\s+)?(?P<name>\S+|{LITERAL})"
)
def _save_as(r: Reader, m: Match) -> Found:
    return (s.Press(("ctrl+shift+s",)), s.TypeInto(r.lit(m["name"])), s.Press(("enter",)))


@_rule(
    r"(?:press|hit|push|strike|use|send|click|type|tap)\s+(?P<keys>.+?)\s+(?:by\s+clicking|with\s+clicks|by"
    r"\s+pressing|by\s+mouse|using\s+the\s+buttons)(?:\s+.*)?"
)
def _keys_by_clicking(r: Reader, m: Match) -> Found:
    return _buttons(r, m["keys"])


@_rule(
    r"(?:calculate|compute|work out|evaluate|add up)\s+(?P<sum>[\d\s.+*/×÷−x()^%-]+?)\s*(?P<eq>=)?(?:\s+(?:by|with"
    r"|using|on)\b.*)?"
)
def _calculate(r: Reader, m: Match) -> Found:
    return _buttons(r, m["sum"] + " =")


def _buttons(r: Reader, text: str) -> Found:
    """The buttons of a sum or list, one click each."""
    items = [
        i
        for i in re.split(
            r"\s*,\s*(?:and\s+|then\s+)?|\s+and\s+(?:then\s+)?|\s+then\s+|\s+", r.literals.content(text).strip()
        )
        if i
    ]
    if any(re.fullmatch(r"[-+*/×÷−=]", i) for i in items) or len(items) == 1:
        items = [
            c
            for i in items
            for c in (re.findall(r"\d|[^\d\s]", i) if re.fullmatch(r"[\d\s.+*/×÷−=()^%-]+", i) else [i])
        ]
    return tuple(s.ClickOn(i, source=f"click {i}") for i in items) or None


@_rule(
    r"(?:press|hit|push|click|tap|enter)\s+(?P<keys>[\d.]+(?:\s*[-+*/×÷−=x]\s*[\d.]*)+|(?:[\d.+*/×÷−=x-]\s*,\s*)+"
    r"(?:and\s+)?[\d.+*/×÷−=x-](?:\s*(?:,|and)\s*(?:and\s+)?[\d.+*/×÷−=x-])*|(?:\d+\s+)+\d+)(?:\s+(?:buttons?"
    r"|keys?))?"
)
def _sum(r: Reader, m: Match) -> Found:
    return _buttons(r, re.sub(r"(?<=[\d\s])x(?=[\d\s])", "*", m["keys"]))


@_rule(r"(?:press|hit|push|strike|use|send|type)\s+(?P<keys>.+)")
def _press(r: Reader, m: Match) -> Found:
    text = (
        re.sub(r"\s+to\s+(?!the\s)\w+\b.*$", "", m["keys"].strip())
        if m.group().lower().startswith("use")
        else m["keys"].strip()
    )
    if re.search(LITERAL, text) or re.match(r"type\b", m.group(), _I):
        return None
    alone = re.sub(r"\s+button$", "", text, flags=_I)
    read = chords(alone) or chords(re.sub(r"^(?:the\s+)?(?:keys?|shortcut|combination)\s+", "", alone, flags=_I))
    if read is None:
        return None
    said_key = re.search(r"\bkeys?\b|[+]\S|twice|times", text, _I) or chord(alone) is None
    sure = (
        r"(?:enter|return|escape|esc|tab|backspace|f\d+|page ?(?:up|down)|up|down|left|right|.*\+.+|(?:ctrl|alt"
        r"|shift|control)\b.*)"
    )
    if said_key or (re.fullmatch(sure, alone, _I) and alone == text):
        return (s.Press(read),)
    return (s.Press(read, perhaps=r.target(alone)),)


@_rule(r"(?:submit|send)(?:\s+(?:the\s+form|it|the\s+data))?")
def _submit(r: Reader, m: Match) -> Found:
    return (s.ClickOn(m.group().split()[0].capitalize() + " button"),)


@_rule(
    rf"save\s+(?:it|the\s+file|this|the\s+document)\s+(?:(?:as|under(?:\s+the\s+name)?)\s+(?P<name>{LITERAL}|\S+)"
    r"\s+)?(?:through|via|with|using|from|by)\s+(?:the\s+)?(?:menus?|(?:file|File)\s+menu)(?P<path>\s*[:,]?"
    r"\s*.*>.*)?"
)
def _save_by_menu(r: Reader, m: Match) -> Found:
    steps: tuple[s.Instruction, ...] = (
        s.OpenMenu("File menu"),
        s.ClickOn("Save As..." if m["name"] or not m["path"] else bare(_PATH.split(m["path"])[-1])),
    )
    return steps + ((s.TypeInto(r.lit(m["name"])), s.Press(("enter",))) if m["name"] else ())


@_rule(r"enter|return")
def _enter(r: Reader, m: Match) -> Found:
    return (s.Press(("enter",)),)


@_rule(r"hold\s+(?:down\s+)?(?P<t>.+?)(?:\s+for\s+(?P<n>\d+(?:\.\d+)?)\s*s(?:ec(?:ond)?s?)?)?")
def _hold(r: Reader, m: Match) -> Found:
    return (s.Hold(r.target(m["t"]), float(m["n"] or 1)),) if chord(m["t"]) is None else None


# ------------------------------------------------------------------------------------------- dialogs


@_rule(
    rf"(?P<v>dismiss|close|cancel|get rid of|clear away|accept|confirm|acknowledge|decline|reject|deny|ok)\s+"
    rf"(?:(?:the|any|that|this|an?|every)\s+)?(?P<t>(?:[^,]*?\s)?{DIALOG}(?:\s+(?!(?:that|which|if|when))\S+){{0,3}}?)"
    rf"(?P<c>,?\s+(?:that|which|if|when(?:ever)?|should|once|as soon as|in case)\b.*)?"
)
def _dismiss(r: Reader, m: Match) -> Found:
    how = {"cancel": "cancel", "decline": "cancel", "reject": "cancel", "deny": "cancel"}.get(m["v"].lower(), "")
    how = "ok" if m["v"].lower() in ("accept", "confirm", "acknowledge", "ok") else how
    optional = bool(re.search(r"\b(?:if|should|whenever|in case|may|might|any)\b", (m["c"] or "") + m.group()[:24], _I))
    return (s.Dismiss(r.target(m["t"]), how, optional),)


@_rule(r"(?:dismiss|get rid of)\s+(?P<t>[^,]+?)(?P<c>\s+(?:that|which|if|when)\b.*)?")
def _dismiss_any(r: Reader, m: Match) -> Found:
    return (s.Dismiss(r.target(m["t"]), "", bool(re.search(r"\bif\b", m["c"] or "", _I))),)


# ------------------------------------------------------------------------------------------- pointing

_CLICK = r"(?:(?:left[- ])?click|tap|touch|press|push|hit|single[- ]click|activate|follow)"


@_rule(
    r"(?P<v>.*?(?:click|tap|press|move|hover)\w*)\s+(?:on\s+|at\s+|to\s+)?(?:(?:the\s+)?(?:point|position"
    r"|coordinates?|pixel|location)\s*)?(?:at\s+)?\(?\s*(?P<x>\d+(?:\.\d+)?)\s*,\s*(?P<y>\d+(?:\.\d+)?)\s*\)?"
)
def _at_pixel(r: Reader, m: Match) -> Found:
    if "(" not in m.group() and not re.search(r"\bat\b|point|position|coord|pixel|location", m.group(), _I):
        return None
    found = r.clause(m["v"] + " it")
    if not found or not isinstance(found[0], s.ClickOn):
        return None
    return (replace(found[0], target=f"({m['x']}, {m['y']})", at=(float(m["x"]), float(m["y"]))),)


@_rule(r"either-click\s+(?P<t>.+)")
def _either(r: Reader, m: Match) -> Found:
    name = r.target(m["t"])
    otherwise = r.clause(m["t"])
    return (s.Either(name, s.ClickOn(name), otherwise),) if otherwise else None


@_rule(
    r"(?:long[- ]?(?:press|click|tap)|press long)(?:ing)?\s+(?:on\s+)?(?P<t>.+?)(?:\s+for\s+(?P<n>\d+(?:\.\d+)?)"
    r"\s*s(?:ec(?:ond)?s?)?)?"
)
def _long_press(r: Reader, m: Match) -> Found:
    return (s.Hold(r.target(m["t"]), float(m["n"] or 1)),)


@_rule(r"(?P<n>double|triple|two|three)[- ]?(?:left[- ]?)?(?:click|tap)\s+(?P<t>.+)")
def _multi_click(r: Reader, m: Match) -> Found:
    count = 2 if m["n"].lower() in ("double", "two") else 3
    return r.many(m["t"], lambda t: s.ClickOn(t, count=count))


@_rule(
    r"(?P<b>right|middle|secondary)[- ]?(?:mouse[- ])?(?:click|tap)\s+(?P<t>.+)|(?:click|press)\s+(?:on\s+)?"
    r"(?P<t2>.+?)\s+(?:with|using)\s+(?:the\s+)?(?P<b2>right|middle|left)(?:\s+mouse)?\s+button"
)
def _other_button(r: Reader, m: Match) -> Found:
    button = (m["b"] or m["b2"]).lower().replace("secondary", "right")
    return r.many(m["t"] or m["t2"], lambda t: s.ClickOn(t, button=button))  # type: ignore[arg-type]


@_rule(
    rf"(?P<k>(?:{MODIFIER}[-+ ]+)+)(?P<n>double[- ]?)?(?:click|tap)\s+(?P<t>.+)|(?:click|tap)\s+(?P<t2>.+?)\s+"
    rf"(?:while|with)\s+(?:holding\s+|pressing\s+)?(?:down\s+)?(?:the\s+)?(?P<k2>{MODIFIER}(?:[-+]{MODIFIER})*)(?:"
    r"\s+key)?(?:\s+(?:held|pressed|down))*"
)
def _held_click(r: Reader, m: Match) -> Found:
    keys = tuple(check_key(k) for k in re.split(r"[-+ ]+", m["k"] or m["k2"]) if k)
    return r.many(m["t"] or m["t2"], lambda t: s.ClickOn(t, count=2 if m["n"] else 1, keys=keys))


@_rule(
    r"(?:hover|mouse|point)\s+(?:the\s+(?:mouse|pointer|cursor)\s+)?(?:over|on|at|to|above)\s+(?P<t>.+)|(?:move|put"
    r"|place|bring)\s+(?:the\s+)?(?:mouse|pointer|cursor)(?:\s+(?:pointer|cursor))?\s+(?:to|over|on|onto|above|at)"
    r"\s+(?P<t2>.+)|hover\s+(?P<t3>.+)"
)
def _hover(r: Reader, m: Match) -> Found:
    return (s.Hover(r.target(m["t"] or m["t2"] or m["t3"])),)


# ------------------------------------------------------------------------------------------- scrolling and dragging

_WAY = r"(?P<way>up|down|left|right)(?:wards?)?"
_FAR = (
    r"(?P<far>(?:all\s+the\s+way(?:\s+(?:up|down))?(?:\s+to\s+the\s+(?:\w+\s+)?(?:top|bottom|end|beginning"
    r"|start))?|(?:back\s+)?to\s+the\s+(?:very\s+)?(?:top|bottom|end|beginning|start))(?:\s+of\s+(?P<of>.+))?)"
)


@_rule(rf"(?:scroll|swipe|page)\s+(?:the\s+(?:page|screen|list|window)\s+)?(?:{_WAY}\s+)?{_FAR}")
def _scroll_far(r: Reader, m: Match) -> Found:
    up = (m["way"] or "").lower() == "up" or re.search(r"\b(?:top|beginning|start|up)\b", m["far"], _I)
    side = (m["way"] or "").lower()
    way = side if side in ("left", "right") else "up" if up else "down"
    where = (
        "" if re.fullmatch(r"(?:the\s+)?(?:page|screen|window|document)", m["of"] or "page", _I) else r.target(m["of"])
    )
    return (s.ScrollTo(way, edge=True, where=where),)  # type: ignore[arg-type]


@_rule(
    r"(?:keep\s+)?(?:scroll|swipe|page)(?:ing)?\s*(?:(?:in|on|over|through)?\s*(?P<w1>(?:the|this)\s+.+?)\s+)?"
    rf"(?:{_WAY})?(?:\s+(?:in|on|over|through|inside)\s+(?P<w2>.+?))?"
    r"\s+(?:until|till|to\s+(?:find|see|reach|view|get to|locate)|(?P<to>to))\s+(?:(?:you\s+(?:can\s+)?|i\s+(?:can"
    rf"\s+)?)?(?:see|find|reach)\s+)?(?P<c>.+?)(?:\s+{SHOWS})?"
)
def _scroll_until(r: Reader, m: Match) -> Found:
    way = _content_way(m)
    if re.fullmatch(r"(?:the\s+)?(?:left|right)", m["c"], _I):
        return (s.ScrollTo(m["c"].split()[-1].lower()),)  # type: ignore[arg-type]
    return (s.ScrollTo(way, until=r.target(m["c"]), where=_where(r, m["w1"] or m["w2"])),)  # type: ignore[arg-type]


@_rule(
    rf"(?:scroll|swipe|page)\s*(?:(?P<w1>(?:the|this)\s+.+?)\s+)?(?:to\s+the\s+)?{_WAY}"
    rf"(?P<much>(?:\s+(?:by\s+)?(?:{COUNT}\s+(?:times|notch(?:es)?|steps?|pages?|clicks?|lines?|ticks?|screens?)|"
    r"(?P<w>once|twice)|(?:a|one)\s+(?:bit|little|page|screen|notch|lot|step)(?:\s+more)?|half a page|slightly|more"
    r"|again|further))*)"
    r"(?:\s+(?:in|on|over|at|through|inside|the)\s+(?P<w2>(?:(?!\s+(?:to|for)\s).)+))?(?:\s+for\s+.*)?"
)
def _scroll(r: Reader, m: Match) -> Found:
    much = m["much"].lower()
    times = number(m["n"] or m["w"]) * (3 if re.search(r"page|screen|lot", much) else 1)
    return (s.ScrollTo(_content_way(m), times=min(times, 20), where=_where(r, m["w1"] or m["w2"])),)  # type: ignore[arg-type]


def _content_way(m: Match) -> str:
    """Which way the content is looked at; a finger that swipes up shows what is further down."""
    way = (m["way"] or "down").lower()
    swiped = m.group().lower().startswith("swipe") and m["way"]
    return {"up": "down", "down": "up", "left": "right", "right": "left"}[way] if swiped else way


def _where(r: Reader, text: str | None) -> str:
    name = r.target(text or "")
    return "" if re.fullmatch(r"(?:whole |entire )?(?:page|screen|window|app|document|article)?", name, _I) else name


_SLIDER = (
    r"(?P<t>.*?\b(?:slider|scale|knob|handle|thumb|volume|brightness|seek bar|scroll ?bar|trackbar)\b(?:\s+"
    r"(?:slider|scale|handle|thumb|knob))?)"
)


@_rule(
    rf"(?:drag|move|slide|set|push|pull|adjust|change|turn|increase|decrease|raise|lower|bring)\s+{_SLIDER}(?:\s+"
    r"(?:up|down|over))?\s+to\s+(?:the\s+value\s+|about\s+|around\s+)?(?:of\s+)?(?P<v>-?\d+(?:[.,]\d+)?)\s*(?P<pc>%"
    r"|percent|per cent)?|(?:slide|drag)\s+(?P<t2>.+?)\s+to\s+(?P<v2>-?\d+(?:\.\d+)?)\s*(?P<pc2>%|percent)?"
)
def _slide(r: Reader, m: Match) -> Found:
    value = float((m["v"] or m["v2"]).replace(",", "."))
    return (s.Slide(_slider_name(r, m["t"] or m["t2"]), value, percent=bool(m["pc"] or m["pc2"])),)


@_rule(
    rf"(?:drag|move|slide|set|push|pull|turn|bring)\s+{_SLIDER}\s+(?:(?:all\s+the\s+way|fully|completely|entirely)"
    r"\s+)?(?:to|towards)?\s*(?:the\s+|its\s+)?(?:far\s+|very\s+)?(?P<e>right|left|max(?:imum)?|min(?:imum)?|top"
    r"|bottom|end|start|beginning|middle|cent(?:er|re)|half(?:way)?|highest|lowest|full|zero)(?:\s*-?\s*(?:most)?"
    r"\s*(?:end|edge|side|position|value|way))*"
)
def _slide_end(r: Reader, m: Match) -> Found:
    end = m["e"].lower()
    low, half = (
        end in ("left", "min", "minimum", "bottom", "start", "beginning", "lowest", "zero"),
        end.startswith(("mid", "cent", "half")),
    )
    return (s.Slide(_slider_name(r, m["t"]), 50 if half else 0 if low else 100, percent=True),)


def _slider_name(r: Reader, text: str) -> str:
    name = re.sub(r"\s+(?:handle|thumb|knob)$", "", r.target(text), flags=_I)
    return re.sub(r"^(?:handle|thumb|knob) of (?:the )?", "", name, flags=_I)


@_rule(
    r"drag\s+(?P<t>.+?)\s+(?:by\s+)?(?P<n>\d+)\s*(?:px|pixels?)?\s+(?:to\s+the\s+)?(?P<way>left|right|up|down)"
    r"(?:wards?)?|drag\s+(?P<t2>.+?)\s+(?:to\s+the\s+)?(?P<way2>left|right|up|down)(?:wards?)?\s+by\s+(?P<n2>\d+)"
    r"\s*(?:px|pixels?)?"
)
def _drag_by(r: Reader, m: Match) -> Found:
    n, way = int(m["n"] or m["n2"]), (m["way"] or m["way2"]).lower()
    dx, dy = {"left": (-n, 0), "right": (n, 0), "up": (0, -n), "down": (0, n)}[way]
    return (s.DragTo(r.target(m["t"] or m["t2"]), by=(dx, dy)),)


@_rule(
    r"(?:drag|pull)\s+(?:from\s+)?(?P<a>.+?)\s+(?:and\s+drop\s+it\s+)?(?:to|onto|on|into|over|over to|in)\s+(?:the"
    r"\s+top\s+of\s+)?(?P<b>.+)|move\s+(?P<a2>.+?)\s+(?:onto|into|over to)\s+(?P<b2>.+)"
)
def _drag(r: Reader, m: Match) -> Found:
    return (s.DragTo(r.target(m["a"] or m["a2"]), r.target(m["b"] or m["b2"])),)


# ------------------------------------------------------------------------------------------- values


@_rule(
    r"(?:check|tick|enable|activate|turn\s+on|switch\s+on|mark|toggle\s+on)\s+(?!(?:whether|if|that|for|how|what"
    r"|the\s+weather|out|my)\b)(?P<t>.+)"
)
def _check(r: Reader, m: Match) -> Found:
    return r.many(m["t"], lambda t: s.SetChecked(t, True))


@_rule(
    r"(?:uncheck|untick|un-check|deselect|unselect|disable|deactivate|turn\s+off|switch\s+off|unmark|toggle\s+off)"
    r"\s+(?P<t>.+)"
)
def _uncheck(r: Reader, m: Match) -> Found:
    return r.many(m["t"], lambda t: s.SetChecked(t, False))


@_rule(r"(?:turn|switch|toggle)\s+(?P<t>.+?)\s+(?P<v>on|off)")
def _turn(r: Reader, m: Match) -> Found:
    return r.many(m["t"], lambda t: s.SetChecked(t, m["v"].lower() == "on"))


@_rule(r"(?:put|place)\s+a\s+(?:check|tick)(?:\s*mark)?\s+(?:in|on|next\s+to|at|beside)\s+(?P<t>.+)")
def _put_check(r: Reader, m: Match) -> Found:
    return (s.SetChecked(r.target(m["t"]), True),)


@_rule(r"(?:toggle|flip)\s+(?P<t>.+)")
def _toggle(r: Reader, m: Match) -> Found:
    return r.many(m["t"], lambda t: s.SetChecked(t, None))


@_rule(r"(?:set|change|adjust|make|switch)\s+(?P<t>.+?)\s+(?:to\s+be|to|as|equal to|=)\s+(?P<v>.+)")
def _set(r: Reader, m: Match) -> Found:
    pairs = _pairs(r"(.+?)\s+to\s+(.+)", f"{m['t']} to {m['v']}")
    if pairs and len(pairs) > 1:
        return tuple(s.SetTo(r.target(t), r.lit(v)) for t, v in pairs)
    if re.match(r"(?:sure|it)\b", m["t"], _I):
        return None
    return (s.SetTo(r.target(re.sub(r"^the value of\s+", "", m["t"], flags=_I)), r.lit(m["v"])),)


@_rule(
    r"(?:clear|empty|erase|delete|remove|wipe)\s+(?:(?:all\s+)?(?:the\s+)?(?:text|contents?|value)\s+(?:in|of|from)"
    rf"\s+)?(?P<t>.*?\b{FIELD}|{LITERAL}|(?:all\s+)?the\s+text|everything)|clear(?P<t2>\s+(?!all\b)(?:the\s+)?\S+)?"
)
def _clear(r: Reader, m: Match) -> Found:
    name = r.target(m["t"] or m["t2"] or "")
    if re.match(r"(?:delete|remove)", m.group(), _I) and not re.search(r"text|content|value|everything", m.group(), _I):
        return None
    return (s.Clear("" if re.fullmatch(r"(?:all )?(?:the )?text|everything|it", name, _I) else name),)


# ------------------------------------------------------------------------------------------- menus, apps, choices

_PATH = re.compile(r"\s*(?:>|→|»|›|⇒|->|=>|▸|/(?=\s))\s*")


@_rule(
    rf"(?:(?:click|choose|select|open|go to|use|pick|press|via|through|navigate to)\s+)?(?:on\s+)?(?:{ART}menu\s+"
    r"(?:path\s+|entry\s+|item\s+)?)?(?P<p>[^>→»›⇒▸]+?(?:\s*(?:->|=>|[>→»›⇒▸])\s*[^>→»›⇒▸]+)+)"
)
def _path(r: Reader, m: Match) -> Found:
    if re.match(r"(?:type|write|enter|press)\b", m.group(), _I):
        return None
    first, *rest = [r.target(p) for p in _PATH.split(m["p"]) if p.strip()]
    steps = tuple(s.ClickOn(p, source=f"choose {p}") for p in rest)
    first = re.sub(r"\s+menu$", "", first, flags=_I)
    return (s.OpenMenu(first + " menu", source=f"open the {first} menu"), *steps) if rest else None


@_rule(
    r"(?:click(?:\s+on)?|choose|select|pick|open|use|find|press|tap(?:\s+on)?)\s+(?P<t>.+?)\s+(?:in|from|under|on"
    r"|inside|within|of)\s+(?:the\s+)?(?P<menu>[^,]+?)\s+menu"
)
def _entry_of_menu(r: Reader, m: Match) -> Found:
    label = re.search(r"^(?P<l>.+?)\s+(?:drop-?\s?down|combo)$", m["menu"], _I)
    if label:
        return (s.Choose(_option(r, m["t"]), r.target(label["l"])),)
    if re.search(r"\b(?:drop-?\s?down|pop-?up|combo|context|this|right-click|main)$", m["menu"], _I):
        return (
            s.Choose(_option(r, m["t"])) if re.search("drop|combo", m["menu"], _I) else s.ClickOn(r.target(m["t"])),
        )
    return (s.OpenMenu(r.target(m["menu"]) + " menu"), s.ClickOn(r.target(m["t"])))


@_rule(
    r"(?:open|pull\s+down|drop\s+down|expand|unfold|show|click(?:\s+on)?|tap(?:\s+on)?|go\s+to|select|choose|press)"
    r"\s+(?:the\s+)?(?:(?P<t>[^,]+?)\s+menu(?:\s+(?:in|on|at)\s+the\s+(?:menu\s*)?(?:bar|top).*)?|menu\s+"
    r"(?P<t2>[^,]+))"
)
def _menu(r: Reader, m: Match) -> Found:
    name = r.target(m["t"] or m["t2"])
    if re.search(r"\band\b", name):
        return None
    if re.search(
        r"\b(?:drop-?down|context|three[- ]dots?|hamburger|kebab|more|overflow|main|side|navigation)$", name, _I
    ):
        return (s.ClickOn(name + " menu"),)
    return (s.OpenMenu(name + " menu"),)


_URL = (
    r"(?:https?://\S+|file://\S+|(?:www\.)?[\w-]+(?:\.[\w-]+)*\.(?:com|org|net|de|io|edu|gov|co|uk|fr|eu|dev|app"
    r"|info|html?)(?:[/:]\S*)?|localhost(?:[:/]\S*)?|\d+\.\d+\.\d+\.\d+\S*)"
)


@_rule(
    r"(?:open|go\s+to|visit|browse\s+to|navigate\s+to|load)\s+(?:the\s+)?(?:(?:page|site|website|url|web\s*page"
    rf"|address|web address)\s+)?(?:at\s+)?(?P<u>{_URL}|{LITERAL})(?:\s+in\s+.+)?"
)
def _url(r: Reader, m: Match) -> Found:
    target = r.lit(m["u"])
    if re.fullmatch(LITERAL, m["u"].strip()) and not re.fullmatch(_URL, target, _I):
        return None
    if (
        not re.match(r"\w+://", target)
        and re.match("open", m.group(), _I)
        and target.lower().endswith((".html", ".htm"))
    ):
        return (s.OpenThing(target, "any"),)
    return (s.OpenThing(target, "url"),)


@_rule(
    rf"(?:open|launch|start|run|bring\s+up|switch\s+to)\s+(?:up\s+)?{ART}(?P<t>[^,]+?)\s+(?:app|application|program"
    r"|browser|editor)|(?:launch|start|run)\s+(?P<t2>(?!typing|the\b)[^,]+)"
)
def _app(r: Reader, m: Match) -> Found:
    return (s.OpenThing(r.literals.content(m["t"] or m["t2"]), "app"),)


@_rule(
    r"open\s+(?:the\s+)?(?:file|folder|directory|document)\s+(?:named\s+|called\s+)?(?P<t>.+)|open\s+(?P<t2>[^"
    r"\s,]+\.\w{2,5})"
)
def _file(r: Reader, m: Match) -> Found:
    return (s.OpenThing(r.literals.content(m["t"] or m["t2"]), "file"),)


@_rule(r"open\s+(?:up\s+)?(?P<t>.+)")
def _open(r: Reader, m: Match) -> Found:
    lists = re.search(
        r"\b(?:drop-?\s?down|list|combo ?box|tab|section|dialog|settings|link|options?|page)\b", m["t"], _I
    )
    make: Callable[[str], s.Instruction] = s.ClickOn if lists else s.OpenThing
    return r.many(m["t"], make)


@_rule(
    r"(?:select|choose|pick|set)\s+(?:the\s+)?(?:option\s+|value\s+|entry\s+|item\s+)?(?P<o>.+?)\s+(?:in|from|for"
    r"|under|out of|within)\s+(?P<t>.+)"
)
def _choose(r: Reader, m: Match) -> Found:
    pairs = _pairs(r"(.+?)\s+(?:in|from|for|as)\s+(.+)", f"{m['o']} from {m['t']}")
    if pairs and len(pairs) > 1:
        return tuple(s.Choose(_option(r, o), _list_name(r, t)) for o, t in pairs)
    place = re.search(
        r"\b(?:dialog|window|toolbar|side ?bar|page|panel|corner|screen|grid|table|row|column|results?)$", m["t"], _I
    )
    if place:
        return (s.ClickOn(r.target(m.group().split(None, 1)[1])),)
    return (s.Choose(_option(r, m["o"]), _list_name(r, m["t"])),)


@_rule(r"(?:select|choose|pick|use)\s+(?P<o>.+?)\s+as\s+(?P<t>.+)")
def _choose_as(r: Reader, m: Match) -> Found:
    return (s.Choose(_option(r, m["o"]), _list_name(r, m["t"])),)


def _option(r: Reader, text: str) -> str:
    bare_option = bare(re.sub(r"\s+option$", "", text.strip(), flags=_I))
    return r.literals.content(bare_option)


def _list_name(r: Reader, text: str) -> str:
    noun = (
        r"(?:drop-?\s?down(?:\s+(?:list|menu|box))?|combo\s?box|list(?:\s+box)?|select(?:\s+box)?|pull-?down"
        r"|options?|choices)"
    )
    name = re.sub(rf"\s*\b{noun}$", "", r.target(text), flags=_I)
    return re.sub(rf"^{noun}\s+(?:named|called|labell?ed|for)?\s*", "", name, flags=_I)


@_rule(
    r"(?:select|choose|pick)\s+(?!(?:the\s+)?(?:best|cheapest|nearest|most|least|right|correct|appropriate|suitable"
    r"|any|some|one)\b)(?P<t>.+)"
)
def _select(r: Reader, m: Match) -> Found:
    return r.many(re.sub(r"^(?:the\s+)?option\s+", "", m["t"], flags=_I), s.ClickOn)


@_rule(
    r"(?:close|quit|exit)\s+(?:the\s+|this\s+)?(?:(?P<w>window|program|app|application)|(?P<tab>(?:current\s+)?tab)|"
    r"(?P<menu>.*\bmenu))"
)
def _close(r: Reader, m: Match) -> Found:
    return (s.Press(("alt+f4" if m["w"] else "ctrl+w" if m["tab"] else "escape",)),)


@_rule(r"close\s+(?P<t>(?!mousepad without).+)")
def _close_thing(r: Reader, m: Match) -> Found:
    return (s.ClickOn("close " + r.target(m["t"])),)


@_rule(r"(?:go|navigate|switch|move|jump|head)\s+(?:over\s+)?to\s+(?P<t>.+)")
def _go_to(r: Reader, m: Match) -> Found:
    return r.many(m["t"], s.ClickOn)


@_rule(
    r"(?:focus|activate)\s+(?:on\s+)?(?P<t>.+)|(?:place|put|set)\s+the\s+(?:cursor|caret|focus)\s+(?:in|into|on|to)"
    r"\s+(?P<t2>.+)"
)
def _focus(r: Reader, m: Match) -> Found:
    return (s.ClickOn(r.target(m["t"] or m["t2"])),)


@_rule(rf"(?:{_CLICK})\s+(?P<t>.+)")
def _click(r: Reader, m: Match) -> Found:
    text, times = m["t"], 1
    if count := N_TIMES.search(text):
        text, times = text[: count.start()], number(count["w"] or count["n"])
    if re.match(r"(?:type)\b", text, _I) or not bare(text):
        return None
    found = r.many(text, s.ClickOn)
    if times == 2 and found and isinstance(found[0], s.ClickOn):
        return (replace(found[0], count=2),)
    return found * min(times, 20) if found else None


# ------------------------------------------------------------------------------------------- the rest of typing


@_rule(
    r"(?:type|write|enter|input|insert|put|key in|type\s+in|type\s+out|write\s+down|enter\s+in)\s+(?:in\s+)?"
    rf"(?:{_WHAT})(?P<text>\S.*)"
)
def _type(r: Reader, m: Match) -> Found:
    literals = r.literals.all_of(m["text"])
    rest = re.sub(LITERAL, "", m["text"])
    if len(literals) == 1 and re.fullmatch(
        (
            r"[\s.,;!]*(?:there|here|(?:to|in|on) it|in quotes|exactly|exactly as written|verbatim|now|please|for "
            r"me|again|first|too|as well)?[\s.!?]*"
        ),
        rest,
        _I,
    ):
        return (s.TypeInto(literals[0]),)
    if len(literals) > 1 and re.fullmatch(r"(?:\s|,|and|then|followed by)*", rest, _I):
        return tuple(s.TypeInto(x) for x in literals)
    if _COMPOSE.match(m["text"]):
        return None
    if named := re.fullmatch(r"(?P<text>.+)\s+(?:in|for)\s+(?P<t>[A-Z]\w*(?:\s+\w+){0,2})", m["text"].strip()):
        into = s.TypeInto(r.lit(named["text"]), r.target(named["t"]))
        return (s.Either(into.target, into, (s.TypeInto(r.lit(m["text"])),)),)
    return (s.TypeInto(r.lit(m["text"])),)


_COMPOSE = re.compile(
    r"(?:(?:an?|the|some|your|my|\w+)\s+)?(?:\w+\s+)?(?:poem|letter|e-?mail|essay|story|messages?|list|summary"
    r"|report|notes?|reply|"
    r"review|code|program|script|function|paragraphs?|sentences?|article|post|comment|text)\s+(?:about|to|for|on"
    r"|that|of|saying|with)\b",
    _I,
)


@_rule(r"(?P<t>[^:=.]{1,40}?)\s*[:=]\s+(?P<v>\S.*)")
def _label_value(r: Reader, m: Match) -> Found:
    if CLICKING.match(m["v"]) or TYPING.match(m["v"]):
        return r.clause(m["v"])
    if len(m["t"].split()) > 4 or re.match(r"(?:then|note|warning|e\.g|and|or|find|what|who|task)\b", m["t"], _I):
        return None
    return (s.SetTo(r.target(m["t"]), r.lit(m["v"])),)
