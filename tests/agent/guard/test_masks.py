"""Masks of read text: which part of a line is blacked out, and how much of a value has to be read."""

from __future__ import annotations

import numpy as np
import pytest

from actions.frame import Box
from agent.guard.masks import MARGIN, Masks

WHITE = np.full((60, 400, 3), 255, np.uint8)
LETTER = 10
"""Pixels of each letter of a line."""


def masked(text: str, value: str, places: bool = True) -> tuple[int, int, int, int] | None:
    """Left, top, right and bottom of the black pixels for a line `text` at (20, 30), 12 high; None for none."""
    box = Box(20, 30, 20 + LETTER * len(text), 42)
    xs = tuple(20.0 + LETTER * (i + 0.5) for i in range(len(text))) if places else ()
    image = Masks((value,), lambda _: [(box, text, xs)]).hide(WHITE)
    rows, columns = np.nonzero((image == 0).all(axis=2))
    if not len(rows):
        assert (image == 255).all()
        return None
    area = image[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    assert (area == 0).all()
    return int(columns.min()), int(rows.min()), int(columns.max()), int(rows.max())


def test_the_whole_line_is_masked_when_the_places_of_its_letters_are_unknown() -> None:
    assert masked("code Zebra47 ok", "Zebra47", places=False) == (20 - MARGIN, 30 - MARGIN, 170 + MARGIN, 42 + MARGIN)


def test_the_value_is_masked_and_the_words_beside_it_are_not() -> None:
    found = masked("code Zebra47 ok now", "Zebra47")
    assert found is not None
    left, top, right, bottom = found
    first, last = 20 + LETTER * 5, 20 + LETTER * 12  # edges of the letters of the value
    assert first - 2 * LETTER <= left <= first - LETTER / 2
    assert last + LETTER / 2 <= right <= last + 2 * LETTER
    assert (top, bottom) == (30 - MARGIN, 42 + MARGIN)


@pytest.mark.parametrize("width", [70, 71])
def test_a_mask_at_the_edge_of_the_picture_stays_inside(width: int) -> None:
    box = Box(0, 0, width, 12)
    image = Masks(("Zebra47",), lambda _: [(box, "Zebra47", ())]).hide(WHITE)
    assert (image[: 13 + MARGIN, : width + 1 + MARGIN] == 0).all()
    assert (image[13 + MARGIN :] == 255).all()
    assert (image[:, width + 1 + MARGIN :] == 255).all()


@pytest.mark.parametrize(
    ("text", "value", "hidden"),
    [
        ("Zebra47", "Zebra47", True),
        ("ZEBRA 47", "zebra47", True),
        ("Zebra4l", "Zebra47", True),  # misread
        ("ebra", "Zebra47", True),  # most of it
        ("Zeb7a47T1ger", "Zebra47Tiger", True),  # misread in two places, no long piece is right
        ("Zib7a47T1gor", "Zebra47Tiger", False),
        ("Zeb", "Zebra47", False),
        ("good day", "Zebra47", False),
        ("Zebr", "Zebra47-Tiger", False),  # four letters, but less than two fifths
        ("Zebra4", "Zebra47-Tiger", True),
        ("open abcdefgh...", "abcdefghijklmnopqrst", True),  # two fifths
        ("open abcdefg...", "abcdefghijklmnopqrst", False),
    ],
)
def test_as_much_of_a_value_as_tells_it_is_masked(text: str, value: str, hidden: bool) -> None:
    assert (masked(text, value) is not None) is hidden


def test_a_piece_is_masked_together_with_the_letters_around_it() -> None:
    """The rest of the value, misread, stands beside the piece: a mask of the piece alone would show it."""
    found = masked("say ?????efghij????? again", "abcdefghijklmno")
    assert found is not None
    left, _, right, _ = found
    assert left <= 20 + LETTER * 5
    assert left >= 20 + LETTER * 2
    assert 20 + LETTER * 20 <= right <= 20 + LETTER * 22


FIELD = (120, 20, 60, 16)
"""x, y, width and height of what is typed."""
BESIDE = {"left": (112, 20, 3, 16), "right": (185, 20, 3, 16), "above": (120, 12, 60, 3), "below": (120, 41, 60, 3)}
"""Lines inside the ring around `FIELD`, one on each side."""


def draw(image: np.ndarray, place: tuple[int, int, int, int], seed: int | None = None) -> np.ndarray:
    """A copy with a black rectangle, or with black and white pixels drawn from `seed`."""
    x, y, width, height = place
    image = image.copy()
    area = image[y : y + height, x : x + width]
    if seed is None:
        area[:] = 0
    else:
        area[:] = np.random.default_rng(seed).integers(0, 2, (height, width, 1), np.uint8) * 255
        area[0], area[-1], area[:, 0], area[:, -1] = 0, 0, 0, 0
    return image


def hidden(image: np.ndarray, masks: Masks) -> bool:
    """Whether the field, and nothing far from it, is black."""
    x, y, width, height = FIELD
    shown = masks.hide(image)
    far = np.ones(image.shape[:2], bool)
    far[y - MARGIN - 1 : y + height + MARGIN + 1, x - MARGIN - 1 : x + width + MARGIN + 1] = False
    assert (shown[far] == image[far]).all()
    return bool((shown[y : y + height, x : x + width] == 0).all())


@pytest.mark.parametrize("side", BESIDE)
def test_a_mask_stays_while_what_is_drawn_beside_the_field_stays(side: str) -> None:
    page = draw(WHITE, BESIDE[side])
    masks = Masks(("Zebra47",), None)
    masks.typed(page, draw(page, FIELD, 1))
    assert hidden(draw(page, FIELD, 1), masks)
    assert hidden(draw(page, FIELD, 2), masks)  # other letters in the same field
    assert not hidden(draw(WHITE, FIELD, 2), masks)  # the field has gone


def test_no_mask_is_left_when_masks_are_cleared() -> None:
    masks = Masks(("Zebra47",), None)
    typed = draw(WHITE, FIELD, 1)
    masks.typed(WHITE, typed)
    assert hidden(typed, masks)
    masks.clear()
    assert not hidden(typed, masks)
