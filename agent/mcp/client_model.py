"""`ClientModel`: a model whose decisions are those of an MCP client, so that what it does is a run like any other."""

from __future__ import annotations

import queue
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from pydantic import JsonValue

from actions.action import Answer, AskUser, Finish, move_points, points_of
from actions.frame import Frame, Grid
from agent.core.errors import UserError
from agent.core.model import NO_USAGE, Decision, LookAgain, Model
from agent.core.step import Step
from agent.core.stop import Stop
from agent.core.targets import in_words
from agent.core.task import Task
from agent.mcp.arguments import ActArguments, ElementsArguments, LocateArguments, ObserveArguments, ScreenArguments
from agent.mcp.calls import ClientCall, ToolReply
from envs.env import Image, Observation
from envs.png import encode_png

_TICK = 0.1


@dataclass(frozen=True)
class ScreenRequest:
    """A call and its arguments."""

    call: ClientCall
    arguments: ScreenArguments

    @property
    def is_clients_own(self) -> bool:
        """Whether it is a step of the client's own, not a run."""
        return isinstance(self.arguments, ObserveArguments | ElementsArguments | LocateArguments | ActArguments)


class Inbox:
    """The requests of all clients in order; None is the end. Filled from any thread, emptied by the screen's."""

    def __init__(self) -> None:
        self._requests: queue.SimpleQueue[ScreenRequest | None] = queue.SimpleQueue()
        self._returned: list[ScreenRequest | None] = []

    def put(self, request: ScreenRequest | None) -> None:
        """Add one."""
        self._requests.put(request)

    def give_back(self, request: ScreenRequest | None) -> None:
        """Make this the next one again."""
        self._returned.append(request)

    def get(self, timeout: float | None = None) -> ScreenRequest | None:
        """The next one that was not cancelled. Raises `queue.Empty` after `timeout` seconds."""
        while True:
            request = self._returned.pop() if self._returned else self._requests.get(timeout=timeout)
            if request is None or not request.call.cancelled:
                return request


@dataclass(frozen=True)
class ShownFrame:
    """What a client was shown: the frame, and the size of the picture that was sent of it."""

    frame: Frame
    width: int
    height: int

    @classmethod
    def of(cls, frame: Frame, longest: int) -> ShownFrame:
        """A picture whose longer side has at most `longest` pixels."""
        scale = min(1.0, longest / max(frame.width, frame.height))
        return cls(frame, max(1, round(frame.width * scale)), max(1, round(frame.height * scale)))

    @property
    def grid(self) -> Grid:
        """The space of the client's points."""
        return Grid(self.width, self.height)

    def png(self, image: Image) -> bytes:
        """`image`, of the frame, as it is sent."""
        same = (self.width, self.height) == (image.shape[1], image.shape[0])
        sent = image if same else cv2.resize(image, (self.width, self.height), interpolation=cv2.INTER_AREA)
        return encode_png(np.ascontiguousarray(sent, np.uint8))

    def to_json(self, app: str | None) -> dict[str, JsonValue]:
        """What a client is told about the picture."""
        return {"frame": self.frame.id, "width": self.width, "height": self.height, "app": app}


Look = Callable[[ElementsArguments | LocateArguments | ObserveArguments, Observation, ShownFrame], ToolReply]
"""Answers a request that only looks, on a screen as it is now."""


class ClientModel(Model):
    """Decides what the client asks for. The run ends when another client, a run or the end comes next in `inbox`.

    A request is answered on a screen that was captured after it came. `look` answers those that only look; `longest`
    is the longer side of a picture that is sent.
    """

    def __init__(self, first: ScreenRequest, inbox: Inbox, look: Look, longest: int, stop: Stop) -> None:
        self._client, self._inbox, self._look, self._stop = first.call.client, inbox, look, stop
        self._longest = longest
        self._looking: ScreenRequest | None = first
        self._acting: ScreenRequest | None = None
        self._shown: ShownFrame | None = None

    @property
    def name(self) -> str:
        """The client's."""
        return f"MCP client {self._client.name}"

    @property
    def call(self) -> ClientCall | None:
        """The call whose action is under way."""
        return self._acting.call if self._acting else None

    def decide(self, task: Task, observation: Observation, history: Sequence[Step]) -> Decision:
        """The client's next action. Raises `LookAgain` for a newer screen."""
        self._answer_last(observation, history)
        while True:
            request = self._looking
            if request is None:
                self._looking = self._next()
                raise LookAgain
            self._looking = None
            try:
                if isinstance(request.arguments, ActArguments):
                    decision = self._decision(request.arguments, observation)
                    self._acting = request
                    return decision
                request.call.finish(self._looked(request, observation))
            except UserError as error:
                request.call.fail(str(error))

    def end(self, how: ToolReply) -> None:
        """The run is over: answer what waits for it."""
        for request in (self._acting, self._looking):
            if request is not None:
                request.call.finish(how)
        self._acting = self._looking = None

    def _next(self) -> ScreenRequest:
        """The client's next request. Raises `LookAgain`, with the stop requested, where there is none for this run."""
        while not self._stop:
            try:
                request = self._inbox.get(_TICK)
            except queue.Empty:
                continue
            if request is not None and request.is_clients_own and request.call.client == self._client:
                return request
            self._inbox.give_back(request)
            self._stop.note("the MCP client went on" if request else "the MCP client has gone")
        raise LookAgain

    def _looked(self, request: ScreenRequest, observation: Observation) -> ToolReply:
        shown = ShownFrame.of(observation.frame, self._longest)
        arguments = request.arguments
        assert isinstance(arguments, ObserveArguments | ElementsArguments | LocateArguments)
        reply = self._look(arguments, observation, shown)
        self._shown = shown
        return reply

    def _decision(self, arguments: ActArguments, observation: Observation) -> Decision:
        """The action in pixels of the frame. Raises `UserError` for a stale frame, and for a point outside it."""
        action, points = arguments.action, points_of(arguments.action)
        shown = self._shown
        if points and shown is None:
            raise UserError("nothing was observed yet: call observe, then act on its picture")
        if arguments.frame and (shown is None or arguments.frame != shown.frame.id):
            newest = f"the last one is {shown.frame.id}" if shown else "nothing was observed yet"
            raise UserError(f"frame {arguments.frame} is stale ({newest}): call observe and decide again")
        if points and shown is not None:
            if not shown.frame.same_geometry(observation.frame):
                raise UserError(
                    f"frame {shown.frame.id} is stale (the screen has another size or rotation): "
                    "call observe and decide again"
                )
            outside = [at for at in points if not (0 <= at.x < shown.width and 0 <= at.y < shown.height)]
            if outside:
                raise UserError(
                    f"the point ({outside[0].x:g}, {outside[0].y:g}) is outside the picture of "
                    f"{shown.width}x{shown.height} pixels: use pixels of the last picture"
                )
            action = move_points(action, [observation.frame.from_grid(shown.grid, at.x, at.y) for at in points])
        return Decision(
            action=action,
            thought=arguments.why,
            raw=arguments.action.model_dump_json(),
            usage=NO_USAGE,
        )

    def _answer_last(self, observation: Observation, history: Sequence[Step]) -> None:
        """Answer the action that was done, with the screen after it."""
        request, self._acting = self._acting, None
        if request is None or not history:
            return
        reply = acted(history[-1])
        assert isinstance(request.arguments, ActArguments)
        if request.arguments.picture and not reply.error:
            self._shown = shown = ShownFrame.of(observation.frame, self._longest)
            data = {**reply.data, **shown.to_json(observation.app)}
            reply = ToolReply(data, pictures=(shown.png(observation.image),))
        request.call.finish(reply)


def acted(step: Step) -> ToolReply:
    """What is told of a step that was taken: what was done and what came of it, or why it was not."""
    own = isinstance(step.action, Answer | AskUser | Finish)
    if step.action is None or not (own or _sent(step)):
        return ToolReply(error=f"{step.effect or 'not done'}; call observe to see the screen as it is")
    return ToolReply({"did": in_words(step), "effect": step.effect or "done"})


def _sent(step: Step) -> bool:
    return step.outcome is not None and (step.outcome.performed or step.outcome.dry_run)
