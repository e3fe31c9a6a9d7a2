"""The protocol: the tools of `ScreenHost` for clients of any revision that the official SDK speaks.

A client of the handshake revisions is asked for its user's word while its call waits; one of the revision without
requests from the server (2026-07-28) gets the question as the call's result, and calls again with the answer.
"""

from __future__ import annotations

import asyncio
import base64
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

import mcp_types as types
from mcp.server.lowlevel import Server
from mcp_types.version import MODERN_PROTOCOL_VERSIONS
from pydantic import BaseModel, ValidationError

from actions.errors import HandeyeError, one_line
from agent.mcp.arguments import (
    ActArguments,
    ElementsArguments,
    LocateArguments,
    ObserveArguments,
    ReadEpisodeArguments,
    ReplayArguments,
    RunArguments,
    problem_of,
)
from agent.mcp.calls import CallEvent, CallProgress, ClientCall, McpClient, PersonQuestion, ToolReply
from agent.mcp.client_model import ScreenRequest
from agent.mcp.episodes import read_recorded, simulated
from agent.mcp.host import ScreenHost, text_of

_ANSWER = "answer"
"""The key of a question among a result's, and of its field."""


@dataclass(frozen=True)
class ToolKind:
    """A tool: the model of its arguments, what it does, and whether it changes nothing."""

    arguments: type[BaseModel]
    about: str
    reads: bool = False


TOOLS: Mapping[str, ToolKind] = {
    "observe": ToolKind(
        ObserveArguments,
        "See the screen as it is now: a picture, the name of its frame, and its size in pixels. Points of act are "
        "pixels of the last picture.",
        reads=True,
    ),
    "elements": ToolKind(
        ElementsArguments,
        "List what is on the screen now, without a picture: role, words and state of each element, and its middle "
        "as [x, y] for act.",
        reads=True,
    ),
    "locate": ToolKind(
        LocateArguments,
        "Find one thing on the screen by its description: its point and box in pixels for act, or a refusal with its "
        "reason.",
        reads=True,
    ),
    "act": ToolKind(
        ActArguments,
        "Do one action (click, type, key, scroll, drag, open, wait …), wait until the screen has settled, and see it. "
        'finish ends the record of your steps, e.g. {"type": "finish", "status": "success"}; ask_user asks the person.',
    ),
    "run": ToolKind(
        RunArguments,
        "Have Handeye's own model do a whole task on the screen; returns how it ended and the name of its episode. "
        "Each step is a progress notification; cancel the call to stop it.",
    ),
    "replay": ToolKind(
        ReplayArguments,
        "Use a recorded episode again: check its record (simulate), or do its actions on the screen again (live), "
        "without a model.",
    ),
    "read_episode": ToolKind(
        ReadEpisodeArguments,
        "Read a recorded episode: how it ended and its steps in words, with the screen of one step if wanted. "
        "Without a name: the newest episodes.",
        reads=True,
    ),
}


@dataclass
class _OpenCall:
    """A call and the events of it that its client has not had."""

    call: ClientCall
    events: asyncio.Queue[CallEvent]


@dataclass
class ToolServer:
    """Answers the protocol's requests with `host`. Made and used in one event loop."""

    host: ScreenHost
    _asked: dict[str, _OpenCall] = field(default_factory=dict)
    """The calls that wait for an answer which comes with another request, by the state that it carries."""

    def server(self) -> Any:
        """The SDK's server of these tools."""
        return Server(
            "handeye",
            version=version("handeye"),
            title="Handeye",
            instructions=self._instructions(),
            on_list_tools=self._list,
            on_call_tool=self._call,
        )

    def _instructions(self) -> str:
        host = self.host
        names = ", ".join(f"{{{{secret:{name}}}}}" for name in host.options.run.secrets.values)
        told = f" To type a secret, type its placeholder to the letter: {names}." if names else ""
        return (
            f"A screen to see and act on: {host.env.name}. Call observe, then act with points in pixels of its "
            "picture; act returns the next picture. elements and locate give points without a picture. An action that "
            f"was not done is an error that says why.{told} A person may be asked before an action, and may stop all."
        )

    async def _list(self, context: Any, params: Any) -> Any:
        return types.ListToolsResult(
            tools=[
                types.Tool(
                    name=name,
                    description=kind.about,
                    input_schema=kind.arguments.model_json_schema(),
                    annotations=types.ToolAnnotations(read_only_hint=kind.reads, destructive_hint=not kind.reads),
                )
                for name, kind in TOOLS.items()
            ]
        )

    async def _call(self, context: Any, params: Any) -> Any:
        """Any tool. A fault of the caller's is an error of the tool, in one line."""
        opened = self._asked.pop(params.request_state or "", None)
        if opened is not None:
            opened.call.answer(_person_said((params.input_responses or {}).get(_ANSWER)))
            return await self._follow(context, opened)
        kind = TOOLS.get(params.name)
        if kind is None:
            return self._result(ToolReply(error=f"no tool {params.name[:60]!r}: there are {', '.join(TOOLS)}"))
        try:
            arguments = kind.arguments.model_validate(params.arguments or {})
        except ValidationError as error:
            return self._result(ToolReply(error=problem_of(error, params.name)))
        return await self._started(context, arguments)

    async def _started(self, context: Any, arguments: BaseModel) -> Any:
        runs = self.host.options.runs
        if isinstance(arguments, ReadEpisodeArguments):
            return await self._read(lambda: read_recorded(runs, arguments, self.host.options.longest))
        if isinstance(arguments, ReplayArguments) and arguments.mode == "simulate":
            return await self._read(lambda: simulated(runs, arguments.episode))
        assert isinstance(
            arguments,
            ObserveArguments | ElementsArguments | LocateArguments | ActArguments | RunArguments | ReplayArguments,
        )
        loop, events = asyncio.get_running_loop(), asyncio.Queue[CallEvent]()

        def send(event: CallEvent) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(events.put_nowait, event)

        opened = _OpenCall(ClientCall(_client_of(context), send), events)
        self.host.submit(ScreenRequest(opened.call, arguments))
        return await self._follow(context, opened)

    async def _read(self, read: Callable[[], ToolReply]) -> Any:
        """What needs no screen, beside it."""
        try:
            return self._result(await asyncio.to_thread(read))
        except HandeyeError as error:
            return self._result(ToolReply(error=str(error)))

    async def _follow(self, context: Any, opened: _OpenCall) -> Any:
        """Pass on what happens until there is a result, or a question that the client answers by calling again."""
        try:
            while True:
                match await opened.events.get():
                    case CallProgress(done, total, words):
                        await context.session.report_progress(done, total, words)
                    case PersonQuestion() as question if context.protocol_version in MODERN_PROTOCOL_VERSIONS:
                        state = secrets.token_urlsafe(32)
                        self._asked[state] = opened
                        return types.InputRequiredResult(
                            input_requests={_ANSWER: types.ElicitRequest(params=_form(question))}, request_state=state
                        )
                    case PersonQuestion() as question:
                        form = _form(question)
                        said = await context.session.elicit_form(
                            form.message, form.requested_schema, context.request_id
                        )
                        opened.call.answer(_person_said(said))
                    case ToolReply() as reply:
                        return self._result(reply)
        except asyncio.CancelledError:
            opened.call.cancel()
            raise
        except Exception:
            opened.call.cancel()  # the client is gone, or has answered what is no answer
            raise

    def _result(self, reply: ToolReply) -> Any:
        redact = self.host.options.run.secrets.redact
        if reply.error:
            text = types.TextContent(text=one_line(redact(reply.error), 2000))
            return types.CallToolResult(content=[text], is_error=True)
        texts = [types.TextContent(text=text) for text in text_of(reply, redact)]
        pictures = [
            types.ImageContent(data=base64.b64encode(png).decode(), mime_type="image/png") for png in reply.pictures
        ]
        return types.CallToolResult(content=[*texts, *pictures])


def _client_of(context: Any) -> McpClient:
    said, able = context.session.client_params, context.session.client_capabilities
    asks = able.elicitation if able else None
    can_ask = asks is not None and not (asks.url is not None and asks.form is None)
    if said is None:
        return McpClient("unnamed", can_ask)
    return McpClient(one_line(f"{said.client_info.name} {said.client_info.version}".strip(), 100), can_ask)


def _form(question: PersonQuestion) -> Any:
    answer: dict[str, Any] = {"type": "string", "title": "Your answer"}
    if question.choices:
        answer |= {"enum": list(question.choices)}
    schema = {"type": "object", "properties": {_ANSWER: answer}, "required": [_ANSWER]}
    return types.ElicitRequestFormParams(message=question.text, requested_schema=schema)


def _person_said(result: Any) -> str | None:
    """The person's answer; "" where they declined or dismissed the question, None where there is no answer."""
    if not isinstance(result, types.ElicitResult):
        return None
    said = (result.content or {}).get(_ANSWER)
    return said if result.action == "accept" and isinstance(said, str) else ""
