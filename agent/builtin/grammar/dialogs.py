"""Rules of dialogs to close."""

from __future__ import annotations

import re

from agent.builtin import instructions as s
from agent.builtin.dialogs import CONFIRM
from agent.builtin.grammar.parser import Found, TaskParser
from agent.builtin.grammar.phrases import DIALOG
from agent.builtin.grammar.rule import I, Match, RuleList

RULES = RuleList()


@RULES.rule(
    rf"(?P<v>dismiss|close|cancel|get rid of|clear away|accept|confirm|acknowledge|decline|reject|deny|ok)\s+"
    rf"(?:(?:the|any|that|this|an?|every)\s+)?(?P<t>(?:[^,]*?\s)?{DIALOG}(?:\s+(?!(?:that|which|if|when))\S+){{0,3}}?)"
    rf"(?P<c>,?\s+(?:that|which|if|when(?:ever)?|should|once|as soon as|in case)\b.*)?"
)
def _dismiss(r: TaskParser, m: Match) -> Found:
    how = {"cancel": "cancel", "decline": "cancel", "reject": "cancel", "deny": "cancel"}.get(m["v"].lower(), "")
    how = "ok" if m["v"].lower() in ("accept", "confirm", "acknowledge", "ok") else how
    optional = bool(re.search(r"\b(?:if|should|whenever|in case|may|might|any)\b", (m["c"] or "") + m.group()[:24], I))
    return (s.Dismiss(r.target(m["t"]), how, optional),)


@RULES.rule(r"(?-i:confirm|OK|ok|okay)(?:\s+(?:it|that|this|the\s+(?:question|deletion|action|change|choice)))?")
def _confirm(r: TaskParser, m: Match) -> Found:
    return (s.Dismiss("dialog", CONFIRM),)


@RULES.rule(
    r"confirm\s+(?:(?:it|that|this)\s+)?(?:with|by\s+(?:clicking|pressing))\s+(?:the\s+)?(?P<t>\S+(?:\s+\S+){0,2}?)(?:\s+button)?"
)
def _confirm_with(r: TaskParser, m: Match) -> Found:
    if re.fullmatch(r"ok|okay|yes", m["t"], I):
        return (s.Dismiss("dialog", CONFIRM),)
    return r.clause(f"press {m['t']}") if re.fullmatch(r"enter|return", m["t"], I) else (s.ClickOn(r.target(m["t"])),)


@RULES.rule(r"(?:dismiss|get rid of)\s+(?P<t>[^,]+?)(?P<c>\s+(?:that|which|if|when)\b.*)?")
def _dismiss_any(r: TaskParser, m: Match) -> Found:
    return (s.Dismiss(r.target(m["t"]), "", bool(re.search(r"\bif\b", m["c"] or "", I))),)
