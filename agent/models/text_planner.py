"""`TextPlanner`: a model that plans without seeing, over the numbered elements of the screen."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from string import Template
from typing import Any

from actions.action import Finish, Open, Wait, describe
from actions.errors import plural
from actions.frame import Point
from agent.builtin.grammar.parse import parse_instructions
from agent.builtin.instructions import NeedsPlanning
from agent.builtin.model import BuiltinModel
from agent.core.model import Decision, ParseError
from agent.core.step import Delegation, Step
from agent.core.task import Task
from agent.models.chat import PhaseClock, parsed
from agent.models.dialects import regex
from agent.models.dialects.action_dicts import DictGrammar
from agent.models.dialects.brackets import Unreadable
from agent.models.dialects.delegating import DO, LONGEST, instruction_in
from agent.models.dialects.dialect import IMAGE, Chat
from agent.models.dialects.lenient_json import read_lenient
from agent.models.endpoints.endpoint import Reply, Shape
from agent.models.history_fold import HistoryFold
from agent.models.list_planner import KnownLists, ListPlanner
from agent.perception.listing.rows import ElementList, changes
from envs.env import EnvError, Observation

_LIST_TOKENS = 1500
_EFFECT = 300
"""Letters of the effect of a step, at most."""
_STEPS = 20
"""Steps that are told; beyond, the oldest ten are dropped at a time: the beginning of a prompt seldom changes."""
_NOTES = 40
"""Notes that are told: the newest, each once."""
_ITEMS = 6
_MOST_STEPS = 20
"""Actions of one instruction that is handed to the built-in model."""
_SHORT = {"type": "string", "maxLength": 160}
_TEXT = {"type": "string", "minLength": 1, "maxLength": 1000}
_TIME = {"type": "integer", "minimum": 1, "maximum": 10}


@dataclass(frozen=True)
class AnswersSoFar:
    """What the answers of a run said beside their actions: the last `plan` and up to which of its items it is
    `finished`, and the `notes`. `firsts` are the places in the history where an answer with an action begins, `steps`
    is its length.
    """

    plan: tuple[str, ...] = ()
    finished: int = 0
    notes: tuple[str, ...] = ()
    firsts: tuple[int, ...] = ()
    steps: int = 0

    def then(self, step: Step) -> AnswersSoFar:
        """These and `step`."""
        after = replace(self, steps=self.steps + 1)
        if step.part:
            return after
        firsts = self.firsts if step.action is None else (*self.firsts, self.steps)
        said, plan, finished, notes = _said(step.raw), self.plan, self.finished, self.notes
        if isinstance(items := said.get("plan"), list) and items:
            plan, finished = tuple(str(item)[:160] for item in items[: 2 * _ITEMS]), 0
        if type(done := said.get("finished")) is int:
            finished = max(finished, done)
        if isinstance(note := said.get("note"), str) and note.strip() and note[:200] not in notes:
            notes = (*notes, note[:200])[-_NOTES:]
        return replace(after, plan=plan, finished=finished, notes=notes, firsts=firsts)

    def plan_lines(self) -> list[str]:
        """The plan, a line an item, with those that were said to be finished since marked."""
        return [f"{'[x]' if at <= self.finished else '[ ]'} {item}" for at, item in enumerate(self.plan, 1)]


@dataclass(frozen=True)
class TextPlanner(ListPlanner):
    """A `ListPlanner` that is shown a list of elements in place of the picture, and says numbers of it.

    What each step changed is told in words. `effects` and `plans` switch that and the plan off, to measure what they
    are worth. Descriptions in words, which it may say too, go to the grounder. Where the dialect delegates, it may hand
    an instruction to the built-in model, whose actions are the next decisions, one by one, until it reports.
    """

    effects: bool = True
    plans: bool = True
    _answers: HistoryFold[AnswersSoFar] = field(
        default_factory=lambda: HistoryFold(AnswersSoFar(), AnswersSoFar.then), repr=False, compare=False
    )

    def on_lists(self, lists: Mapping[float, ElementList], apps: tuple[str, ...]) -> TextPlanner:
        """The same planner for recorded screens: `lists` by the times of their capture, and the names of the apps."""
        return replace(self, known=KnownLists(dict(lists), apps))

    def decide(self, task: Task, observation: Observation, history: Sequence[Step]) -> Decision:
        """The next action: of the instruction that the built-in model is at, else the planner's. Raises likewise."""
        last = history[-1] if history else None
        if last is None or last.delegated is None or last.delegated.report:
            return super().decide(task, observation, history)
        return self._carried_out(last.delegated.instruction, task, observation, history[-1 - last.part :])

    def _understood(
        self, reply: Reply, task: Task, observation: Observation, pointer: Point | None, clock: PhaseClock
    ) -> Decision:
        instruction = parsed(reply, clock, lambda: instruction_in(reply.text)) if self.speaks.delegates else None
        if instruction is None:
            return super()._understood(reply, task, observation, pointer, clock)
        if isinstance(parse_instructions(instruction)[0], NeedsPlanning):
            why = f"{DO}: {instruction[:80]!r} is no explicit instruction: say one thing to do, in words of the list"
            raise ParseError(why, reply.text, reply.usage, clock.phases)
        first = self._carried_out(instruction, task, observation, ())
        timings = {phase: clock.phases.get(phase, 0) + seconds for phase, seconds in first.timings.items()}
        told = {"raw": reply.text, "notes": reply.notes, "usage": reply.usage + first.usage}
        return first.model_copy(update=told | {"timings": clock.phases | timings})

    @functools.cached_property
    def _builtin(self) -> BuiltinModel:
        return self.grounder if isinstance(self.grounder, BuiltinModel) else BuiltinModel()

    def _carried_out(self, instruction: str, task: Task, observation: Observation, begun: Sequence[Step]) -> Decision:
        """The built-in model's next action for `instruction`, after those of `begun`; at its end a wait of 0 s."""
        said, report = self._builtin.decide(Task(instruction, task.limits), observation, begun), ""
        if isinstance(said.action, Finish):
            report = ("done: " if said.action.status == "success" else "not done: ") + said.action.message
        elif len(begun) >= _MOST_STEPS:
            report = f"not done: not finished after {plural(len(begun), 'action')}"
        update = {"raw": "", "part": len(begun), "delegated": Delegation(instruction=instruction, report=report)}
        return said.model_copy(update=update | ({"action": Wait(seconds=0), "thought": ""} if report else {}))

    def _data_question(self, observation: Observation, schema: dict[str, Any], question: str) -> Chat:
        chat = super()._data_question(observation, schema, question)
        rows = self._list(observation, ()).text(_LIST_TOKENS)
        return replace(chat, user=("".join(rows if part == IMAGE else str(part) for part in chat.user),))

    def _apps(self, observation: Observation) -> tuple[str, ...]:
        if self.known.apps is None:
            try:
                self.known.apps = observation.details.app_names() if observation.details else ()
            except EnvError:
                return ()
        return self.known.apps

    def _front(self, observation: Observation, history: Sequence[Step]) -> str:
        """The name of the app in front, where it came by a step that named it; "" where that is not known."""
        lists, after = self.known.lists, self._list(observation, history)
        app = after.app
        for step in reversed(history):
            before = lists.get(step.time)
            if before is None or after.app != app:
                break
            if before.app != app:
                words = step.action.target if isinstance(step.action, Open) else "".join(p.raw for p in step.pointed)
                return next((name for name in self._apps(observation) if name in words.split('"') or name == words), "")
            after = before
        return ""

    def _question(
        self, task: Task, observation: Observation, history: Sequence[Step], shown: Callable[[int], bool]
    ) -> Chat:
        prompt, room = self.speaks.decide[self.platform], self._room()
        apps, front = self._apps(observation), self._front(observation, history)
        listed = self._list(observation, history)
        told = (f"Apps on this phone: {', '.join(apps)}\n" if apps else "") + self._told(history, listed)
        words = {"instruction": task.instruction, "history": told}
        rows = (replace(listed, app=front) if front else listed).text(int(min(_LIST_TOKENS, room / 2)))
        user = "".join(rows if part == IMAGE else Template(part).substitute(words) for part in prompt.user)
        return Chat(prompt.system, (user,), "", prompt.stop, prompt.max_tokens, sampling=prompt.sampling)

    def _told(self, history: Sequence[Step], now: ElementList) -> str:
        """The steps with their effects, then what changes from step to step: the plan, the notes, the last fault."""
        answers = self._answers.of(history)
        lines = list(self._lines(history, answers.firsts, now))
        told = ["Steps so far:" if lines else "Nothing has been done yet.", *lines]
        told += ["Your plan:", *answers.plan_lines()] if self.plans and answers.plan else []
        told += ["Your notes: " + "; ".join(answers.notes)] if answers.notes else []
        repeats = self._speaks.told(history, self.platform).repeats
        told += [f"The last action changed nothing, {repeats} times: do something else."] if repeats else []
        last = history[-1] if history else None
        if last is not None and last.action is None and last.error:
            told.append(Template(self.speaks.retry).substitute(error=last.error).strip())
        return "\n".join(told) + "\n"

    def _lines(self, history: Sequence[Step], firsts: Sequence[int], now: ElementList) -> Iterator[str]:
        """A line an answer, of those that begin at `firsts`: its actions and what they changed; of many the last 11 to
        20, and how many are left out.
        """
        gone = (len(firsts) - 11) // 10 * 10 if len(firsts) > _STEPS else 0
        if gone:
            yield f"(the first {gone} steps are left out)"
        ends = [*firsts[gone + 1 :], len(history)]
        for number, (at, end) in enumerate(zip(firsts[gone:], ends, strict=False), gone + 1):
            steps = [step for step in history[at:end] if step.action is not None]
            handed = steps[0].delegated
            done = f'{DO} "{handed.instruction}"' if handed else ", then ".join(map(_call, steps))
            times = (history[at].time for at in range(end, len(history)))
            after = next((self.known.lists[time] for time in times if time in self.known.lists), now)
            effect = [step.effect for step in steps if step.effect and not (handed and step.without_effect)]
            before = self.known.lists.get(steps[0].time)
            if self.effects and before is not None:
                effect.append(changes(before, after) or "nothing on the list changed")
            yield f"{number}. {done}" + (f" -> {_cut('; '.join(dict.fromkeys(effect)))}" if effect else "")

    def _action_shape(self, observation: Observation, history: Sequence[Step], pointer: bool) -> Shape | None:
        if not self._holds:
            return None
        rows = self._list(observation, history).rows
        numbered = [f"{row.name or row.value or row.role} [{row.number}]" for row in rows if row.number]
        first = self.plans and not self._answers.of(history).plan
        planned = self.plans and not first
        begin: dict[str, Any] = {"thought": _SHORT}
        begin |= {"plan": {"type": "array", "items": _SHORT, "minItems": 1, "maxItems": _ITEMS}} if first else {}
        begin |= {"finished": {"type": "integer", "minimum": 0, "maximum": _ITEMS}} if planned else {}
        front = self._front(observation, history)
        words = _arguments(numbered, [app for app in self._apps(observation) if app != front])
        grammar = self.speaks.grammar[self.platform]
        assert isinstance(grammar, DictGrammar)  # text-planner.toml: kind = "json"
        handed = {DO: {"instruction": {"type": "string", "minLength": 1, "maxLength": LONGEST}}}
        words |= handed if self.speaks.delegates else {}
        forms = [
            {"action": {"const": name}, **arguments, "note": _SHORT}
            for name, arguments in words.items()
            if name in (*grammar.read, DO) and (numbered or "on" not in arguments)
        ]
        pattern = rf"\{{{_members(begin)}, {regex.either(map(_members, forms))}\}}"
        return Shape(schema={"anyOf": [_object(begin | form) for form in forms]}, pattern=pattern)


_OPTIONAL = ("note", "plan", "finished")


def _members(form: Mapping[str, dict[str, Any]]) -> str:
    """A pattern of the members of `form` in their order, the first of them required, in one spacing."""
    said = [(name, f'"{name}": {_value(schema)}') for name, schema in form.items()]
    return said[0][1] + "".join(f"(?:, {text})?" if name in _OPTIONAL else f", {text}" for name, text in said[1:])


def _value(schema: Mapping[str, Any]) -> str:
    """A pattern of a value of the few schemas that `_arguments` has."""
    if "const" in schema or "enum" in schema:
        values = schema.get("enum", [schema.get("const")])
        return regex.either(regex.literal(json.dumps(value, ensure_ascii=False)) for value in values)
    match schema["type"]:
        case "integer":
            return regex.whole(schema["minimum"], schema["maximum"])
        case "array":
            item = _value(schema["items"])
            return rf"\[{item}(?:, {item}){{{schema['minItems'] - 1},{schema['maxItems'] - 1}}}\]"
        case "boolean":
            return "(?:true|false)"
    return regex.json_text(schema.get("minLength", 0), schema["maxLength"])


def _object(form: dict[str, Any]) -> dict[str, Any]:
    required = [name for name in form if name not in _OPTIONAL]
    return {"type": "object", "properties": form, "required": required, "additionalProperties": False}


def _arguments(elements: Sequence[str], apps: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The arguments of every action, with their JSON schemas. `elements` are words with the number at their end: the
    words are chosen, and the number follows from them.
    """
    on, text = {"enum": list(elements)}, {"text": _TEXT}
    buttons = {"enum": ["back", "home", "recents", "enter"]}
    keys = {"type": "array", "items": {"type": "string", "maxLength": 20}, "minItems": 1, "maxItems": 4}
    directions = {"enum": ["down", "up", "right", "left"]}
    return {
        **{name: {"on": on} for name in ("tap", "click", "double_click", "right_click")},
        "type": {"on": on, **text, "clear": {"type": "boolean"}},
        "open": {"app": {"enum": list(apps)} if apps else _TEXT},
        "system_key": {"key": buttons},
        "key": {"keys": keys},
        "scroll": {"direction": directions},
        "long_press": {"on": on, "time": _TIME},
        "drag": {"on": on, "to": on},
        "wait": {"time": _TIME},
        "answer": text,
        "ask_user": text,
        "finish": {"status": {"enum": ["success", "failure"]}},
    }


def _said(answer: str) -> Mapping[str, Any]:
    """What an answer says beside its action."""
    start = answer.find("{")
    try:
        found = read_lenient(answer, start).value if start >= 0 else {}
    except Unreadable:
        return {}
    return found if isinstance(found, dict) else {}


def _call(step: Step) -> str:
    """The action of `step` in words, with those of the elements it was on."""
    assert step.action is not None
    where = " to ".join(one.raw or one.description for one in step.pointed if one.point is not None)
    kind = step.action.type
    if where and kind in ("click", "long_press", "drag"):
        return f"{'tap' if kind == 'click' else kind} {where}"
    return describe(step.action)


def _cut(text: str) -> str:
    return text if len(text) <= _EFFECT else text[: _EFFECT - 1] + "…"
