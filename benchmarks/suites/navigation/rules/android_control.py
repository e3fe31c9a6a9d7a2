"""AndroidControl's four public scoring rules, and the first with texts as the paper compares them.

* ``os-atlas``: OS-Copilot/OS-Atlas ``eval/eval_scripts/android_control/evaluation_unify.py``. The type (with the
  button's name) must be equal; a click or long press within 0.14 of the recorded point, each axis in shares of its
  side (0.14 * 1000 on its 0-1000 grid); texts and app names equal or with a token F1 above 0.5; directions equal.
  Its code compares only the second word of the line, so ``OPEN_APP [Zoho Mail]`` passes for ``[Zoho Meeting]`` and a
  name after its first word is never read: here the whole text is compared, which is what F1 over tokens means.
* ``os-atlas-strict``: the same, but texts and app names must be equal to the letter, as the AndroidControl paper
  (arXiv 2406.03679) and ``uground`` have it.
* ``uground``: OSU-NLP-Group/UGround ``offline_evaluation/AndroidControl/eval.py``, after the AndroidControl paper.
  The point must lie in the smallest labelled element around the recorded point; everything else must be equal. A
  click on an element that is labelled with the app's name equals opening it, one labelled "back" equals going back,
  and the other way round. Its code looks for the *recorded* app name when the recorded action is a click, which is
  empty and so is found everywhere: here the answered name is looked for.
* ``ui-s1``: X-PLUG/MobileAgent ``UI-S1/evaluation/qwenvl_utils.py``. In one of the boxes grown to 1.2 times, or
  within 0.04; one text part of the other; any swipe is as good as any; an app may be opened by a click on its icon.
  Its ``eval_qwenvl.py`` throws the boxes away before it scores (it looks for them in the wrong place): here they
  count, as `evaluate_android_control_action` means them to.
* ``clawgui``: ZJU-REAL/ClawGUI ``clawgui-eval/judge/androidcontrol_judge.py``. In one of the five boxes nearest to
  the answered point, or within 0.14 of the sides' diagonal, 368.5 pixels on 1080 x 2400; texts as in ``os-atlas``.

``grounding`` is the share of hits among the steps that the rule's authors count for it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from actions.frame import Box, Point
from benchmarks.suites.navigation.moves import CanonicalAction
from benchmarks.suites.navigation.recording import RecordedStep, Rule, Ruling
from benchmarks.suites.navigation.rules import NEAR, WRONG_TYPE, one_in_other, ruled, scaled, token_f1

OS_ATLAS_RADIUS = 0.14
UI_S1_RADIUS = 0.04
UI_S1_GROWTH = 1.2
CLAWGUI_SCREEN = (1080, 2400)
CLAWGUI_RADIUS = math.hypot(0.14 * 1080, 0.14 * 2400)
"""In pixels of `CLAWGUI_SCREEN`, on which that rule puts every screen."""
CLAWGUI_BOXES = 5
NAMED = 5
"""How many steps a remark names."""
F1 = 0.5
EDGE = 1e-6
"""Pixels by which a point may miss a box and still lie on its edge."""


def os_atlas(step: RecordedStep, move: CanonicalAction) -> Ruling:
    """Within 0.14 of the sides; words by F1; directions equal."""
    truth = step.truth
    if (move.kind, move.name) != (truth.kind, truth.name):
        return WRONG_TYPE
    if truth.point and truth.kind in ("click", "long_press"):
        hit = _within(step, move.point, truth.point, OS_ATLAS_RADIUS)
        counted = {"grounding": float(hit)} if truth.kind == "click" else {}
        return ruled(hit, "wrong_place", **counted)
    return _words_or_way(truth, move)


def os_atlas_strict(step: RecordedStep, move: CanonicalAction) -> Ruling:
    """As ``os-atlas``; words equal to the letter."""
    found = os_atlas(step, move)
    if found.correct and step.truth.kind in ("type", "open"):
        return ruled(move.text == step.truth.text, "wrong_text")
    return found


def _words_or_way(truth: CanonicalAction, move: CanonicalAction) -> Ruling:
    """What ``os-atlas`` and ``clawgui`` say alike of actions without a place."""
    if truth.kind in ("type", "open"):
        return ruled(move.text == truth.text or token_f1(move.text, truth.text) > F1, "wrong_text")
    if truth.kind == "scroll":
        return ruled(move.direction == truth.direction, "wrong_direction")
    return ruled(move.name == truth.name, "wrong_button")


def uground(step: RecordedStep, move: CanonicalAction) -> Ruling:
    """In the smallest labelled element; a labelled click equals opening the app or going back."""
    truth = step.truth
    if _same_by_label(step, move):
        return Ruling(correct=True, type_match=False, kind="correct", scores=_placed(move, hit=True))
    if move.kind != truth.kind:
        return WRONG_TYPE
    if truth.point and truth.kind in ("click", "long_press"):
        box = _smallest(step, truth.point)
        hit = move.point is not None and (_holds(box, move.point) if box else move.point == truth.point)
        return ruled(hit, "wrong_place", grounding=float(hit))
    if truth.kind in ("type", "open"):
        return ruled(move.text == truth.text, "wrong_text")
    if truth.kind == "scroll":
        return ruled(move.direction == truth.direction, "wrong_direction")
    return ruled(move.name == truth.name, "wrong_button")


def _placed(move: CanonicalAction, *, hit: bool) -> dict[str, float]:
    return {"grounding": float(hit)} if move.kind == "click" else {}


def _same_by_label(step: RecordedStep, move: CanonicalAction) -> bool:
    """Whether the click is on an element whose label says what the other action does."""
    click, other = (move, step.truth) if move.kind == "click" else (step.truth, move)
    if click.kind != "click" or click.point is None:
        return False
    if other.kind == "open":
        words = other.text.strip().lower()
    elif (other.kind, other.name) == ("button", "back"):
        words = "back"
    else:
        return False
    return bool(words) and any(words in label.lower() for label in _labels(step, click.point, other))


def _labels(step: RecordedStep, at: Point, other: CanonicalAction) -> list[str]:
    """What is written on the smallest element at a point; without elements, the app's name on its icon's box."""
    if step.elements is not None:
        around = [e for e in step.elements if _holds(e.box, at)]
        return [min(around, key=lambda e: e.box.area).label] if around else []
    icon = step.truth.kind == "open" and any(_holds(box, at) for box in step.boxes)
    return [other.text] if icon else []


def _smallest(step: RecordedStep, at: Point) -> Box | None:
    """The smallest box around a point that is known; None where there is none."""
    known = [e.box for e in step.elements] if step.elements is not None else list(step.boxes)
    return min((box for box in known if _holds(box, at)), key=lambda box: box.area, default=None)


def ui_s1(step: RecordedStep, move: CanonicalAction) -> Ruling:
    """In a grown box or within 0.04; part of the text; any swipe; the icon for the app."""
    truth = step.truth
    if truth.kind == "open" and move.kind == "click" and step.boxes:
        return ruled(_grown_hit(step, move.point, step.boxes[0].center), "wrong_place")
    if move.kind != truth.kind:
        return WRONG_TYPE
    if truth.point and truth.kind in ("click", "long_press"):
        hit = _grown_hit(step, move.point, truth.point)
        return ruled(hit, "wrong_place", grounding=float(hit))
    if truth.kind in ("type", "open"):
        return ruled(one_in_other(move.text.lower().strip(), truth.text.lower().strip()), "wrong_text")
    if truth.kind == "button":
        return ruled(move.name == truth.name, "wrong_button")
    return ruled(True, "")


def _grown_hit(step: RecordedStep, at: Point | None, target: Point) -> bool:
    if at is None:
        return False
    return any(_holds(scaled(box, UI_S1_GROWTH), at) for box in step.boxes) or _within(step, at, target, UI_S1_RADIUS)


def clawgui(step: RecordedStep, move: CanonicalAction) -> Ruling:
    """In one of the five nearest boxes or within 368.5 pixels of 1080 x 2400; words by F1; directions equal."""
    truth = step.truth
    if move.kind != truth.kind or (move.kind == "button" and move.name not in ("back", "home")):
        return WRONG_TYPE._replace(scores={"grounding": 0.0} if truth.kind in ("click", "long_press") else {})
    if truth.point and truth.kind in ("click", "long_press"):
        hit = move.point is not None and _near_or_boxed(step, move.point, truth.point)
        return ruled(hit, "wrong_place", grounding=float(hit))
    return _words_or_way(truth, move)


def _near_or_boxed(step: RecordedStep, at: Point, target: Point) -> bool:
    nearest = sorted(step.boxes, key=lambda box: step.apart(box.center, at))[:CLAWGUI_BOXES]
    if any(_holds(box, at) for box in nearest):
        return True
    (x, y), (width, height) = step.share(at), CLAWGUI_SCREEN
    there = step.share(target)
    return math.hypot((x - there.x) * width, (y - there.y) * height) <= CLAWGUI_RADIUS * (1 + NEAR)


def _within(step: RecordedStep, at: Point | None, target: Point, radius: float) -> bool:
    return at is not None and step.apart(at, target) <= radius + NEAR


def _holds(box: Box, at: Point) -> bool:
    return box.grown(EDGE).holds(at)


def remarks(rule: str, steps: Iterable[RecordedStep]) -> tuple[str, ...]:
    """What has to be said of `steps` under a rule, one line each."""
    if rule != "uground":
        return ()
    bare = [s.id for s in steps if s.truth.kind in ("click", "long_press") and not _known(s)]
    if not bare:
        return ()
    return (
        f"{len(bare)} steps have no element around the recorded point, where UGround's own code scores every answer "
        f"wrong; here the very point is right: {', '.join(bare[:NAMED])}{' …' if len(bare) > NAMED else ''}",
    )


def _known(step: RecordedStep) -> bool:
    return step.truth.point is not None and _smallest(step, step.truth.point) is not None


DEFAULT = "os-atlas"
"""Most published figures follow it, it scores every form of the data alike (it needs neither boxes nor elements),
and unlike the others it neither forgives a direction nor a whole container."""

RULES: Mapping[str, Rule] = {
    "os-atlas": os_atlas, "os-atlas-strict": os_atlas_strict, "uground": uground, "ui-s1": ui_s1, "clawgui": clawgui,
}  # fmt: skip
