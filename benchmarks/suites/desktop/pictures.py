"""Tasks in the image viewer GPicView."""

from __future__ import annotations

import io
from collections.abc import Iterator
from random import Random

from PIL import Image, ImageDraw

from benchmarks.suites.desktop.checks import every, files, picture
from benchmarks.suites.desktop.oracle import closed, keys, opened, press_until, windows, write
from benchmarks.suites.desktop.sample_text import CITIES, some
from benchmarks.suites.desktop.task import task
from benchmarks.suites.desktop.world import DesktopScene, DesktopWorld
from benchmarks.suites.tasks.oracle import Move

COLOURS = ("crimson", "seagreen", "royalblue", "orange", "purple", "teal")


def draw(random: Random, text: str = "") -> Image.Image:
    """A picture without any symmetry."""
    width, height = random.randrange(300, 420, 10), random.randrange(160, 260, 10)
    image = Image.new("RGB", (width, height), random.choice(COLOURS))
    pen = ImageDraw.Draw(image)
    pen.rectangle((10, 10, width // 3, height // 2), fill="white")
    pen.ellipse((width - 70, height - 60, width - 15, height - 12), fill="black")
    pen.text((width // 3 + 15, 20), text, fill="white", font_size=24)
    return image


def png(image: Image.Image) -> bytes:
    """The picture as a file."""
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def overwrite(world: DesktopWorld) -> Iterator[Move]:
    """Save the picture under its name, and confirm that."""
    count = len(world.windows())
    yield keys("s")
    yield windows(world, count + 1)
    yield from press_until("alt+y", windows(world, count))


def leaf_to(world: DesktopWorld, names: list[str], index: int) -> Iterator[Move]:
    """Go from the first picture to the one at `index`."""
    for name in names[1 : index + 1]:
        yield keys("right")
        yield opened(world, name.rpartition("/")[2])


def _leaf(index: int) -> str:
    return f"Press the right arrow key {index} {'time' if index == 1 else 'times'}"


@task("picture-rotate", "gpicview", complexity=1.2)
def rotate(random: Random) -> DesktopScene:
    """A picture that lies on its side."""
    image, name = draw(random), f"Pictures/{random.choice(CITIES).lower()}.png"
    left = random.random() < 0.5

    def script(world: DesktopWorld) -> Iterator[Move]:
        yield keys("l" if left else "r")
        yield from overwrite(world)

    turn = Image.Transpose.ROTATE_90 if left else Image.Transpose.ROTATE_270
    return DesktopScene(
        plain=f"Turn the picture by 90 degrees {'to the left' if left else 'to the right'} and save it under its name.",
        explicit=f"Press {'L' if left else 'R'}, press S and click Yes",
        apps=(f"gpicview {name}",),
        files={name: png(image)},
        check=picture(name, image.transpose(turn)),
        script=script,
    )


@task("picture-mirror-copy", "gpicview", complexity=2.0)
def mirror_copy(random: Random) -> DesktopScene:
    """A picture of which a mirrored copy is wanted."""
    image, city = draw(random), random.choice(CITIES).lower()
    name, copy = f"Pictures/{city}.png", f"Pictures/{city}-mirrored.png"

    def script(world: DesktopWorld) -> Iterator[Move]:
        yield keys("h")
        yield keys("a")
        yield opened(world, "gpicview")
        yield keys("ctrl+a")
        yield write(str(world.path(copy)))
        yield from press_until("enter", closed(world, "gpicview"))

    return DesktopScene(
        plain=f"Mirror the picture horizontally (left becomes right) and save that as {copy}. The picture itself must "
        "stay as it is.",
        explicit=f"Press H, press A, type “{copy.rpartition('/')[2]}” and press Enter",
        apps=(f"gpicview {name}",),
        files={name: png(image)},
        check=every(files(), picture(copy, image.transpose(Image.Transpose.FLIP_LEFT_RIGHT))),
        script=script,
    )


@task("picture-turn-over", "gpicview", complexity=2.0)
def turn_over(random: Random) -> DesktopScene:
    """Four pictures, each with a name on it, of which one is upside down."""
    names = some(random, CITIES, 4)
    images = {f"Pictures/photo-{i}.png": draw(random, name) for i, name in enumerate(names, 1)}
    index = random.randrange(1, 4)
    chosen = list(images)[index]

    def script(world: DesktopWorld) -> Iterator[Move]:
        yield from leaf_to(world, list(images), index)
        yield keys("r")
        yield keys("r")
        yield from overwrite(world)

    others = [picture(name, image) for name, image in images.items() if name != chosen]
    turned = images[chosen].transpose(Image.Transpose.ROTATE_180)
    return DesktopScene(
        plain=f"One of the pictures in this folder has the word {names[index]} on it. Turn that picture "
        "upside down (by 180 "
        "degrees), save it under its name, and leave the others as they are.",
        explicit=f"{_leaf(index)}, press R, press R, press S and click Yes",
        apps=("gpicview Pictures/photo-1.png",),
        files={name: png(image) for name, image in images.items()},
        check=every(picture(chosen, turned), *others),
        script=script,
    )


@task("picture-delete", "gpicview", complexity=1.6)
def delete(random: Random) -> DesktopScene:
    """Three pictures, each with a name on it, of which one is to go."""
    names = sorted(some(random, CITIES, 3))
    order = some(random, names, 3)
    images = {f"Pictures/photo-{i}.png": png(draw(random, name)) for i, name in enumerate(order, 1)}
    index = random.randrange(1, 3)
    gone = list(images)[index]

    def script(world: DesktopWorld) -> Iterator[Move]:
        yield from leaf_to(world, list(images), index)
        count = len(world.windows())
        yield keys("delete")
        yield windows(world, count + 1)
        yield from press_until("alt+y", windows(world, count))

    return DesktopScene(
        plain=f"One of the pictures in this folder has the word {order[index]} on it. Delete that picture "
        "and no other.",
        explicit=f"{_leaf(index)}, press the Delete key and click Yes",
        apps=("gpicview Pictures/photo-1.png",),
        files=images,
        check=files({gone: None}),
        script=script,
    )
