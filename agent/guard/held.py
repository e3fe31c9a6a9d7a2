"""What an action comes to with the keys and buttons that are held down: the known action that policies judge."""

from __future__ import annotations

from collections.abc import Sequence

from actions.action import AnyAction, Click, Drag, HoldKeys, HoldMouse, Key, Move, ReleaseMouse
from actions.keys import split_chord


def with_held(action: AnyAction, held: Sequence[str]) -> AnyAction:
    """`action` with `held` (see `envs.env.Observation`): keys join its chords, a button that goes down is a click, and
    a pointer that is moved or let go with a button down is dropped there. Any other action as it is.
    """
    keys = tuple(name for name in held if not name.endswith(" button"))
    match action:
        case HoldKeys():
            return Key(chords=(_chord(*keys, *action.keys),))
        case Key() if keys:
            return Key(chords=tuple(_chord(*keys, *split_chord(chord)) for chord in action.chords))
        case HoldMouse(point=point) if point is not None:
            return Click(point=point, button=action.button)
        case Move(point=point) | ReleaseMouse(point=point) if point is not None and len(keys) < len(held):
            return Drag(path=(point, point))
    return action


def _chord(*keys: str) -> str:
    return "+".join(dict.fromkeys(keys))
