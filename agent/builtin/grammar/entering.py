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

_NO_COMMAND = re.compile(r"(?:(?:these|those|the|some|a|all)\s.*)?commands?\b", I)
_TERMINAL = (
    r"(?:in|into|at|on|inside|from|use|using|with|through|via)\s+(?:the\s+|an?\s+)?"
    r"(?:x?term(?:inal)?|shell|console|prompt|command (?:line|prompt))(?: window)?"
)
_SHELL = rf"(?:\s+{_TERMINAL})?"


@RULES.rule(rf"{_TERMINAL}\s*,?\s+(?:to\s+)?(?P<then>(?:run|execute|type|enter|write|issue|give)\s+\S.*)")
def _in_terminal(r: TaskParser, m: Match) -> Found:
    then = re.sub(r"^enter\b(?!\s+the\s+command)", "run", m["then"], flags=I)  # a command line that is entered runs
    return r.clause(then + " in the terminal")


@RULES.rule(
    r"(?:run|execute|launch|issue|perform|enter|type|give)\s+(?:the\s+|this\s+)?(?:following\s+)?(?:shell\s+|terminal"
    rf"\s+|bash\s+)?command(?:\s+line)?\s*:?\s*(?P<text>{LITERAL}|(?!line\b|prompt\b).+?){_SHELL}"
    r"(?P<go>\s*,?\s*(?:and\s+)?(?:run|execute|press enter))?"
)
def _command(r: TaskParser, m: Match) -> Found:
    if _NO_COMMAND.match(m["text"]):
        return None
    goes = m["go"] or not re.match("enter|type", m.group(), I)
    return (s.TypeInto(r.lit(m["text"])), *((s.Press(("enter",)),) if goes else ()))


@RULES.rule(rf"(?P<v>run|execute|type|write|enter)(?:\s+(?:this|the\s+following))?\s*:\s*(?P<text>\S.*?){_SHELL}")
def _run_this(r: TaskParser, m: Match) -> Found:
    return (s.TypeInto(r.lit(m["text"])), *((s.Press(("enter",)),) if m["v"].lower() in ("run", "execute") else ()))


@RULES.rule(rf"(?:run|execute)\s+(?P<text>{LITERAL}){_SHELL}")
def _run_quoted(r: TaskParser, m: Match) -> Found:
    text = r.lit(m["text"])
    if m.group().lower().startswith("run") and re.fullmatch(r"\w[\w.-]*", text) and m.group().endswith(m["text"]):
        return (s.OpenTarget(text, "app"),)
    return (s.TypeInto(text), s.Press(("enter",)))


@RULES.rule(
    rf"(?:(?:run|execute|enter|type)\s+(?:these|those|the\s+following|the)\s+commands\b[^:]{{0,40}}{_SHELL}|{_TERMINAL})\s*:\s*"
    r"(?:first,?\s+)?(?P<texts>\S.*)"
)
def _commands(r: TaskParser, m: Match) -> Found:
    texts = re.split(r"\s*;\s*|\s*\n\s*|\s*,?\s+(?:and\s+)?(?:then|after\s+that|finally)\s+", m["texts"])
    if any("," in text for text in texts):
        return None  # of two commands, or of one
    return tuple(step for text in texts for step in (s.TypeInto(r.lit(text)), s.Press(("enter",))))


@RULES.rule(rf"(?:run|execute|issue|give)\s+(?:the\s+command\s+)?(?P<text>\S.*?)\s+{_TERMINAL}")
def _run_in_terminal(r: TaskParser, m: Match) -> Found:
    if _NO_COMMAND.match(m["text"]) or re.match(r"(?:the|an?|this|that|my)\s", m["text"], I):
        return None  # "the script": a command that is told of
    return (s.TypeInto(r.lit(m["text"])), s.Press(("enter",)))


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
    rf"(?:type|write|enter|put)\s+(?P<one>{LITERAL}|[^,]+?)\s+(?:on|in)\s+the\s+first\s+line\s*,?\s*(?:and|then|,)?\s*"
    r"(?:then\s+)?"
    rf"(?:type\s+)?(?P<two>{LITERAL}|[^,]+?)\s+(?:on|in)\s+the\s+(?:second|next|last)(?:\s+line)?(?:\s+(?:of|in)\s+(?P<t>.+))?"
)
def _first_and_second(r: TaskParser, m: Match) -> Found:
    text = r.literals.content(m["one"]) + "\n" + r.literals.content(m["two"])
    return typed(r, text, m["t"]) if m["t"] else (s.TypeInto(text),)


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
    return (type_list(r, f"{m['text']} into {m['t']}") if re.search(LITERAL, m["t"]) else None) or typed(
        r, m["text"], m["t"]
    )


@RULES.rule(rf"{_TYPE}\s+{WHAT}(?P<text>.+)\s+into\s+(?P<t>(?:(?!\s+(?:and|,)\s+).)+)")
def _type_into(r: TaskParser, m: Match) -> Found:
    return type_list(r, f"{m['text']} into {m['t']}") or typed(r, m["text"], m["t"])


@RULES.rule(rf"{_TYPE}\s+{WHAT}(?P<text>.+?)\s+into\s+(?P<t>.+\s+and\s+.+)")
def _type_into_several(r: TaskParser, m: Match) -> Found:
    text = r.lit(m["text"])
    return type_list(r, f"{m['text']} into {m['t']}") or r.many(m["t"], lambda t: s.TypeInto(text, t))


@RULES.rule(
    rf"{_TYPE}\s+{WHAT}(?P<text>.+)\s+(?:in|inside|on|to|at)\s+(?P<t>(?:(?:the|your|this|that)\s+)?[^,]*?(?:{FIELD}"
    rf"|{LITERAL}))"
)
def _type_in(r: TaskParser, m: Match) -> Found:
    return type_list(r, f"{m['text']} into {m['t']}") or typed(r, m["text"], m["t"])


@RULES.rule(rf"{_TYPE}\s+{WHAT}(?P<text>.+)\s+in\s+(?P<t>the\s+[^,]+)")
def _type_in_the(r: TaskParser, m: Match) -> Found:
    return typed(r, m["text"], m["t"])


@RULES.rule(
    r"(?:enter|type|put|use|input|fill\s+in|write)\s+(?P<text>.+?)\s+(?:as|for)\s+(?:the|your|my|its)\s+(?P<t>[^,]+)"
)
def _type_as(r: TaskParser, m: Match) -> Found:
    items = pairs(r"(.+?)\s+(?:as|for|in|into)\s+(?:(?:the|your|my|its)\s+)?(.+)", f"{m['text']} as {m['t']}")
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
    rf"give\s+(?:the\s+)?(?:file\s+|folder\s+)?(?P<t>{LITERAL}|\S+?)(?:\s+(?:file|folder))?\s+the\s+(?:new\s+)?name\s+"
    rf"(?P<text>{LITERAL}|\S+)"
)
@RULES.rule(
    rf"(?:rename\s+|change\s+the\s+name\s+of\s+)(?:the\s+)?(?:file\s+|folder\s+)?(?P<t>{LITERAL}|\S+?)(?:\s+(?:file|folder))?"
    rf"\s+(?:to|into|as)\s+(?P<text>{LITERAL}|\S+)"
)
def _rename(r: TaskParser, m: Match) -> Found:
    if re.fullmatch(r"it|that|this|file|folder|document", m["t"], I):
        return None
    return (s.ClickOn(r.target(m["t"])), s.Press(("f2",)), s.NameIt(r.lit(m["text"])))


@RULES.rule(
    r"(?:name|call|rename)\s+(?:it|that|this|the\s+(?:new\s+)?(?:file|folder|document))\s+(?:to\s+)?(?P<text>\S.*)|give\s+it\s+the\s+name\s+(?:of\s+)?(?P<t2>\S.*)"
)
def _name_it(r: TaskParser, m: Match) -> Found:
    name = r.lit(m["text"] or m["t2"])
    # it is confirmed, unless the task goes on to do so
    return None if len(name.split()) > 6 or re.search(r"[?>]\s|\sto\s", name) else (s.NameIt(name),)


@RULES.rule(
    r"(?:add|put|write|insert|append|type)\s+(?:an?|one|another)\s+(?:new\s+)?line\s+(?:at|to)\s+the\s+(?:very\s+)?"
    r"(?P<where>end|bottom|top|start|beginning)(?:\s+of\s+(?:the|this)\s+\w+)?\s*,?\s*(?::|(?:that\s+)?(?:says|reads|"
    rf"saying|reading)|with\s+(?:the\s+)?(?:text|words?))\s*:?\s*(?P<text>{LITERAL}|[^,]+)"
)
def _add_line(r: TaskParser, m: Match) -> Found:
    text = s.TypeInto(r.lit(m["text"]))
    if m["where"].lower() in ("end", "bottom"):
        return (s.Press(("ctrl+end", "enter")), text)
    return (s.Press(("ctrl+home",)), text, s.Press(("enter",)))


_NAME = (
    r"(?!(?:the|an?|text|words?|number|value|lines?|phrase|string|letters?|following|command|exact|whole|entire|sentence|"
    r"digits?|keys?)\b)(?-i:[a-z]\w*(?:\s+[a-z]\w*){0,2}?)"
)
_NAMED = rf"(?:the\s+)?({_NAME})\s+({LITERAL}|\w[\w-]*\.\w{{2,5}}|(?-i:[A-Z0-9@+][\w@.+-]*(?:\s+[A-Z0-9][\w@.+-]*)*))"


@RULES.rule(
    r"(?:(?:enter|type|input|put|write|fill)(?:\s+in)?|(?:fill|complete)(?:\s+(?:in|out))?\s+the\s+form\s+with)\s+"
    rf"(?P<items>(?=the\s){_NAMED}(?:(?:\s*,\s*(?:and\s+)?|\s+and\s+){_NAMED})*)"
)
def _names_and_texts(r: TaskParser, m: Match) -> Found:
    """ "Enter the quantity 3": where the screen has no such name, the text alone goes into the focus."""
    items = pairs(_NAMED, m["items"]) or []
    into = [s.TypeInto(r.lit(text), r.target(name), replace=True) for name, text in items]
    if len(into) > 1:
        return tuple(into)
    return tuple(s.Alternatives(x.target, x, (s.TypeInto(x.text),)) for x in into) or None


@RULES.rule(
    rf"(?:fill|complete|populate)\s+(?:in\s+|out\s+)?(?P<t>.+?)\s+(?:with|as|using|by typing)\s+(?:{WHAT})"
    r"(?P<text>.+)"
)
def _fill(r: TaskParser, m: Match) -> Found:
    items = pairs(r"(.+?)\s+(?:with|as)\s+(.+)", f"{m['t']} with {m['text']}")
    if items and len(items) > 1:
        return tuple(s.SetValue(r.target(t), r.lit(text)) for t, text in items)
    return (s.SetValue(r.target(m["t"]), r.lit(m["text"])),)


@RULES.rule(
    rf"replace\s+(?!(?:every|each)\b|all\s+{LITERAL})(?P<t>.+?(?:{FIELD}|text|content|contents|value|name)|the\s+(?:number|text|value|contents?)\s+in\s+.+?)\s+(?:with|by)\s+(?P<text>.+)"
)
def _replace(r: TaskParser, m: Match) -> Found:
    where = re.sub(r"^(?:(?:all|the|whole) )*(?:text|contents?|value|number)(?: (?:in|of) )?", "", m["t"], flags=I)
    return (s.TypeInto(r.lit(m["text"]), r.target(where), replace=True),)


@RULES.rule(
    rf"(?:replace|overwrite)\s+(?!every\b|each\b|all\b)(?P<t>(?:(?!{LITERAL}).)+?)\s+(?:with|by)\s+(?P<text>{LITERAL})"
)
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
