"""The picture files of grounding suites: what is sent of them, and how many are decoded at once."""

import io
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from agent.models.dialects.resize import Resize
from benchmarks.concurrency import PICTURES
from benchmarks.suite import SuiteError
from benchmarks.suites.grounding import pictures
from benchmarks.suites.grounding.pictures import later_picture

SIZE = (64, 96)
KEEPS, SHRINKS = Resize(32), Resize(32, 1024, 2048)


def screen(mode: str = "RGB", size: tuple[int, int] = SIZE) -> Image.Image:
    noise = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), np.uint8)
    return Image.fromarray(noise).convert(mode)


def sent(path: Path, resize: Resize = KEEPS) -> bytes:
    pictures._making.cache_clear()
    return later_picture(path, SIZE, resize).coded()


def test_the_bytes_of_a_plain_file_are_passed_on_and_it_is_not_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen().save(tmp_path / "a.png", dpi=(96, 96))
    monkeypatch.delattr(pictures, "decoded_file")
    assert sent(tmp_path / "a.png") == (tmp_path / "a.png").read_bytes()


def turned() -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = 6
    return exif


def described() -> PngImagePlugin.PngInfo:
    told = PngImagePlugin.PngInfo()
    told.add_itxt("XML:com.adobe.xmp", '<x tiff:Orientation="6"/>')
    return told


@pytest.mark.parametrize(
    ("name", "mode", "how"),
    [
        ("jpeg", "RGB", {"format": "JPEG"}),
        ("bmp", "RGB", {"format": "BMP"}),
        ("alpha", "RGBA", {}),
        ("palette", "P", {}),
        ("grey", "L", {}),
        ("a colour is clear", "RGB", {"transparency": (1, 2, 3)}),
        ("turned", "RGB", {"exif": turned()}),
        ("described", "RGB", {"pnginfo": described()}),
        ("animated", "RGB", {"save_all": True, "append_images": [screen()], "default_image": True}),
    ],
)
def test_other_files_are_sent_as_plain_pngs_with_the_pixels_that_they_have(
    name: str, mode: str, how: dict[str, object], tmp_path: Path
) -> None:
    path = tmp_path / "a"
    screen(mode).save(path, **{"format": "PNG", **how})  # type: ignore[arg-type]
    data = sent(path)
    assert data != path.read_bytes()
    with Image.open(io.BytesIO(data)) as image:
        assert (image.mode, image.size, image.format) == ("RGB", SIZE, "PNG")
        assert np.array_equal(np.asarray(image), pictures.decoded_file(path))


def test_a_file_that_is_resized_is_made_new(tmp_path: Path) -> None:
    screen().save(tmp_path / "a.png")
    picture = later_picture(tmp_path / "a.png", SIZE, SHRINKS)
    with Image.open(io.BytesIO(picture.coded())) as image:
        assert image.size == SHRINKS.size(*SIZE) != SIZE
        assert np.array_equal(np.asarray(image), picture.image())


def test_a_damaged_file_is_an_error_of_the_suite_each_time(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    screen().save(path)
    whole = path.read_bytes()
    changed = bytearray(whole)
    changed[len(whole) // 2] ^= 1
    for broken in (whole[:8], whole[:-5], bytes(changed), whole[:8]):
        path.write_bytes(broken)
        with pytest.raises(SuiteError, match="cannot be read as an image: download it again"):
            later_picture(path, SIZE, KEEPS).coded()
    screen(size=(32, 32)).save(path)
    with pytest.raises(SuiteError, match="no longer 64x96"):
        later_picture(path, SIZE, KEEPS).coded()
    path.write_bytes(whole)
    assert later_picture(path, SIZE, KEEPS).coded() == whole


def test_what_follows_the_end_of_a_file_is_not_sent(tmp_path: Path) -> None:
    screen().save(tmp_path / "a.png")
    with (tmp_path / "a.png").open("ab") as file:
        file.write(b"and more")
    assert b"and more" not in sent(tmp_path / "a.png")


def test_few_pictures_are_decoded_at_once_and_each_once_for_all_who_want_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures._making.cache_clear()
    inside, most, lock, entered, go = [0], [0], threading.Lock(), threading.Semaphore(0), threading.Event()
    decoded = list[Path]()

    def slow(path: Path, data: bytes | None = None) -> np.ndarray:
        with lock:
            decoded.append(path)
            inside[0] += 1
            most[0] = max(most[0], inside[0])
        entered.release()
        assert go.wait(60)
        with lock:
            inside[0] -= 1
        return np.zeros((SIZE[1], SIZE[0], 3), np.uint8)

    monkeypatch.setattr(pictures, "decoded_file", slow)
    files = [tmp_path / f"{n}.png" for n in range(3 * PICTURES)]
    for path in files:
        screen().save(path)
    makes = [later_picture(path, SIZE, SHRINKS).coded for path in files for _ in range(2)]
    threads = [threading.Thread(target=make) for make in makes]
    for thread in threads:
        thread.start()
    for _ in range(PICTURES):
        assert entered.acquire(timeout=60)
    go.set()
    for thread in threads:
        thread.join(60)
    assert most[0] == PICTURES
    assert set(decoded) == set(files)
