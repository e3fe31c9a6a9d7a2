"""What a run does where nothing is said."""

import numpy as np
import pytest

from actions.action import Click, Key
from actions.frame import Frame, Point
from agent.core.model import Decision
from agent.run.env_spec import EnvSpec
from agent.run.session import policy_for
from envs.env import Observation
from tests.agent.fakes import FakeEnv


@pytest.mark.parametrize(
    ("confirm", "own", "asked"), [(None, True, 1), (None, False, 0), ("never", True, 0), ("always", False, 2)]
)
def test_risky_actions_are_asked_about_where_the_users_files_are_reached(confirm, own, asked):
    questions = []
    policy = policy_for(confirm, own, questions.append, FakeEnv())
    seen = Observation(np.full((4, 4, 3), 9, np.uint8), Frame(id="1", width=4, height=4))
    for action in (Key(chords=("alt+f4",)), Click(point=Point(1, 1))):
        policy.review(Decision(action=action), seen)
    assert len(questions) == asked


@pytest.mark.parametrize(
    ("spec", "exposed"),
    [
        (EnvSpec("desktop"), True), (EnvSpec("android"), True), (EnvSpec("rules:screen"), True),
        (EnvSpec("sandbox"), False), (EnvSpec("phone"), False), (EnvSpec("sandbox", network="none"), False),
        (EnvSpec("sandbox", share=(".",)), True), (EnvSpec("sandbox", network="loopback"), True),
        (EnvSpec("sandbox", isolated=False), True),
    ],
)  # fmt: skip
def test_a_sandbox_that_shares_something_is_exposed(spec, exposed):
    assert spec.exposed == exposed
