"""AgentLab's agents on our suites and our models as its agents. `TestReal` needs the package ``agentlab``."""

from __future__ import annotations

import importlib.util
import sys
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from actions.action import (
    Answer,
    AnyAction,
    Button,
    Click,
    Drag,
    Finish,
    HoldKeys,
    HoldMouse,
    Key,
    LongPress,
    Move,
    Open,
    ReleaseKeys,
    Scroll,
    TypeText,
    Wait,
)
from actions.frame import Box, Frame, GeometryError, Point
from agent.core.model import FunctionModel, ParseError
from agent.episodes import read_episode
from agent.perception.listing.rows import ElementList, Row
from benchmarks.agentlab.functions import functions_of, read_functions
from benchmarks.agentlab.observations import browsergym_observation
from benchmarks.harness import InexpressibleError
from benchmarks.suite import Judged, SuiteOptions
from tests.benchmarks.lamp_suite import LampReader, LampSuite

FRAME = Frame(id="0", width=320, height=200)
LISTED = ElementList(
    (
        Row(Box(10, 20, 30, 40), "button", "OK", number=1),
        Row(Box(50, 60, 90, 80), "text field", "Name", value="Ada", state=("focused",), number=7),
        Row(Box(0, 0, 9, 9), "text", "Title", acts=False),
    ),
    app="Form",
)
LAMPS = "tests.benchmarks.lamp_suite:open_lamps"
INSTALLED = importlib.util.find_spec("agentlab") is not None
real = pytest.mark.skipif(not INSTALLED, reason="pip install agentlab")


@pytest.mark.parametrize(
    ("text", "actions"),
    [
        ("click('1')", [Click(point=Point(20, 30))]),
        (
            "click('1', button='right', modifiers=['Control'])",
            [Click(point=Point(20, 30), button="right", keys=("ctrl",))],
        ),
        ('fill("7", "it\'s")', [Click(point=Point(70, 70)), TypeText(text="it's", clear=True)]),
        ("press('7', 'Control+a')", [Click(point=Point(70, 70)), Key(chords=("ctrl+a",))]),
        ("mouse_click(5, y=6)\nkeyboard_press('Enter')", [Click(point=Point(5, 6)), Key(chords=("enter",))]),
        ("mouse_drag_and_drop(1, 2, 3, 4)", [Drag(path=(Point(1, 2), Point(3, 4)))]),
        ("scroll(0, 250)", [Scroll(dy=2)]),
        ("scroll_at(1, 2, 0, -10)", [Scroll(point=Point(1, 2), dy=-1)]),
        ("noop()", [Wait(seconds=1)]),
        ("send_msg_to_user('42')", [Answer(text="42"), Finish(status="success", message="42")]),
        ("report_infeasible('no')", [Finish(status="failure", message="no")]),
        ('[{"type": "wait", "seconds": 2}]', [Wait(seconds=2)]),
    ],
)
def test_calls_are_read(text: str, actions: list[AnyAction]) -> None:
    assert read_functions(text, LISTED) == actions


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("__import__('os').system('id')", "not a function call"),
        ("print(open('x').read())", "malformed node"),
        ("mouse_click(1)", "mouse_click: missing a required argument: 'y'"),
        ("click('3')", "there is no element '3'"),
        ("upload_file('1', 'x')", "there is no function upload_file"),
        ("click(", "never closed"),
        ("keyboard_press('nokey')", "nokey"),
        ("mouse_click('a', 2)", "valid number"),
        ("", "there is no action"),
        ("[", "Expecting value"),
    ],
)
def test_what_is_no_call_is_an_unusable_answer(text: str, why: str) -> None:
    with pytest.raises(ParseError, match=why):
        read_functions(text, LISTED)


def test_our_actions_as_calls_mean_the_same() -> None:
    for action in (
        Click(point=Point(5, 6)), Click(point=Point(5, 6), count=2, button="right"), Move(point=Point(1, 2)),
        Drag(path=(Point(1, 2), Point(3, 4))), Scroll(point=Point(1, 2), dx=-1, dy=3), Scroll(dy=1), Wait(seconds=2),
        TypeText(text="it's \"ü\"\n\\'); import os"), Key(chords=("ctrl+shift+s",)), HoldKeys(keys=("shift",)),
        ReleaseKeys(keys=("shift",)), HoldMouse(point=Point(1, 2)), Button(name="back"), Open(target="https://a.example"),
    ):  # fmt: skip
        assert read_functions("\n".join(functions_of(action, FRAME)), None) == [action]
    assert functions_of(LongPress(point=Point(1, 2)), FRAME) == ["mouse_down(1, 2)", "noop(1000.0)", "mouse_up(1, 2)"]
    for odd in (Click(point=Point(1, 1), count=3), Open(target="gedit"), HoldMouse(), Button(name="home")):
        with pytest.raises(InexpressibleError):
            functions_of(odd, FRAME)
    with pytest.raises(GeometryError):
        functions_of(Click(point=Point(320, 0)), FRAME)


def test_the_elements_are_the_accessibility_tree() -> None:
    found = browsergym_observation(np.zeros((200, 320, 3), np.uint8), "Fill it in", LISTED, "", "", 0.0)
    root, button, field, title = found["axtree_object"]["nodes"]
    assert root["childIds"] == ["1", "2", "3"]
    assert (button["browsergym_id"], field["value"]["value"], "browsergym_id" in title) == ("1", "Ada", False)
    assert found["extra_element_properties"]["7"]["bbox"] == [50, 60, 40, 20]
    assert found["goal_object"] == ({"type": "text", "text": "Fill it in"},)


def ours(seeds: int) -> Any:
    """The figures of the bench for the answers of `LampReader`."""
    suite, model = LampSuite(SuiteOptions(seeds=seeds)), LampReader()
    answers = [(sample, suite.answer(sample, model)) for sample in suite.samples()]
    return suite.summarise([Judged(sample, answer, suite.judge(sample, answer)) for sample, answer in answers])


PROMPTS: list[str] = []


@dataclass
class ScriptedChatArgs:
    """In the place of AgentLab's ``BaseModelArgs``: its agent is pickled, so it is of this module."""

    model_name: str
    max_total_tokens: int
    max_input_tokens: int
    max_new_tokens: int
    vision_support: bool = False

    def make_model(self) -> ScriptedChat:
        return ScriptedChat()

    def prepare_server(self) -> None: ...

    def close_server(self) -> None: ...


class ScriptedChat:
    def __init__(self) -> None:
        self.said = iter(["click('1')", "send_msg_to_user('it is out')"])

    def __call__(self, messages: Any, **_: Any) -> Any:
        PROMPTS.append(str(messages))
        return {"role": "assistant", "content": f"<action>\n{next(self.said)}\n</action>"}

    def get_stats(self) -> dict[str, float]:
        return {}


@real
class TestReal:
    """AgentLab's own ``Study`` and ``ExpArgs``."""

    @pytest.fixture(autouse=True)
    def _tokens(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """AgentLab counts tokens for its tables with a vocabulary that is downloaded when it is first needed."""
        pytest.importorskip("agentlab.agents.generic_agent")
        for name, module in [*sys.modules.items()]:
            if name.startswith(("agentlab", "browsergym")) and hasattr(module, "count_tokens"):
                monkeypatch.setattr(module, "count_tokens", lambda text, model="": len(text) // 4)

    def study(self, agent: Any, benchmark: Any, out: Path) -> Path:
        from agentlab.experiments.study import Study

        study = Study([agent], benchmark, logging_level_stdout=50)
        study.run(n_jobs=1, parallel_backend="sequential", n_relaunch=1, exp_root=out)
        return Path(study.dir)

    def test_a_study_of_two_tasks_has_our_success_and_our_interval(self, tmp_path: Path) -> None:
        from handeye.agentlab import HandeyeAgentArgs, handeye_benchmark, study_summaries

        agent = HandeyeAgentArgs(model="tests.benchmarks.lamp_suite:LampReader", out=str(tmp_path / "episodes"))
        folder = self.study(agent, handeye_benchmark(LAMPS, seeds=4), tmp_path)
        (summary,) = study_summaries(folder).values()
        bench = ours(4)
        assert 0 < bench.correct < bench.total == 8
        assert (summary.correct, summary.total, summary.accuracy) == (bench.correct, bench.total, bench.accuracy)
        assert (summary.ci95, summary.tables) == (bench.ci95, bench.tables)
        episodes = [read_episode(path) for path in (tmp_path / "episodes").iterdir()]
        assert {str(episode.ending) for episode in episodes} == {"done"}

    def test_an_agent_of_agentlab_does_a_task(self, tmp_path: Path) -> None:
        from agentlab.agents.agent_args import AgentArgs
        from agentlab.experiments.loop import ExpArgs, get_exp_result
        from bgym import Agent, AgentInfo, HighLevelActionSet

        from handeye.agentlab import HandeyeEnvArgs

        seen: list[str] = []

        class Reader(Agent):
            """By BrowserGym's element numbers, with its own reading of the observation."""

            action_set = HighLevelActionSet(["bid", "chat"], multiaction=False)

            def get_action(self, obs: Any) -> Any:
                seen.append(obs["axtree_txt"])
                assert self.action_set.to_python_code("click('1')")
                actions = ["fill('9', 'x')", "click('1')", "send_msg_to_user('it is out')"]
                return actions[len(seen) - 1], AgentInfo(think="")

        class ReaderArgs(AgentArgs):
            def make_agent(self) -> Any:
                return Reader()

        experiment = ExpArgs(ReaderArgs(agent_name="reader"), HandeyeEnvArgs(LAMPS, "lamp", 1))
        experiment.exp_dir = tmp_path
        experiment.exp_name, experiment.exp_id = "reader", "1"
        experiment.run()
        result = get_exp_result(tmp_path)
        assert (result.summary_info["err_msg"], result.summary_info["cum_reward"]) == (None, 1.0)
        assert "[1] button 'Lamp «ü»'" in seen[0]
        assert result.steps_info[1].obs["last_action_error"].startswith("unusable answer: there is no element '9'")
        assert np.array_equal(result.screenshots[0].size, (320, 200))

    def test_the_generic_agent_of_agentlab_does_two_tasks(self, tmp_path: Path) -> None:
        """Its prompt, its parser, its action set; only the chat model's answers are scripted."""
        from agentlab.agents.generic_agent.agent_configs import FLAGS_GPT_4o
        from agentlab.agents.generic_agent.generic_agent import GenericAgentArgs

        from handeye.agentlab import handeye_benchmark, study_summaries

        PROMPTS.clear()
        chat = ScriptedChatArgs("scripted", max_total_tokens=20_000, max_input_tokens=16_000, max_new_tokens=1000)
        agent = GenericAgentArgs(chat_model_args=chat, flags=deepcopy(FLAGS_GPT_4o))
        agent.flags.use_thinking = False
        folder = self.study(agent, handeye_benchmark(LAMPS, seeds=2), tmp_path)
        (summary,) = study_summaries(folder).values()
        assert (summary.correct, summary.total) == (4, 4)
        assert "[1] button 'Lamp «ü»'" in PROMPTS[0]
        assert "Put the lamp out: «ü»" in PROMPTS[0]

    def test_browsergym_reads_our_calls(self) -> None:
        from bgym import HighLevelActionSet

        known = HighLevelActionSet(["chat", "infeas", "coord", "nav"], multiaction=True)
        for action in (Click(point=Point(5, 6), count=2, keys=("ctrl",)), TypeText(text="it's ü\n\\'); import os")):
            code = known.to_python_code("\n".join(functions_of(action, FRAME)))
            assert "import os" not in code.replace(repr("it's ü\n\\'); import os"), "")

    def test_our_model_fills_a_form_on_a_page_of_browsergym(self, tmp_path: Path) -> None:
        """Real Chromium; without Playwright's browser it is left out."""
        import browsergym.core  # noqa: F401 - registers the environment
        import gymnasium
        from playwright.sync_api import Error

        from handeye.agentlab import AgentLabAgent

        page = tmp_path / "page.html"
        page.write_text(PAGE, encoding="utf-8")
        text = "it's ü <b>\\'); 1"
        said = iter(
            [Click(point=Point(100, 80)), TypeText(text=text, clear=True), Click(point=Point(100, 170)),
             Answer(text="sent"), Finish(status="success")]
        )  # fmt: skip
        agent = AgentLabAgent(FunctionModel(lambda task, observation, history: next(said)))
        env = gymnasium.make(
            "browsergym/openended", disable_env_checker=True, action_mapping=agent.action_set.to_python_code,
            task_kwargs={"start_url": page.as_uri(), "goal": "Fill it in"},
        )  # fmt: skip
        try:
            seen, _ = env.reset(seed=0)
        except Error as error:
            pytest.skip(f"playwright install chromium: {error.message.splitlines()[0]}")
        while (action := agent.get_action(agent.obs_preprocessor(seen))[0]) is not None:
            seen, *_ = env.step(action)
            assert not seen["last_action_error"]
        env.close()
        assert seen["open_pages_titles"] == (text,)
        assert seen["chat_messages"][-1]["message"] == "sent"


PAGE = """<body style="margin:0">
<input id="f" value="old" style="position:absolute;left:50px;top:60px;width:300px;height:40px">
<button style="position:absolute;left:50px;top:150px;width:100px;height:40px"
 onclick="document.title = document.getElementById('f').value">go</button></body>"""
