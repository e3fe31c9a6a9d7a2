"""``handeye doctor --calibrate``: a real server, its own hidden resize, its own way to say places, and noise."""

from __future__ import annotations

import json
import math
import random
import re
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from actions.action import Click
from actions.frame import Box, Frame, Point
from agent.calibration.calibrate import Calibration, HitRate, calibrate
from agent.calibration.fitting import NoFitError, fit
from agent.calibration.profile import (
    Limit,
    Profile,
    SideLimit,
    profile_path,
    read_profile,
    save_profile,
)
from agent.calibration.questions import CalibrationAnswer, bare_numbers
from agent.calibration.targets import DISC, GROUND, check_plan, far_and_near, plan, target_at
from agent.cli.main import main
from agent.core.errors import UserError
from agent.core.model import ModelError, Usage
from agent.core.task import Task
from agent.models.chat import ChatModel
from agent.models.dialects.registry import DIALECTS, get_dialect
from agent.models.dialects.resize import Square, Tiles
from agent.models.opening import open_model
from agent.models.spec import ModelSpec
from agent.settings import CONFIG, config_folder
from envs.env import Observation
from tests.agent.scripted_server import ScriptedServer
from tests.agent.simulated_grounder import Hidden, Quirks, SimulatedGrounder, hidden_size, middle_of_red
from tests.properties import examples

QWEN = get_dialect("qwen2.5-vl")
KINDS: dict[str, dict[str, object]] = {
    "own": {"space": "own"},
    "sent": {"space": "sent"},
    "1000": {"space": "1000"},
    "999": {"space": "999"},
    "1": {"space": "1"},
    "yx": {"order": "yx"},
    "box": {"box": True},
}


@pytest.fixture(autouse=True)
def _own_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CONFIG, str(tmp_path / "config"))


def chat(url: str, **how: object) -> ChatModel:
    model = open_model(ModelSpec(url, **how))  # type: ignore[arg-type]
    assert isinstance(model, ChatModel)
    return model


def measured(server: ScriptedServer, **how: object) -> Calibration:
    model = chat(server.url, profile=False, **how)
    try:
        return calibrate(model)
    finally:
        model.close()


def corner_targets(width: int = 2560, height: int = 1440, side: int = 12) -> list[tuple[Observation, Box]]:
    """A red square of `side` pixels in each corner of a screen, flush with both edges."""
    found = []
    for left in (0, width - side):
        for top in (0, height - side):
            image = np.full((height, width, 3), GROUND, np.uint8)
            image[top : top + side, left : left + side] = DISC
            frame = Frame(id="corner", width=width, height=height)
            found.append((Observation(image, frame), Box(left, top, left + side, top + side)))
    return found


def expected_space(quirks: Quirks) -> str:
    """The name of what these quirks do, where it can be seen at all: without a resize own and sent are one."""
    if quirks.space in ("1000", "999", "1"):
        return f"rel{quirks.space}"
    return "abs_resized" if quirks.space == "own" and quirks.resize != "none" else "abs_sent"


def limit_is_right(found: Calibration, quirks: Quirks) -> bool:
    assert found.fitted is not None
    shrink = found.fitted.reading.shrink
    if expected_space(quirks) != "abs_resized":
        return shrink is None
    rule, limit = ("patches", 1280 * 28 * 28) if quirks.resize == "tokens" else ("plain", 1_000_000)
    return shrink is not None and shrink.rule == rule and abs(shrink.limit / limit - 1) < 0.005


QUICK = {("none", "sent"), ("tokens", "own"), ("megapixel", "yx"), ("tokens", "box"), ("megapixel", "1")}
"""Those of the combinations that `make test` tries; `make test-slow` tries them all."""


@pytest.mark.parametrize(
    ("resize", "kind"),
    [
        pytest.param(resize, kind, marks=() if (resize, kind) in QUICK else pytest.mark.slow)
        for resize in ("none", "tokens", "megapixel")
        for kind in KINDS
    ],
)
def test_every_combination_is_identified_and_its_clicks_land_in_the_corners(resize: Hidden, kind: str) -> None:
    quirks = Quirks(resize=resize, noise=2.0, wild=0.03, **KINDS[kind])  # type: ignore[arg-type]
    with SimulatedGrounder(quirks) as server:
        found = measured(server)
        assert found.usable, found.problem
        assert found.fitted is not None
        reading = found.fitted.reading
        assert (reading.space, reading.order, found.fitted.box) == (expected_space(quirks), quirks.order, quirks.box)
        assert limit_is_right(found, quirks), reading.shrink
        assert found.accuracy.hits >= 0.85 * found.accuracy.asked
        assert found.profile is not None
        save_profile(found.profile)
        server.quirks = replace(quirks, noise=1.0, wild=0.0)
        model = chat(server.url)
        assert model.name.endswith(f"(profile {found.profile.id})")
        for observation, box in corner_targets():
            spot = model.locate(observation, "the red square").point
            assert spot is not None
            assert box.holds(spot), (spot, box)
            action = model.decide(Task("click the red square"), observation, []).action
            assert isinstance(action, Click)
            assert box.holds(action.point), (action.point, box)
        model.close()


def simulated(quirks: Quirks, speaks: str, seed: int) -> list[CalibrationAnswer]:
    """The numbers that a server with these quirks gives to the plan, without the server."""
    dialect, luck, found = get_dialect(speaks), random.Random(seed), []
    server = SimulatedGrounder(quirks)
    for target in (target for targets in plan() for target in targets):
        sent = dialect.resize.size(*target.size)
        own = hidden_size(*sent, quirks.resize)
        spot = [at / side * o for at, side, o in zip(target.at, target.size, own, strict=True)]
        if luck.random() < quirks.wild:
            spot = [luck.uniform(0, side) for side in own]
        x, y = (v + luck.gauss(0, quirks.noise) for v in spot)
        first, second = server._numbers((x, y), own, sent)
        found.append(CalibrationAnswer(target, sent, "", Usage(), (first, second), quirks.box))
    return found


@pytest.mark.parametrize("dialect", ["qwen2.5-vl", pytest.param("qwen3-vl", marks=pytest.mark.slow)])
@pytest.mark.parametrize("resize", ["none", "tokens", "megapixel", "longest1568"])
def test_order_and_space_are_crossed(dialect: str, resize: Hidden) -> None:
    for space in ("own", "sent", "1000", "1"):
        for order in ("xy", "yx") if space == "own" else ("yx",):
            quirks = Quirks(resize=resize, space=space, order=order, noise=2.5, wild=0.05)  # type: ignore[arg-type]
            answers = simulated(quirks, dialect, seed=7)
            fitted = fit(answers, get_dialect(dialect).resize.factor)
            got, want = fitted.reading, expected_space(quirks)
            assert got.order == order
            if want == "abs_resized":  # what matters is the grid, whatever its name
                for size in {one.sent for one in answers}:
                    assert got.grid(*size) == pytest.approx(hidden_size(*size, resize), rel=0.006)
            elif want == "rel1000":
                assert got.space in ("rel1000", "rel999")
            else:
                assert got.space == want


@pytest.mark.parametrize(
    ("quirks", "why"),
    [
        (Quirks(mute=1.0), "name no place"),
        (Quirks(mute=0.5), "name no place"),
        (Quirks(wild=1.0), "no way to take the numbers explains"),
        (Quirks(always="(512, 304)"), r"every answer is about \(512, 304\)"),
        (Quirks(always=""), ""),
    ],
)
def test_answers_without_sense_are_no_profile(quirks: Quirks, why: str, capsys: pytest.CaptureFixture[str]) -> None:
    with SimulatedGrounder(quirks) as server, pytest.raises(SystemExit) as left:
        main(["doctor", "--calibrate", server.url, "--json"])
    said = json.loads(capsys.readouterr().out)
    assert (left.value.code, said["ok"]) == ((1, False) if why else (0, True))
    assert bool(said["profile"]) == (not why) == any(config_folder().glob("profiles/*"))
    if why:
        assert "\n" not in said["problem"]
        assert re.search(why, said["problem"])


def test_a_server_that_is_down_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["doctor", "--calibrate", "http://127.0.0.1:9"])
    said = capsys.readouterr()
    assert left.value.code == 2
    assert "no model server at" in said.err
    assert said.out == ""


def test_a_server_that_refuses_large_pictures_is_sent_smaller_ones() -> None:
    with SimulatedGrounder(Quirks(refuses_above=2_500_000)) as server:
        found = measured(server)
    assert found.refused == (1080, 2400)
    assert "context" in " ".join(found.says) or "maximum model length" in " ".join(found.says)
    assert found.profile is not None
    assert found.profile.largest is not None
    assert found.profile.largest <= 2_500_000
    width, height = found.profile.correct(QWEN).resize.size(3840, 2160)
    assert width * height <= 2_500_000


def test_the_command_says_what_is_wrong_and_the_next_ones_use_the_profile(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sheet, screen = tmp_path / "sheet.png", tmp_path / "screen.png"
    observation, box = corner_targets()[-1]
    Image.fromarray(observation.image).save(screen)
    with SimulatedGrounder(Quirks(resize="tokens", order="yx", noise=1.0)) as server:
        with pytest.raises(SystemExit) as left:
            main(["doctor", "--calibrate", server.url, "--draw", str(sheet)])
        said = capsys.readouterr().out
        assert left.value.code == 0
        assert "shrinks images above 1,280 tokens" in said
        assert "max_pixels" in said
        assert "y before x" in said
        assert Image.open(sheet).width > 1000
        for extra, right in (([], True), (["--no-profile"], False)):
            with pytest.raises(SystemExit):
                main(["locate", str(screen), "the red square", "--model", server.url, "--json", *extra])
            out = capsys.readouterr()
            point = json.loads(out.out)["point"]
            assert (point is not None and box.holds(Point(*point))) == right
            assert ("answers are read by the profile" in out.err) == right


def some_profile(**changed: object) -> Profile:
    base = {"made": "now", "endpoint": "m at u", "model": "m", "dialect": QWEN.name, "dialect_hash": QWEN.prompt_hash}
    return Profile.model_validate({**base, "space": "rel1000", "order": "xy", **changed})


def test_a_profile_of_another_model_or_version_is_refused(tmp_path: Path) -> None:
    url = "http://h:9#m"
    for changed, why in (
        ({"model": "other"}, "of the model 'other', not of 'm'"),
        ({"dialect": "qwen3-vl"}, "of the dialect 'qwen3-vl'"),
        ({"dialect_hash": "0" * 16}, "another version of the dialect"),
    ):
        path = save_profile(some_profile(**changed), tmp_path / "p.json")
        with pytest.raises(ModelError, match=why):
            open_model(ModelSpec(url, dialect=QWEN.name, profile=path))
    path.write_text(path.read_text().replace('"handeye_profile": 1', '"handeye_profile": 2'))
    with pytest.raises(UserError, match="no profile of version 1"):
        read_profile(path)
    with pytest.raises(UserError, match="no such profile"):
        open_model(ModelSpec(url, dialect=QWEN.name, profile=tmp_path / "none.json"))


def test_a_saved_profile_is_found_by_place_model_and_dialect() -> None:
    save_profile(some_profile(endpoint="m at http://h:9/v1"))
    assert chat("http://h:9#m", dialect="qwen2.5-vl").speaks.space == "rel1000"
    assert chat("http://h:9#m", dialect="qwen2.5-vl", profile=False).speaks == QWEN
    for other in ("http://h:8#m", "http://h:9#n"):
        assert chat(other, dialect="qwen2.5-vl").profile == ""


@pytest.mark.parametrize("name", sorted(DIALECTS))
@pytest.mark.parametrize("space", ["rel1", "rel999", "rel1000", "abs_sent", "abs_resized"])
def test_every_family_can_be_corrected(name: str, space: str) -> None:
    """What the model would say of a place is read as that place, and prompts tell what they told before."""
    dialect, frame = DIALECTS[name], Frame(id="f", width=2560, height=1440)
    limit = Limit(rule="patches", pixels=1003520, factor=28) if space == "abs_resized" else None
    profile = some_profile(dialect=name, space=space, order="yx", resize=limit)
    speaks = profile.correct(dialect)
    sent = speaks.resize.size(2560, 1440)
    if limit:
        assert sent[0] * sent[1] <= 1003520
        assert hidden_size(*sent, "tokens") == sent
    side, part = {"rel1": 1, "rel999": 999, "rel1000": 1000}.get(space), speaks.resize.filled(2560, 1440)
    full = sent if side is None else (side, side)
    sides = (full[0] * part[0], full[1] * part[1])
    view = speaks.view(frame, use="locate")
    for x, y in ((12, 12), (2557, 1437), (1280, 720)):  # nearer the corner, pixels look like parts of a side
        point = view.point(y / 1440 * sides[1], x / 2560 * sides[0], [])
        assert math.dist(point, (x, y)) < 1e-6
    told = {part for part in dialect.ask_place("x", frame).user if isinstance(part, str)}
    if limit is None:
        assert told == {part for part in speaks.ask_place("x", frame).user if isinstance(part, str)}


@given(st.integers(200, 6000), st.integers(200, 6000), st.integers(400, 3000))
def test_a_limit_on_the_longer_side_is_kept(width: int, height: int, longest: int) -> None:
    size = SideLimit(longest=longest).size(width, height)
    assert max(size) <= longest
    assert all(side % 28 == 0 for side in size)


def test_discs_are_where_they_are_said_to_be() -> None:
    for target in [target_at((800, 600), (1, 0.3)), *far_and_near(640_000, 6, 0)]:
        assert math.dist(middle_of_red(target.paint()), target.at) < 0.01
        assert target.hit(target.at)
    everything = [target for targets in plan() for target in targets] + check_plan()
    assert len(everything) <= 40
    assert len({(t.size, t.at) for targets in plan() for t in targets}) == sum(map(len, plan()))
    for target in everything:
        assert target.radius < target.at.x < target.width - target.radius
        assert target.radius < target.at.y < target.height - target.radius


@examples(60)
@given(st.floats(0, 5000), st.floats(0, 5000), st.booleans())
def test_numbers_are_read_whatever_they_count(first: float, second: float, box: bool) -> None:
    first, second = round(first, 4), round(second, 4)
    listed = [first, second, first + 2, second + 4] if box else [first, second]
    call = json.dumps({"name": "computer_use", "arguments": {"action": "left_click", "coordinate": listed}})
    spot = bare_numbers(QWEN, f"<tool_call>\n{call}\n</tool_call>")
    assert spot is not None
    assert spot.point == pytest.approx((first + box, second + 2 * box), abs=1e-3)
    assert (spot.box is not None) == box


@pytest.mark.parametrize("form", ["pair", "list", "json"])
def test_other_forms_of_answers(form: str) -> None:
    quirks = Quirks(space="1000", box=form == "json", form=form, noise=1.0)  # type: ignore[arg-type]
    with SimulatedGrounder(quirks) as server:
        found = measured(server)
    assert found.fitted is not None
    assert (found.fitted.reading.space, found.fitted.box) == ("rel1000", form == "json")
    assert "expects answers in pixels" in found.says[0]


def test_too_few_answers_are_no_fit() -> None:
    with pytest.raises(NoFitError, match="at least 10"):
        fit(simulated(Quirks(), QWEN.name, 1)[:5], 28)


def test_the_interval_is_wilsons() -> None:
    low, high = HitRate(9, 10).interval
    assert (low, high) == (pytest.approx(0.5958, abs=1e-4), pytest.approx(0.9821, abs=1e-4))
    assert HitRate(0, 0).interval == (0, 1)


@pytest.mark.parametrize("space", ["1000", "own"])
def test_a_picture_on_a_canvas_is_measured_on_the_canvas(space: Literal["1000", "own"]) -> None:
    """Phi-Ground counts thousandths of a white canvas, of which a wide screen fills the upper part."""
    with SimulatedGrounder(Quirks(space=space, form="list", box=True, noise=0.5)) as server:
        found = measured(server, dialect="phi-ground")
        assert found.profile is not None, found.problem
        assert found.profile.space == ("rel1000" if space == "1000" else "abs_sent")
        assert found.accuracy.hits >= 0.85 * found.accuracy.asked
        save_profile(found.profile)
        model = chat(server.url, dialect="phi-ground")
        for observation, box in corner_targets(side=40):
            spot = model.locate(observation, "the red square").point
            assert spot is not None
            assert math.dist(spot, box.center) < 8
        model.close()


def test_a_server_that_shrinks_the_canvas_is_refused() -> None:
    profile = some_profile(space="abs_resized", resize=Limit(rule="plain", pixels=500_000))
    with pytest.raises(ModelError, match="500000 pixels at most"):
        profile.correct(DIALECTS["phi-ground"])


def test_where_settings_lie() -> None:
    assert config_folder({"XDG_CONFIG_HOME": "/x"}, "linux") == Path("/x/handeye")
    assert config_folder({"XDG_CONFIG_HOME": "relative"}, "linux") == Path.home() / ".config/handeye"
    assert config_folder({"HANDEYE_CONFIG": "/y"}, "darwin") == Path("/y")
    assert "/" not in profile_path("Qwen/Qwen2.5 at http://h:1/v1", "d").name
    assert profile_path("a at u", "d") != profile_path("b at u", "d")


def test_rules_that_are_no_smart_resize_keep_to_a_limit() -> None:
    limit = Limit(rule="plain", pixels=1_000_000)
    for dialect in DIALECTS.values():
        speaks = some_profile(dialect=dialect.name, space="abs_resized", resize=limit).correct(dialect)
        width, height = speaks.resize.size(2560, 1440)
        assert width * height <= 1_000_000
        assert type(speaks.resize) is type(dialect.resize)
        if isinstance(dialect.resize, (Square, Tiles)):
            assert speaks.resize != dialect.resize or dialect.resize.max_pixels <= 1_000_000


@pytest.mark.parametrize("limits", [(1024, 16384), (1024, 4096)], ids=str)
def test_a_server_that_enlarges_small_pictures_is_found_out(limits: tuple[int, int]) -> None:
    """llama.cpp's own rule; the places are corrected for screens of every size."""
    quirks = Quirks(resize="llama", noise=1.0, limits=limits)
    with SimulatedGrounder(quirks) as server:
        found = measured(server)
        assert found.profile is not None, found.problem
        assert found.fitted is not None
        assert found.fitted.reading.shrink is not None
        assert found.fitted.reading.shrink.least == 1024 * 28 * 28
        assert "enlarges images below 1,024 tokens" in found.says[0]
        assert found.profile.resize is not None
        for size in ((800, 600), (390, 844)):
            sent = found.profile.correct(QWEN).resize.size(*size)
            assert sent == hidden_size(*sent, "llama", limits)
