"""Rules of keys, calculator buttons and editing commands."""

from __future__ import annotations

import re

from agent.builtin import instructions as s
from agent.builtin.grammar.fragments import PATH, buttons
from agent.builtin.grammar.literals import LITERAL
from agent.builtin.grammar.parser import Found, TaskParser
from agent.builtin.grammar.phrases import COUNT, bare, chord, chords, number
from agent.builtin.grammar.rule import I, Match, RuleList

RULES = RuleList()


@RULES.rule(
    r"(?:press|hit|click|tap|use)?\s*(?:on\s+)?(?:the\s+)?(?P<b>back|home|recents?|recent apps|overview)\s+button"
)
def _system(r: TaskParser, m: Match) -> Found:
    name = {"back": "back", "home": "home"}.get(m["b"].lower(), "recents")
    return (s.SystemButton(name),)  # type: ignore[arg-type]


@RULES.rule(
    r"(?:go|get|navigate|move|return)\s+back(?:\s+(?:once|one (?:page|screen|step)|"
    r"(?:to|from)\s+(?!.*\b(?:tab|button|field)\b)(?!(?:the\s+)?home(?:\s*screen)?$).+))?"
    r"|(?:go|return)\s+to\s+the\s+(?:previous|last)\s+(?:page|screen)"
)
def _back(r: TaskParser, m: Match) -> Found:
    return (s.SystemButton("back"),)


@RULES.rule(r"(?:go|navigate|return)\s+(?:back\s+)?(?:to\s+(?:the\s+)?)?(?:home(?:\s*screen)?|home page of the phone)")
def _home(r: TaskParser, m: Match) -> Found:
    return (s.SystemButton("home"),)


@RULES.rule(r"go\s+forward|(?P<re>(?:refresh|reload)(?:\s+(?:the\s+)?(?:page|tab|window|site))?)")
def _forward(r: TaskParser, m: Match) -> Found:
    return (s.SystemButton("reload" if m["re"] else "forward"),)


_ALL = (
    r"(?:(?:all|everything|(?:all\s+)?the\s+(?:whole\s+|entire\s+|selected\s+)?(?:text|selection|document"
    r"|contents?|lot|thing)|it|that))"
)


@RULES.rule(
    rf"(?P<v>copy|paste|cut|undo|redo|select all|select everything|quit|print|save)(?:\s+(?P<what>{_ALL}|the file"
    r"|the document|the app(?:lication)?|the program|the last (?:action|change|step)|the page|file|(?:the )?changes))?"
)
def _edit(r: TaskParser, m: Match) -> Found:
    verb, what = m["v"].lower(), (m["what"] or "").lower()
    keys = {"copy": "c", "paste": "v", "cut": "x", "undo": "z", "redo": "y", "quit": "q", "print": "p", "save": "s"}
    if verb.startswith("select"):
        return (s.Press(("ctrl+a",)),)
    whole = verb in ("copy", "cut") and re.search(r"\ball|everything|whole|entire", what)
    return (s.Press((("ctrl+a",) if whole else ()) + (f"ctrl+{keys[verb]}",)),)


@RULES.rule(
    r"(?:(?:go|move|jump)\s+to|(?:put|place|set|move)\s+the\s+(?:cursor|caret)\s+(?:at|to))\s+the\s+(?:very\s+)?"
    r"(?P<where>end|bottom|start|beginning|top)(?:\s+of\s+(?:the\s+)?"
    r"(?P<what>document|text|file|notes?|line|letter|list|editor|draft|message|story|poem|page))?"
)
def _go_to_end(r: TaskParser, m: Match) -> Found:
    key = "end" if m["where"].lower() in ("end", "bottom") else "home"
    return (s.Press((key if (m["what"] or "").lower() == "line" else f"ctrl+{key}",)),)


@RULES.rule(
    rf"(?:select|highlight|mark)\s+{_ALL}(?:\s+(?:in|of)\s+the\s+(?:(?:text|whole|entire)\s+)*"
    r"(?:document|text|file|editor|page|window|note|area|field))?"
)
def _select_all(r: TaskParser, m: Match) -> Found:
    return None if re.search(r"\b(?:it|that)$", m.group(), I) else (s.Press(("ctrl+a",)),)


@RULES.rule(r"(?:delete|erase|remove)\s+(?:it|them|that|the\s+(?:selection|selected\s+\w+))")
def _delete(r: TaskParser, m: Match) -> Found:
    return (s.Press(("delete",)),)


@RULES.rule(r"paste(?:\s+(?:it|that|them|the\s+(?:file|text)))?(?:\s+(?:in|over))?\s+(?:there|here)")
def _paste_here(r: TaskParser, m: Match) -> Found:
    return (s.Press(("ctrl+v",)),)


@RULES.rule(
    rf"(?P<v>copy|cut)\s+(?!{_ALL}[\s.]*$)(?P<t>(?:the\s+)?(?:file|folder|icon|picture)\s+.+|(?:the\s+)?(?:\S+\.\w{{2,4}}|{LITERAL})"
    r"(?:\s+(?:file|icon))?)"
)
def _copy_file(r: TaskParser, m: Match) -> Found:
    name = re.sub(
        r"\s+(?:file|icon)$|^(?:the\s+)?(?:file|folder|icon|picture)\s+(?:named\s+|called\s+)?", "", m["t"], flags=I
    )
    return (s.ClickOn(r.target(name)), s.Press(("ctrl+c" if m["v"].lower() == "copy" else "ctrl+x",)))


@RULES.rule(r"paste(?:\s+(?:it|that|the text|the clipboard))?\s+(?:in|into|to)\s+(?P<t>.+)")
def _paste_into(r: TaskParser, m: Match) -> Found:
    return (s.ClickOn(r.target(m["t"])), s.Press(("ctrl+v",)))


@RULES.rule(
    r"(?:save|store)\s+(?:(?:it|this|that|everything|file|the\s+(?:whole\s+)?(?:thing|lot)|(?:the|this|that)\s+(?:new\s+)?(?:file|document|text|one|note|tab))\s+)?"
    r"(?:as|to|named|called|(?:under|with|by)\s+(?:the|this)\s+name(?:\s+of)?|under)\s+(?:the\s+(?:name|file)\s+)?"
    rf"(?P<name>\S+?|{LITERAL})(?:\s+please|\s+thanks?)?\??"
)
def _save_as(r: TaskParser, m: Match) -> Found:
    return (s.Press(("ctrl+shift+s",), opens="files"), s.TypeInto(r.lit(m["name"])), s.Press(("enter",)))


@RULES.rule(
    r"(?:open|create|add|start|make|begin)\s+(?:up\s+)?(?:a|an|the|another)\s+(?:(?:new|second|another|further|empty|blank)"
    r"\s+)*(?P<what>tab|document)"
)
def _new(r: TaskParser, m: Match) -> Found:
    what = m["what"].lower()
    if not re.search(r"\b(?:new|second|another|further|empty|blank)\b|^(?:create|add|start|make|begin)", m.group(), I):
        return None
    keys = ("ctrl+t", "ctrl+n", "ctrl+shift+t") if what == "tab" else ("ctrl+n",)
    return (s.Press(keys, perhaps=f"New {what}", opens="anything"),)


@RULES.rule(
    r"(?:press|hit|push|strike|use|send|click|type|tap)\s+(?P<keys>.+?)\s+(?:by\s+clicking|with\s+clicks|by"
    r"\s+pressing|by\s+mouse|using\s+the\s+buttons)(?:\s+.*)?"
)
def _keys_by_clicking(r: TaskParser, m: Match) -> Found:
    return buttons(r, m["keys"])


@RULES.rule(
    r"(?:calculate|compute|work out|evaluate|add up)\s+(?P<sum>[\d\s.+*/×÷−x()^%-]+?)\s*(?P<eq>=)?(?:\s+(?:by|with"
    r"|using|on)\b.*)?"
)
def _calculate(r: TaskParser, m: Match) -> Found:
    return buttons(r, m["sum"] + " =")


@RULES.rule(
    r"(?:press|hit|push|click|tap|enter)\s+(?P<keys>[\d.]+(?:\s*[-+*/×÷−=x]\s*[\d.]*)+|(?:[\d.+*/×÷−=x-]\s*,\s*)+"
    r"(?:and\s+)?[\d.+*/×÷−=x-](?:\s*(?:,|and)\s*(?:and\s+)?[\d.+*/×÷−=x-])*|(?:\d+\s+)+\d+"
    r"|(?:[\d.]+|[-+*/×÷−=x()])(?:\s+(?:[\d.]+|[-+*/×÷−=x()]))+)(?:\s+(?:buttons?"
    r"|keys?))?"
)
def _sum(r: TaskParser, m: Match) -> Found:
    return buttons(r, re.sub(r"(?<=[\d\s])x(?=[\d\s])", "*", m["keys"]))


@RULES.rule(r"(?:press|hit|push|strike|use|send|type|tap)\s+(?P<keys>.+)")
def _press(r: TaskParser, m: Match) -> Found:
    text = (
        re.sub(r"\s+to\s+(?!the\s)\w+\b.*$", "", m["keys"].strip())
        if m.group().lower().startswith("use")
        else m["keys"].strip()
    )
    if re.search(LITERAL, text) or re.match(r"type\b", m.group(), I):
        return None
    alone = re.sub(r"\s+button$", "", text, flags=I)
    read = chords(alone) or chords(re.sub(r"^(?:the\s+)?(?:keys?|shortcut|combination)\s+", "", alone, flags=I))
    if read is None:
        return None
    said_key = re.search(r"\bkeys?\b|[+]\S|twice|times|\b(?:1|one) time\b", text, I) or chord(alone) is None
    sure = (
        r"(?:enter|return|escape|esc|tab|backspace|f\d+|page ?(?:up|down)|up|down|left|right|.*\+.+|(?:ctrl|alt"
        r"|shift|control)\b.*)"
    )
    if said_key or (re.fullmatch(sure, alone, I) and alone == text):
        return (s.Press(read),)
    return (s.Press(read, perhaps=r.target(alone)),)


@RULES.rule(r"save(?:\s+(?:it|that|this|the\s+(?:file|document)))?\s+(?:with|using|by\s+pressing)\s+(?P<keys>\S+)")
def _save_by_keys(r: TaskParser, m: Match) -> Found:
    key = chord(m["keys"])
    return (s.Press((key,)),) if key and "+" in key else None


@RULES.rule(
    r"tab(?:\s+(?:over|on|along))?\s+(?:to\s+(?:the\s+)?next(?:\s+(?:field|box|one|input))?(?:\s+again)?|again|once(?:\s+more)?)"
    r"|(?:go|jump|move)\s+to\s+the\s+next\s+(?:field|box|one|input)\s+(?:with|using|by\s+pressing)\s+(?:the\s+)?tab(?:\s+key)?"
)
def _tab(r: TaskParser, m: Match) -> Found:
    return (s.Press(("tab",)),)


@RULES.rule(rf"(?P<v>paste|undo|redo)(?:\s+(?:it|that))?(?:\s+(?P<w>twice)|\s+{COUNT}\s+times?)")
def _edit_times(r: TaskParser, m: Match) -> Found:
    found = r.clause(m["v"])
    return found * min(number(m["w"] or m["n"]), 20) if found else None


@RULES.rule(r"do\s+(?P<keys>.+)")
def _do_keys(r: TaskParser, m: Match) -> Found:
    read = chords(m["keys"])
    return (s.Press(read),) if read and any("+" in one for one in read) else None


@RULES.rule(r"(?:submit|send)(?:\s+(?:the\s+form|it|the\s+data))?(?:\s+off)?")
def _submit(r: TaskParser, m: Match) -> Found:
    return (s.ClickOn(m.group().split()[0].capitalize() + " button"),)


@RULES.rule(
    r"(?:submit|send|confirm|finish|complete|place|book|order|save)\b(?-i:(?:\s+[a-z]+){0,4}?)\s+(?:with|using|via|through|by\s+"
    rf"(?:clicking|pressing|hitting|tapping)(?:\s+on)?)\s+(?:the\s+)?(?P<t>[^,]+?\s+button|{LITERAL})"
    r"(?:\s+(?:at|on)\s+the\s+(?:bottom|top|right|left)(?:\s+of\s+.+)?)?"
)
def _by_button(r: TaskParser, m: Match) -> Found:
    return (s.ClickOn(r.target(m["t"])),)


@RULES.rule(
    rf"save\s+(?:it|the\s+file|this|the\s+document|the\s+changes)\s+(?:(?:as|under(?:\s+the\s+name)?)\s+(?P<name>{LITERAL}|\S+)"
    r"\s+)?(?:through|via|with|using|from|by)\s+(?:the\s+)?(?:menus?|(?:file|File)\s+menu)(?P<path>\s*[:,]?"
    r"\s*.*>.*)?"
)
def _save_by_menu(r: TaskParser, m: Match) -> Found:
    steps: tuple[s.Instruction, ...] = (
        s.OpenMenu("File menu"),
        s.ClickOn(_entry_to_save(m)),
    )
    return steps + ((s.TypeInto(r.lit(m["name"])), s.Press(("enter",))) if m["name"] else ())


def _entry_to_save(m: Match) -> str:
    if m["path"] and not m["name"]:
        return bare(PATH.split(m["path"])[-1])
    return "Save" if not m["name"] and "changes" in m.group().lower() else "Save As..."


@RULES.rule(r"enter|return")
def _enter(r: TaskParser, m: Match) -> Found:
    return (s.Press(("enter",)),)


@RULES.rule(r"hold\s+(?:down\s+)?(?P<t>.+?)(?:\s+for\s+(?P<n>\d+(?:\.\d+)?)\s*s(?:ec(?:ond)?s?)?)?")
def _hold(r: TaskParser, m: Match) -> Found:
    return (s.LongPressOn(r.target(m["t"]), float(m["n"] or 1)),) if chord(m["t"]) is None else None
