"""Rules of typing."""

from __future__ import annotations

import re

from agent.builtin import instructions as s
from agent.builtin.grammar.fragments import WHAT, pairs, type_list, typed
from agent.builtin.grammar.literals import LITERAL
from agent.builtin.grammar.parser import Found, TaskParser
from agent.builtin.grammar.phrases import ART, FIELD, VAGUE
from agent.builtin.grammar.rule import I, Match, RuleList

RULES = RuleList()

_SHELL = (
    r"(?:\s+(?:in|into|at|on|inside|from)\s+(?:the\s+|an?\s+)?(?:x?term(?:inal)?|shell|console|prompt|command (?:line"
    r"|prompt))(?: window)?)?"
)


@RULES.rule(
    r"(?:run|execute|launch|issue|perform|enter|type|give)\s+(?:the\s+|this\s+)?(?:following\s+)?(?:shell\s+|terminal"
    rf"\s+|bash\s+)?command(?:\s+line)?\s*:?\s*(?P<text>{LITERAL}|(?!line\b|prompt\b).+?){_SHELL}"
    r"(?P<go>\s*,?\s*(?:and\s+)?(?:run|execute|press enter))?"
)
def _command(r: TaskParser, m: Match) -> Found:
    goes = m["go"] or not re.match("enter|type", m.group(), I)
    return (s.TypeInto(r.lit(m["text"])), *((s.Press(("enter",)),) if goes else ()))


@RULES.rule(rf"(?:run|execute)\s+(?P<text>{LITERAL}){_SHELL}")
def _run_quoted(r: TaskParser, m: Match) -> Found:
    text = r.lit(m["text"])
    if m.group().lower().startswith("run") and re.fullmatch(r"\w[\w.-]*", text) and m.group().endswith(m["text"]):
        return (s.OpenTarget(text, "app"),)
    return (s.TypeInto(text), s.Press(("enter",)))


@RULES.rule(r"(?:run|execute|submit|confirm|send)\s+(?:it|the\s+command|that(?:\s+command)?|this)")
def _run_it(r: TaskParser, m: Match) -> Found:
    return (s.Press(("enter",)),)


_TYPE = r"(?:type|write|enter|input|insert|put|key in|fill in|fill)(?:\s+(?:in|out|down))?"
_AND_ENTER = r"(?:\s+(?:and|then|,)\s*(?:press|hit)\s+enter)?"


@RULES.rule(
    rf"(?:type|write|enter|put|input)\s+(?P<texts>{LITERAL}(?:\s*(?:,|and|,\s*and)\s*{LITERAL})+)\s+(?:on|in|as"
    r"|into)\s+(?:\w+\s+)?(?:separate\s+|different\s+)?lines(?P<rest>.*)"
)
def _lines(r: TaskParser, m: Match) -> Found:
    target = re.match(r"\s+(?:in|into|of)\s+(?P<t>.+)", m["rest"])
    text = "\n".join(r.literals.all_of(m["texts"]))
    return (s.TypeInto(text, r.target(target["t"]) if target else ""),)


@RULES.rule(
    rf"(?:type|write|enter|put)\s+(?P<one>{LITERAL})\s+(?:on|in)\s+the\s+first\s+line\s*,?\s*(?:and|then|,)?\s*"
    r"(?:then\s+)?"
    rf"(?:type\s+)?(?P<two>{LITERAL})\s+(?:on|in)\s+the\s+(?:second|next|last)(?:\s+line)?"
)
def _first_and_second(r: TaskParser, m: Match) -> Found:
    return (s.TypeInto(r.literals.content(m["one"]) + "\n" + r.literals.content(m["two"])),)


@RULES.rule(
    rf"(?:type|write|enter|put)\s+(?:{WHAT})(?P<text>{LITERAL})\s*,?\s+(?P<how>on\s+(?:the|a|one)\s+(?:first|single"
    r"|one|same|next|new|second)"
    r"\s*(?:lines?|one)?|in\s+(?:one|a\s+single)\s+line|as\s+(?:the\s+)?(?:first|next|second)\s+line|followed\s+by"
    r"\s+(?:enter|return)|and\s+(?:a\s+)?new\s*line)"
)
def _on_a_line(r: TaskParser, m: Match) -> Found:
    typed = s.TypeInto(r.literals.content(m["text"]))
    if re.search(r"next|new line|second", m["how"], I) and m["how"].lower().startswith(("on", "as")):
        return (s.Press(("enter",)), typed)
    return (typed, s.Press(("enter",))) if re.search("followed|and", m["how"], I) else (typed,)


@RULES.rule(rf"{_TYPE}\s+{WHAT}(?P<text>{LITERAL})\s+(?P<how>in|into|in to|inside|within|to|on|at|as|for)\s+(?P<t>.+)")
def _type_quoted_into(r: TaskParser, m: Match) -> Found:
    return (type_list(r, m) if re.search(LITERAL, m["t"]) else None) or typed(r, m["text"], m["t"])


@RULES.rule(rf"{_TYPE}\s+{WHAT}(?P<text>.+)\s+into\s+(?P<t>(?:(?!\s+(?:and|,)\s+).)+)")
def _type_into(r: TaskParser, m: Match) -> Found:
    return type_list(r, m) or typed(r, m["text"], m["t"])


@RULES.rule(
    rf"{_TYPE}\s+{WHAT}(?P<text>.+)\s+(?:in|inside|on|to|at)\s+(?P<t>(?:(?:the|your|this|that)\s+)?[^,]*?(?:{FIELD}"
    rf"|{LITERAL}))"
)
def _type_in(r: TaskParser, m: Match) -> Found:
    return type_list(r, m) or typed(r, m["text"], m["t"])


@RULES.rule(rf"{_TYPE}\s+{WHAT}(?P<text>.+)\s+in\s+(?P<t>the\s+[^,]+)")
def _type_in_the(r: TaskParser, m: Match) -> Found:
    return typed(r, m["text"], m["t"])


@RULES.rule(r"(?:enter|type|put|use|input)\s+(?P<text>.+?)\s+(?:as|for)\s+(?:the|your|my|its)\s+(?P<t>[^,]+)")
def _type_as(r: TaskParser, m: Match) -> Found:
    items = pairs(r"(.+?)\s+(?:as|for)\s+(?:(?:the|your|my|its)\s+)?(.+)", f"{m['text']} as {m['t']}")
    if items and len(items) > 1:
        return tuple(s.TypeInto(r.lit(text), r.target(t), replace=True) for text, t in items)
    return (s.TypeInto(r.lit(m["text"]), r.target(m["t"]), replace=True),)


@RULES.rule(
    rf"(?:type|write|enter|input)\s+(?:in|into|inside|on)\s+{ART}(?P<t>[^:]+?)(?:\s*(?:text|words?|value))?(?:"
    rf"\s*[:,]\s*|\s+)(?:exactly\s*)?(?P<text>{LITERAL})"
)
def _type_into_first(r: TaskParser, m: Match) -> Found:
    return (s.TypeInto(r.lit(m["text"]), r.target(m["t"])),)


@RULES.rule(rf"(?:type|write|enter|input)\s+(?:in|into|inside)\s+{ART}(?P<t>[^:]+?)\s*:\s*(?P<text>.+)")
def _type_into_colon(r: TaskParser, m: Match) -> Found:
    return (s.TypeInto(r.lit(m["text"]), r.target(m["t"])),)


@RULES.rule(
    rf"(?:fill|complete|populate)\s+(?:in\s+|out\s+)?(?P<t>.+?)\s+(?:with|as|using|by typing)\s+(?:{WHAT})"
    r"(?P<text>.+)"
)
def _fill(r: TaskParser, m: Match) -> Found:
    items = pairs(r"(.+?)\s+(?:with|as)\s+(.+)", f"{m['t']} with {m['text']}")
    if items and len(items) > 1:
        return tuple(s.SetValue(r.target(t), r.lit(text)) for t, text in items)
    return (s.SetValue(r.target(m["t"]), r.lit(m["text"])),)


@RULES.rule(rf"replace\s+(?P<t>.+?(?:{FIELD}|text|content|contents|value))\s+(?:with|by)\s+(?P<text>.+)")
def _replace(r: TaskParser, m: Match) -> Found:
    where = re.sub(r"^(?:the )?(?:text|contents?|value)(?: (?:in|of) )?", "", m["t"], flags=I)
    return (s.TypeInto(r.lit(m["text"]), r.target(where), replace=True),)


@RULES.rule(rf"(?:replace|overwrite)\s+(?P<t>(?:(?!{LITERAL}).)+?)\s+(?:with|by)\s+(?P<text>{LITERAL})")
def _replace_value(r: TaskParser, m: Match) -> Found:
    return (s.TypeInto(r.lit(m["text"]), r.target(m["t"]), replace=True),)


@RULES.rule(
    rf"search\s+(?:(?:in|on|using)\s+)?(?P<where>.*?)\s*\bfor\s+(?P<text>{LITERAL})(?:\s+(?:in|on|using)\s+"
    r"(?P<w2>.+))?"
)
def _search(r: TaskParser, m: Match) -> Found:
    return (s.TypeInto(r.lit(m["text"]), r.target(m["w2"] or m["where"] or "search field"), replace=True, submit=True),)


@RULES.rule(
    rf"search\s+(?:for\s+|up\s+)?(?P<text>.+?)(?:\s+(?:in|on|using)\s+(?P<w>{ART}(?:search\s*(?:bar|box|field"
    r"|input)?|.+?\s+field)))?"
)
def _search_in(r: TaskParser, m: Match) -> Found:
    vague = VAGUE.search(m["text"]) or re.match(r"(?:an?|any)\s", m["text"], I) or len(m["text"].split()) > 6
    if vague and not m["w"]:
        return None
    return (s.TypeInto(r.lit(m["text"]), r.target(m["w"] or "search field"), replace=True, submit=True),)
