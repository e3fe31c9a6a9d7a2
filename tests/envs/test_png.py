"""PNG bytes must mean the same pixels to every decoder."""

import io

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image as PillowImage

from envs import png
from envs.png import encode_png

RGB = st.tuples(st.integers(1, 40), st.integers(1, 40)).flatmap(lambda size: arrays(np.uint8, (*size, 3)))


def by_pillow(data: bytes) -> np.ndarray:
    image = PillowImage.open(io.BytesIO(data))
    assert image.mode == "RGB"
    image.verify()
    return np.asarray(PillowImage.open(io.BytesIO(data)))


def by_cv2(data: bytes) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)[:, :, ::-1]


@given(RGB)
def test_every_decoder_sees_the_same_pixels(image: np.ndarray) -> None:
    data = encode_png(image)
    assert np.array_equal(by_pillow(data), image)
    assert np.array_equal(by_cv2(data), image)


@pytest.mark.parametrize("fast", [True, False])
def test_large_and_strided_images(fast: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not fast:
        monkeypatch.setattr(png, "isal_zlib", None)
    noise = np.random.default_rng(0).integers(0, 256, (813, 1291, 3), dtype=np.uint8)
    for image in (noise, noise[::-1, :, ::-1], noise[::2, 1::3], np.zeros((800, 1280, 3), np.uint8)):
        assert np.array_equal(by_pillow(encode_png(image)), image)
        assert np.array_equal(by_cv2(encode_png(image)), image)


@pytest.mark.parametrize(
    "bad",
    [
        np.zeros((4, 4), np.uint8),
        np.zeros((4, 4, 4), np.uint8),
        np.zeros((4, 4, 3), np.float32),
        np.zeros((0, 4, 3), np.uint8),
    ],
)
def test_anything_else_is_refused(bad: np.ndarray) -> None:
    with pytest.raises(ValueError, match="RGB uint8 HxWx3"):
        encode_png(bad)
