"""Build `agent/perception/icon_index.{onnx,json}` from open icon sets. Not part of the wheel.

    python -m tools.build_icons collect NODE_MODULES CACHE.npz       SVGs to 72 x 72 masks with concepts and tags
    python -m tools.build_icons train CACHE.npz MODEL.pt [START.pt]  a small network on roughened masks
    python -m tools.build_icons export CACHE.npz MODEL.pt OUT_DIR    the ONNX file and its label list

`agent/perception/ICONS.md` lists the npm packages to install in NODE_MODULES. Needs `resvg-py`, `torch` and `onnx` on
top of Handeye's own requirements; every random choice is seeded.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import multiprocessing
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.perception import icon_patches, icons
from agent.perception.icon_patches import Floats

SIDE = 72
"""Pixels of a stored mask."""
OTHER, IGNORE = -1, -2
"""Label of an icon outside the concept table, and of one whose name only partly is a concept (calendar-heart)."""
PERCEPTION = Path(icons.__file__).parent
NO_BRANDS = "simple-icons"
SETS = [
    "akar-icons",
    "ant-design",
    "basil",
    "bi",
    "bx",
    "bxs",
    "carbon",
    "cil",
    "clarity",
    "codicon",
    "ep",
    "eva",
    "f7",
    "fa6-regular",
    "fa6-solid",
    "fluent",
    "fluent-mdl2",
    "foundation",
    "heroicons",
    "hugeicons",
    "ic",
    "icon-park-outline",
    "icon-park-solid",
    "iconamoon",
    "iconoir",
    "ion",
    "lets-icons",
    "lucide",
    "maki",
    "majesticons",
    "material-symbols",
    "mdi",
    "mingcute",
    "mynaui",
    "octicon",
    "pepicons-pop",
    "ph",
    "proicons",
    "radix-icons",
    "raphael",
    "simple-icons",
    "solar",
    "system-uicons",
    "tabler",
    "tdesign",
    "uil",
    "vaadin",
    "weui",
    "zondicons",
]
LICENCES = {"MIT", "ISC", "Apache-2.0", "CC-BY-4.0", "CC0-1.0", "Unlicense"}
SKIP = {
    "ph": r"-thin$|-light$",
    "material-symbols": r"-sharp|-rounded",
    "ic": r"^(sharp|twotone)-",
    "solar": r"-(broken|bold-duotone|line-duotone)$",
    "fluent": r"^(?!.*-(20|24)-(regular|filled)$)",
}
STYLE = frozenset(
    [
        "outline",
        "outlined",
        "filled",
        "fill",
        "line",
        "solid",
        "regular",
        "bold",
        "thin",
        "light",
        "duotone",
        "twotone",
        "round",
        "rounded",
        "sharp",
        "baseline",
        "linear",
        "broken",
        "alt",
        "o",
        "s",
        "logo",
        "ios",
        "md",
        "mono",
        "curved",
        "off-line",
    ]
)
DECOR = {"circle", "square", "box", "rounded", "circled", "round"}
NUMBERED = {"square", "circle", "filter", "dice", "rounded", "number", "battery", "grid"}
"""Names in which a number is drawn, rather than counting variants."""
SIZED = {"fluent", "octicon", "ep", "heroicons", "carbon"}
RENAMED = {  # names that mean another shape in one set
    "ph": {"caret-left": "chevron-left", "caret-right": "chevron-right", "caret-up": "chevron-up",
           "caret-down": "chevron-down", "caret-double-left": "chevron-double-left",
           "caret-double-right": "chevron-double-right", "caret-double-up": "chevron-double-up",
           "caret-double-down": "chevron-double-down", "export": "share-box"},
    "basil": {"caret-left": "chevron-left", "caret-right": "chevron-right", "caret-up": "chevron-up",
              "caret-down": "chevron-down"},
    "ic": {"arrow-left": "caret-left", "arrow-right": "caret-right"},
    "material-symbols": {"arrow-left": "caret-left", "arrow-right": "caret-right"},
    "eva": {"arrow-left": "caret-left", "arrow-right": "caret-right", "arrow-up": "caret-up",
            "arrow-down": "caret-down"},
    "fluent": {"line-horizontal-3": "menu", "navigation": "menu", "share": "share-box"},
    "bi": {"list": "menu", "grid": "grid-view"},
    "carbon": {"settings-adjust": "sliders"},
    "f7": {"arrow-left": "arrow-left", "bars": "menu", "play-arrow": "play"},
}  # fmt: skip


def floats(values: Any) -> Floats:
    """An array as contiguous 32-bit floats."""
    return np.ascontiguousarray(values, np.float32)


class Icon(NamedTuple):
    """One drawing: `mask` is 72 x 72 uint8, `label` a concept's position, `OTHER` or `IGNORE`; `tags` are words."""

    source: str
    mask: NDArray[np.uint8]
    label: int
    tags: tuple[str, ...]


def concept_table() -> dict[str, dict[str, list[str]]]:
    """The hand-written table: icon names, words and weaker words of each concept."""
    table: dict[str, dict[str, list[str]]] = json.loads((PERCEPTION / "icon_index.concepts.json").read_text("utf-8"))
    return table


def spellings(prefix: str, name: str) -> Iterator[str]:
    """`name` as the set has it, then without style words and sizes, one at a time from the end and the start."""
    tokens = [t for t in re.split(r"[-_]", name.lower()) if t]
    if prefix in SIZED:
        tokens = [t for t in tokens if not t.isdigit()]
    yield "-".join(tokens)
    while len(tokens) > 1 and tokens[-1] in STYLE:
        tokens = tokens[:-1]
        yield "-".join(tokens)
    while len(tokens) > 1 and tokens[0] in STYLE:
        tokens = tokens[1:]
        yield "-".join(tokens)
    words = [t for t in tokens if t not in STYLE]
    bare = [t for t in words if not (t.isdigit() and len(t) < 3)]
    if len(bare) < len(words) and set(bare) <= NUMBERED:
        return
    yield "-".join(bare)
    yield "-".join(t for t in bare if t not in DECOR)


def label_of(prefix: str, name: str, owner: dict[str, int]) -> int:
    """The concept an icon's name belongs to, `IGNORE` where only a part of the name does, else `OTHER`."""
    renamed = RENAMED.get(prefix, {})
    for spelling in spellings(prefix, name):
        meant = renamed.get(spelling, spelling) if not DECOR & set(name.split("-")) else spelling
        if meant in owner:
            return owner[meant]
    parts = set(re.split(r"[-_]", name.lower())) - STYLE - DECOR
    return IGNORE if any(p in owner for p in parts) else OTHER


def render(svg: str) -> NDArray[np.uint8] | None:
    """An SVG as ink on nothing: `SIDE` x `SIDE`, 0 to 255; None where it is empty or cannot be drawn."""
    resvg = importlib.import_module("resvg_py")
    try:
        png = bytes(resvg.svg_to_bytes(svg_string=svg, width=SIDE, height=SIDE, skip_system_fonts=True))
    except ValueError:
        return None
    drawn = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED)
    if drawn is None or drawn.shape != (SIDE, SIDE, 4):
        return None
    light = cv2.cvtColor(drawn[:, :, :3], cv2.COLOR_BGR2GRAY) / 255.0
    ink: NDArray[np.uint8] = (drawn[:, :, 3] * (1 - 0.6 * light)).astype(np.uint8)
    return ink if ink.max() > 60 else None


def extra_tags(modules: Path) -> dict[str, dict[str, list[str]]]:
    """Tags that the sets' own packages carry, by Iconify prefix and icon name."""
    files = ("lucide-static/tags.json", "@mdi/svg/meta.json", "@tabler/icons/icons.json")
    lucide, mdi, tabler = (json.loads((modules / file).read_text("utf-8")) for file in files)
    return {
        "lucide": lucide,
        "mdi": {m["name"]: m["aliases"] + m["tags"] for m in mdi},
        "tabler": {name: [str(t) for t in row["tags"]] for name, row in tabler.items()},
    }


def tags_of(name: str, extra: list[str]) -> tuple[str, ...]:
    """The words in an icon's name and tags, without style words and numbers."""
    words = [w for text in (name, *extra) for w in re.split(r"[^a-z]+", text.lower())]
    return tuple(dict.fromkeys(w for w in words if len(w) > 1 and w not in STYLE))


def read_set(modules: Path, prefix: str, owner: dict[str, int], extra: dict[str, list[str]]) -> Iterator[Icon]:
    """Every icon kept of one Iconify package; raises `ValueError` when its licence is not one we may use."""
    folder = modules / "@iconify-json" / prefix
    info = json.loads((folder / "info.json").read_text())
    if info["license"]["spdx"] not in LICENCES:
        raise ValueError(f"{prefix}: licence {info['license']['spdx']} is not in {sorted(LICENCES)}")
    data = json.loads((folder / "icons.json").read_text())
    for name, icon in data["icons"].items():
        if prefix in SKIP and re.search(SKIP[prefix], name):
            continue
        label = label_of(prefix, name, owner)
        if prefix == NO_BRANDS and label < 0:
            continue
        width, height = icon.get("width", data.get("width", 16)), icon.get("height", data.get("height", 16))
        box = f"{icon.get('left', 0)} {icon.get('top', 0)} {width} {height}"
        body = icon["body"].replace("currentColor", "#000")
        size = f'viewBox="{box}" width="{SIDE}" height="{SIDE}"'
        mask = render(f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{body}</svg>')
        if mask is not None:
            yield Icon(f"{prefix}:{name}", mask, label, tags_of(name, extra.get(name, [])))


def vocabulary(found: list[Icon], limit: int = 1200) -> list[str]:
    """The words that at least 15 icons of at least 4 sets carry, most frequent first."""
    count = Counter(t for icon in found for t in icon.tags)
    sets: dict[str, set[str]] = defaultdict(set)
    for icon in found:
        for tag in icon.tags:
            sets[tag].add(icon.source.split(":")[0])
    return [t for t, n in count.most_common() if n >= 15 and len(sets[t]) >= 4][:limit]


def collect(modules: Path, cache: Path) -> None:
    """Render every set and write masks, labels, tags and the packages' versions to `cache`."""
    table = concept_table()
    owner = {name: i for i, row in enumerate(table.values()) for name in row["icons"]}
    extra = extra_tags(modules)
    found: list[Icon] = []
    versions = {}
    for prefix in SETS:
        before = len(found)
        found += read_set(modules, prefix, owner, extra.get(prefix, {}))
        package = json.loads((modules / "@iconify-json" / prefix / "package.json").read_text())
        info = json.loads((modules / "@iconify-json" / prefix / "info.json").read_text())
        versions[prefix] = {
            "version": package["version"], "licence": info["license"]["spdx"], "name": info["name"],
            "author": info["author"]["name"], "url": info["author"].get("url", ""), "icons": len(found) - before,
        }  # fmt: skip
        print(prefix, len(found) - before, flush=True)
    words = vocabulary(found)
    index = {w: i for i, w in enumerate(words)}
    tags = [[index[t] for t in icon.tags if t in index] for icon in found]
    np.savez_compressed(
        cache,
        masks=np.stack([i.mask for i in found]),
        labels=np.array([i.label for i in found], np.int32),
        sources=np.array([i.source for i in found]),
        tags=np.array(json.dumps(tags)),
        meta=np.array(json.dumps({"concepts": list(table), "tags": words, "sets": versions})),
    )


# ---------------------------------------------------------------- roughening


def placed(mask: NDArray[np.uint8], rng: np.random.Generator) -> Floats:
    """The drawing at a random size of 11 to 80 pixels, slightly stretched and turned, on a canvas with padding."""
    size = int(11 + 69 * rng.random() ** 1.7)
    pad = int(rng.integers(1, 5))
    canvas = size + 2 * pad
    scale = size / SIDE
    turn = np.deg2rad(rng.normal(0, 2.5)) if rng.random() < 0.3 else 0.0
    stretch = 1 + rng.normal(0, 0.05)
    a = scale * np.array([[np.cos(turn) * stretch, -np.sin(turn)], [np.sin(turn) * stretch, np.cos(turn)]])
    centre = canvas / 2 + rng.uniform(-0.5, 0.5, 2)
    matrix = np.c_[a, centre - a @ [SIDE / 2, SIDE / 2]]
    source = floats(mask / 255)
    if scale < 0.75:
        source = floats(cv2.GaussianBlur(source, (0, 0), 0.42 / scale * (0.85 + 0.4 * rng.random())))
    return floats(cv2.warpAffine(source, matrix, (canvas, canvas), flags=cv2.INTER_LINEAR))


def contained(ink: Floats, rng: np.random.Generator) -> Floats:
    """The drawing in a round or square button: filled or a ring, as a floating button or an avatar has."""
    side = ink.shape[0]
    big = int(side * rng.uniform(1.35, 2.1))
    shape = np.zeros((big + 4, big + 4), np.float32)
    radius = big // 2 if rng.random() < 0.6 else int(big * rng.uniform(0.05, 0.3))
    rounded_box(shape, 2, big + 2, radius)
    ring = rng.random() < 0.25
    if ring:
        inner = np.zeros_like(shape)
        width = max(1, int(big * rng.uniform(0.03, 0.08)))
        rounded_box(inner, 2 + width, big + 2 - width, max(0, radius - width))
        shape -= inner
    off = (big + 4 - side) // 2
    glyph = np.zeros_like(shape)
    glyph[off : off + side, off : off + side] = ink
    if ring:
        return floats(np.maximum(shape * rng.uniform(0.3, 1), glyph))
    fill, stroke = (rng.uniform(0.3, 1), rng.uniform(0, 0.25)) if rng.random() < 0.6 else (rng.uniform(0.12, 0.5), 1.0)
    return floats(shape * fill * (1 - glyph) + glyph * stroke)


def rounded_box(canvas: Floats, low: int, high: int, radius: int) -> None:
    """Fill a square with round corners from `low` to `high` on both axes."""
    radius = min(radius, (high - low) // 2)
    if radius * 2 >= high - low - 1:
        cv2.circle(canvas, ((low + high) // 2, (low + high) // 2), (high - low) // 2, 1.0, -1, cv2.LINE_AA)
        return
    cv2.rectangle(canvas, (low + radius, low), (high - radius, high), 1.0, -1)
    cv2.rectangle(canvas, (low, low + radius), (high, high - radius), 1.0, -1)
    for x in (low + radius, high - radius):
        for y in (low + radius, high - radius):
            cv2.circle(canvas, (x, y), radius, 1.0, -1, cv2.LINE_AA)


def worn(ink: Floats, rng: np.random.Generator) -> Floats:
    """Blur, weak contrast, noise, a badge or JPEG, each now and then."""
    side = ink.shape[0]
    if rng.random() < 0.06:
        at = (int(side * rng.uniform(0.65, 0.95)), int(side * rng.uniform(0.05, 0.35)))
        cv2.circle(ink, at, max(1, int(side * rng.uniform(0.08, 0.18))), rng.uniform(0.5, 1), -1, cv2.LINE_AA)
    if rng.random() < 0.25:
        ink = floats(cv2.GaussianBlur(ink, (0, 0), rng.uniform(0.3, 0.9)))
    if rng.random() < 0.3:
        ink = floats(ink ** rng.uniform(0.6, 1.5))
    if rng.random() < 0.3:
        ink = floats(ink + rng.normal(0, rng.uniform(0.005, 0.05), ink.shape))
    if rng.random() < 0.15:
        packed = cv2.imencode(".jpg", (ink.clip(0, 1) * 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 55])[1]
        ink = floats(np.asarray(cv2.imdecode(packed, cv2.IMREAD_GRAYSCALE)) / 255)
    return ink.clip(0, 1)


def rough(mask: NDArray[np.uint8], rng: np.random.Generator) -> Floats:
    """One training picture of a mask, through the same `squared` as at run time."""
    ink = placed(mask, rng)
    if rng.random() < 0.22:
        ink = contained(ink, rng)
    ink = worn(ink, rng)
    strongest = float(np.percentile(ink, 99.5))
    ink = np.minimum(ink / max(strongest, 0.05), 1)
    return icon_patches.squared(ink, icon_patches.glyph_box(ink))


LETTERS = "ABCDEFGHJKLMNPQRSUVWYZabcdefghjklmnpqrsuvwyz0123456789%&"


def written(side: int, rng: np.random.Generator) -> Floats:
    """A part of a word."""
    canvas = np.zeros((side, side), np.uint8)
    text = "".join(rng.choice(list(LETTERS), int(rng.integers(2, 6))))
    font, thick = int(rng.choice([0, 1, 2, 3, 4, 6])), int(rng.integers(1, 3))
    cv2.putText(canvas, text, (1, side // 2), font, rng.uniform(0.3, 0.9), 255, thick, cv2.LINE_AA)
    return floats(canvas / 255)


def grain(side: int, rng: np.random.Generator) -> Floats:
    """Noise."""
    return floats(rng.random((side, side)))


def blotched(side: int, rng: np.random.Generator) -> Floats:
    """Smooth light and dark, as in a photo."""
    coarse = floats(rng.random((int(rng.integers(2, 9)), int(rng.integers(2, 9)))))
    smooth = cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC)
    return floats(smooth + rng.normal(0, 0.05, (side, side)))


def shards(side: int, rng: np.random.Generator) -> Floats:
    """A few filled polygons of different shades."""
    canvas = np.zeros((side, side), np.float32)
    for _ in range(int(rng.integers(3, 9))):
        corners = rng.integers(0, side, (int(rng.integers(3, 6)), 1, 2)).astype(np.int32)
        cv2.fillPoly(canvas, [corners], float(rng.random()), cv2.LINE_AA)
    return canvas


def bars(side: int, rng: np.random.Generator) -> Floats:
    """Many flat rectangles, as blurred words and panels look; one to three would be a dash or a menu."""
    canvas = np.zeros((side, side), np.float32)
    for _ in range(int(rng.integers(6, 13))):
        x, y = rng.integers(0, side, 2).tolist()
        far = (x + int(rng.integers(2, side)), y + int(rng.integers(1, 6)))
        cv2.rectangle(canvas, (x, y), far, rng.uniform(0.2, 1), -1)
    return canvas


def clutter(rng: np.random.Generator) -> Floats:
    """A picture that is no icon: words, noise, blobs as in photos, bars and boxes."""
    side = int(rng.integers(16, 80))
    makers = (written, grain, blotched, shards, bars)
    ink = makers[int(rng.integers(0, len(makers)))](side, rng).clip(0, 1)
    if ink.max() < 0.3:
        ink[side // 3 : side // 2, side // 4 : side // 2] = 1
    return icon_patches.squared(ink, icon_patches.glyph_box(ink))


# ---------------------------------------------------------------- the network


def network(concepts: int, tags: int) -> Any:
    """A small convolutional network: 1 x 48 x 48 in, `concepts` + 1 (none of them) + `tags` logits out."""
    torch = importlib.import_module("torch")
    nn = torch.nn

    def block(a: int, b: int, stride: int) -> list[Any]:
        return [nn.Conv2d(a, b, 3, stride, 1, bias=False), nn.BatchNorm2d(b), nn.ReLU(inplace=True)]

    body = [*block(1, 16, 1), *block(16, 32, 2), *block(32, 40, 1), *block(40, 80, 2), *block(80, 80, 1),
            *block(80, 160, 2), *block(160, 160, 1), *block(160, 192, 1)]  # fmt: skip
    head = [nn.Conv2d(192, 256, 3, bias=False), nn.BatchNorm2d(256), nn.ReLU(inplace=True),
            nn.AvgPool2d(2, 2), nn.Flatten(), nn.Dropout(0.1), nn.Linear(1024, 256), nn.ReLU(inplace=True),
            nn.Linear(256, concepts + 1 + tags)]  # fmt: skip
    return nn.Sequential(*body, *head)


class IconDataset(NamedTuple):
    """What `collect` wrote."""

    masks: NDArray[np.uint8]
    labels: NDArray[np.int32]
    tags: list[list[int]]
    meta: dict[str, Any]
    sources: NDArray[np.str_]


def read_cache(cache: Path) -> IconDataset:
    """The file of `collect`."""
    with np.load(cache) as z:
        return IconDataset(
            z["masks"], z["labels"], json.loads(str(z["tags"])), json.loads(str(z["meta"])), z["sources"]
        )


def sampling(labels: NDArray[np.int32]) -> NDArray[np.float64]:
    """How often each icon is drawn: concepts by the root of their size (70 %), the others alike (30 %)."""
    weight = np.zeros(len(labels))
    known = labels >= 0
    size = np.bincount(labels[known])
    weight[known] = size[labels[known]] ** -0.5
    weight[known] *= 0.7 / weight[known].sum()
    weight[~known] = 0.3 / (~known).sum()
    return weight


class Batch(NamedTuple):
    """Pictures (N,1,48,48), concept targets (N; the number of concepts = none, -100 = ignore), tag targets (N,T)."""

    pictures: Floats
    target: NDArray[np.int64]
    tags: Floats


def batch_of(data: IconDataset, chance: NDArray[np.float64], size: int, seed: tuple[int, int]) -> Batch:
    """`size` roughened icons, one in sixteen of them clutter; the same for the same seed."""
    rng = np.random.default_rng(seed)
    none = len(data.meta["concepts"])
    pictures = np.zeros((size, 1, icon_patches.INPUT, icon_patches.INPUT), np.float32)
    target = np.full(size, none, np.int64)
    tags = np.zeros((size, len(data.meta["tags"])), np.float32)
    for row, pick in enumerate(np.searchsorted(np.cumsum(chance), rng.random(size) * 0.999999)):
        if rng.random() < 0.06:
            pictures[row, 0] = clutter(rng)
            continue
        pictures[row, 0] = rough(data.masks[pick], rng)
        label = int(data.labels[pick])
        target[row] = label if label >= 0 else (none if label == OTHER else -100)
        tags[row, data.tags[pick]] = 1
    return Batch(pictures, target, tags)


def produce(cache: Path, queue: Any, steps: range, size: int, seed: int) -> None:
    """Put the batches of `steps` into `queue`, in a process of its own."""
    cv2.setNumThreads(1)
    data = read_cache(cache)
    chance = sampling(data.labels)
    for step in steps:
        queue.put(batch_of(data, chance, size, (seed, step)))


def train(cache: Path, out: Path, start: Path | None = None, steps: int = 6000, size: int = 128) -> None:
    """Train for `steps` batches with a one-cycle learning rate and write the weights to `out`.

    With `start`, go on from those weights at a third of the rate.
    """
    seed = 7 if start is None else 8
    torch = importlib.import_module("torch")
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    meta = read_cache(cache).meta
    none = len(meta["concepts"])
    model = network(none, len(meta["tags"])).to(memory_format=torch.channels_last)
    with torch.no_grad():
        model[-1].bias[none + 1 :] = -5.5
    if start is not None:
        model.load_state_dict(torch.load(start))
    top = 2.5e-3 if start is None else 8e-4
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.02)
    context = multiprocessing.get_context("fork")
    queue: Any = context.Queue(8)
    worker = context.Process(target=produce, args=(cache, queue, range(steps), size, seed), daemon=True)
    worker.start()
    shown = 0.0
    for step in range(steps):
        warm = steps * 0.04
        rate = step / warm if step < warm else 0.5 * (1 + np.cos(np.pi * (step - warm) / (steps - warm)))
        for group in optimiser.param_groups:
            group["lr"] = top * rate
        x, y, t = (torch.from_numpy(a) for a in queue.get())
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits = model(x.to(memory_format=torch.channels_last)).float()
        loss = torch.nn.functional.cross_entropy(logits[:, : none + 1], y, ignore_index=-100, label_smoothing=0.03)
        loss = loss + 30 * torch.nn.functional.binary_cross_entropy_with_logits(logits[:, none + 1 :], t)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        known = y != -100
        shown = 0.98 * shown + 0.02 * (logits[known, : none + 1].argmax(1) == y[known]).float().mean().item()
        if step % 50 == 49:
            print(f"{step + 1}/{steps} loss {loss.item():.3f} top-1 {shown:.3f}", flush=True)
        if step % 500 == 499 or step == steps - 1:
            torch.save(model.state_dict(), out)
    worker.join()


def export(cache: Path, weights: Path, folder: Path) -> None:
    """Write `icon_index.onnx` (16-bit weights, softmax over concepts, sigmoid over tags) and `icon_index.json`."""
    torch = importlib.import_module("torch")
    onnx = importlib.import_module("onnx")
    meta = read_cache(cache).meta
    none = len(meta["concepts"])
    body = network(none, len(meta["tags"])).eval()
    body.load_state_dict(torch.load(weights))
    scratch = folder / "icon_index.onnx"
    torch.onnx.export(
        body, (torch.zeros(2, 1, icon_patches.INPUT, icon_patches.INPUT),), str(scratch), input_names=["pictures"],
        output_names=["logits"], dynamic_axes={"pictures": {0: "n"}, "logits": {0: "n"}}, dynamo=False,
    )  # fmt: skip
    model = onnx.load(str(scratch))
    finish(onnx, model, none, len(meta["tags"]))
    halve(onnx, model)
    onnx.checker.check_model(model)
    onnx.save(model, str(scratch))
    meta["model"] = hashlib.sha256(scratch.read_bytes()).hexdigest()
    (folder / "icon_index.json").write_text(json.dumps(meta, indent=1) + "\n", "utf-8")


def finish(onnx: Any, model: Any, none: int, tags: int) -> None:
    """Put softmax and sigmoid behind the logits: outputs `concepts` (N x none + 1) and `tags` (N x tags)."""
    make, graph = onnx.helper, model.graph
    sizes = onnx.numpy_helper.from_array(np.array([none + 1, tags], np.int64), "sizes")
    graph.initializer.append(sizes)
    graph.node.extend(
        [
            make.make_node("Split", ["logits", "sizes"], ["concept_logits", "tag_logits"], axis=1),
            make.make_node("Softmax", ["concept_logits"], ["concepts"], axis=1),
            make.make_node("Sigmoid", ["tag_logits"], ["tags"]),
        ]
    )
    del graph.output[:]
    for name, width in (("concepts", none + 1), ("tags", tags)):
        graph.output.append(make.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["n", width]))


def halve(onnx: Any, model: Any) -> None:
    """Store the large weights as 16-bit floats, each widened by a Cast when the file is loaded."""
    graph = model.graph
    for tensor in list(graph.initializer):
        values = onnx.numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < 1024:
            continue
        graph.initializer.remove(tensor)
        half = onnx.numpy_helper.from_array(values.astype(np.float16), tensor.name + "_half")
        graph.initializer.append(half)
        cast = onnx.helper.make_node("Cast", [half.name], [tensor.name], to=onnx.TensorProto.FLOAT)
        graph.node.insert(0, cast)


def main(arguments: list[str]) -> None:
    """Run one of the three stages named in the module's docstring."""
    stages: dict[str, Callable[..., None]] = {"collect": collect, "train": train, "export": export}
    if not arguments or arguments[0] not in stages:
        sys.exit(__doc__)
    stages[arguments[0]](*map(Path, arguments[1:]))


if __name__ == "__main__":
    main(sys.argv[1:])
