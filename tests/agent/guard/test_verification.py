"""A check before done counts, by the model, another one or the user; its no goes back to the model with the reason."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import handeye
from actions.action import Finish
from agent.core.errors import UserError
from agent.core.task import Ending
from agent.episodes import read_episode
from agent.episodes.replay.simulate import simulate
from agent.models.spec import ModelSpec
from agent.run.session import Run
from tests.agent.models.test_planner import Planner, planned
from tests.agent.models.test_text_planner import SPEC, Server, Settings, last_message, said
from tests.agent.scripted_server import Seen

TASK = "Turn on airplane mode"
DONE = said("finish", status="success")


def verdict(done: bool, reason: str = "the switch tells") -> str:
    return json.dumps({"reason": reason, "done": done})


def by_list(seen: Seen) -> str:
    """What a careful model would say of the list."""
    on = '"Airplane mode" (on)' in last_message(seen)
    return verdict(on, f"Airplane mode is {'on' if on else 'still off'}")


def work(model: ModelSpec, folder: Path, env: Settings, **how: Any) -> Run:
    return handeye.run(TASK, env, model, confirm="never", out=folder / "e", **how)


@pytest.mark.parametrize("other", [False, True])
def test_what_the_check_refuses_goes_back_to_a_text_planner(other: bool, tmp_path: Path) -> None:
    acts: list[Any] = [said("tap", on=1), DONE, said("tap", on=2), DONE]
    script = acts if other else [*acts[:2], by_list, *acts[2:], by_list]
    env = Settings()
    with Server(script) as server, Server([by_list]) as judge:
        done = work(ModelSpec(server.url, **SPEC), tmp_path, env, verify=judge.url if other else "self")
    assert done.result.ending is Ending.DONE, done.result.message
    assert env.on == [True, True, True]
    asked = judge.seen if other else [server.seen[2], server.seen[-1]]
    question = last_message(asked[0])
    assert len(asked) == 2
    assert TASK in question
    assert "1. click" in question
    assert '(switch "Wi-Fi" (off))' in question
    assert '[2] switch "Airplane mode" (off)' in question
    assert asked[0].png is None
    refused, agreed = (step for step in read_episode(done.episode).steps if isinstance(step.action, Finish))
    assert refused.verdict is not None
    assert (refused.verdict.kind, refused.verdict.policy) == ("skip", "verify")
    assert agreed.verdict is not None
    assert (agreed.verdict.kind, agreed.verdict.reason) == ("allow", "Airplane mode is on")
    told = "not done: the check says that it is not done: Airplane mode is still off"
    assert told in last_message(server.seen[2 if other else 3])
    assert done.report is not None
    assert "Airplane mode is still off" in done.report.read_text()
    assert read_episode(done.episode).header.extra["verify"] == (judge.url if other else "self")
    acted = read_episode(done.episode).steps[0]
    assert acted.tokens.prompt > 0
    assert refused.tokens == agreed.tokens == acted.tokens + acted.tokens, "the check's answer is counted"
    assert simulate(done.episode).ok


def test_a_vision_planner_is_checked_by_the_picture(tmp_path: Path) -> None:
    def by_picture(seen: Seen) -> str:
        assert seen.image is not None
        return verdict(bool(np.mean(seen.image) > 100))

    finish = planned("finish", status="success")
    with Planner([finish, by_picture]) as planner:
        done = work(ModelSpec(planner.url, grounder="builtin"), tmp_path, Settings(), verify="self")
    assert done.result.ending is Ending.DONE
    assert len(planner.seen) == 2
    assert "done" in json.dumps(planner.seen[1].body)


def test_a_done_that_is_refused_three_times_is_no_success(tmp_path: Path) -> None:
    with Server([DONE, verdict(False, "it is off")] * 3) as server:
        done = work(ModelSpec(server.url, **SPEC), tmp_path, Settings(), verify="self")
    assert (done.result.ending, len(done.result.steps)) == (Ending.GAVE_UP, 3)
    assert done.result.message == "the check said 3 times that it is not done: it is off"
    last = read_episode(done.episode).steps[-1]
    assert last.decided == Finish(status="success")


@pytest.mark.parametrize(
    "answer", ["I think so.", json.dumps({"done": "yes", "reason": ""}), json.dumps({"done": True})]
)
def test_a_check_that_says_nothing_usable_is_no_yes(answer: str, tmp_path: Path) -> None:
    with Server([DONE, answer]) as server:
        done = work(ModelSpec(server.url, **SPEC), tmp_path, Settings(), verify="self")
    assert done.result.ending is Ending.GAVE_UP
    assert done.result.message.startswith("done could not be checked: ")


def test_the_users_check_may_send_the_model_back(tmp_path: Path) -> None:
    env = Settings()
    with Server([DONE, said("tap", on=2), DONE]) as server:
        done = work(ModelSpec(server.url, **SPEC), tmp_path, env, verify="check", check=lambda: env.on[1])
    assert done.result.ending is Ending.VERIFIED
    assert "the user's check of the outcome" in last_message(server.seen[1])


@pytest.mark.parametrize(
    ("model", "verify", "words"),
    [
        ("builtin", "self", "cannot check"),
        ("builtin", "builtin", "cannot check"),
        ("builtin", "check", "needs a check"),
    ],
)
def test_what_cannot_check_is_refused_before_anything_is_done(
    model: str, verify: str, words: str, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=words):
        work(ModelSpec(model), tmp_path, Settings(), verify=verify)
    assert not (tmp_path / "e").exists()
