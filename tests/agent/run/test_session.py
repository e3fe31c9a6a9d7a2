"""What a run does where nothing is said."""

import numpy as np
import pytest

from actions.action import Click, Key
from actions.frame import Frame, Point
from agent.core.model import Decision
from agent.run.session import policy_for
from envs.env import Observation


@pytest.mark.parametrize(
    ("confirm", "own", "asked"), [(None, True, 1), (None, False, 0), ("never", True, 0), ("always", False, 2)]
)
def test_risky_actions_are_asked_about_on_the_users_own_screen(confirm, own, asked):
    questions = []
    policy = policy_for(confirm, own, questions.append)
    seen = Observation(np.full((4, 4, 3), 9, np.uint8), Frame(id="1", width=4, height=4))
    for action in (Key(chords=("alt+f4",)), Click(point=Point(1, 1))):
        policy.review(Decision(action=action), seen)
    assert len(questions) == asked
