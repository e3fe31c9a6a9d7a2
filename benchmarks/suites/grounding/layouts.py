"""The file layout of each grounding suite as downloaded, and the breakdown of its figures.

Two forms are read for every suite: the official one, and one record a line (or in a list) with ``id``,
``img_filename``, ``img_size``, ``instruction``, ``bbox`` [x1, y1, x2, y2] in pixels, and where needed ``box_type`` and
``polygon``, which is ScreenSpot-Pro's own form and the one to which Tongyi-MAI/MAI-UI converted the others.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from benchmarks.suites.grounding.records import AnnotationRow, BoxForm, Groups, Record

Reader = Callable[[AnnotationRow, str], Record]
"""Makes a record of a row; the text is the id of a row without one: the file's stem and its number."""


COPIES = ("data/test-*.parquet", "test-*.parquet", "*.parquet", "data/*.parquet", "*/test-*.parquet",
          "*/test/*.parquet", "data-*.arrow", "test/data-*.arrow")  # fmt: skip
"""Where copies on the hub have their rows: by hand, by `datasets`, by the hub's own conversion, by ``save_to_disk``."""


@dataclass(frozen=True, kw_only=True)
class Layout:
    """One suite as data.

    `files` are the annotation files by the mode that they are for ("" for all), as patterns tried in each of `roots`;
    `copies` are patterns of other files that hold the whole suite, taken where the official ones are not there;
    `images` the folders of images, in each of the roots. `modes` are values of the label `mode_over`, or the keys of
    `files`. `counts` is how many samples the official files have, by mode ("" for all); `md5` the hash of a file, where
    its authors publish one. `macro_over` is the kind of label that macro weighs equally.
    """

    title: str
    source: str
    read: Reader
    files: Mapping[str, tuple[str, ...]]
    images: tuple[str, ...]
    roots: tuple[str, ...] = ("",)
    container: str | None = None
    modes: tuple[str, ...] = ()
    mode_over: str = ""
    languages: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    md5: Mapping[str, str] = field(default_factory=dict)
    macro_over: str = "ui_type"
    hidden: tuple[str, ...] = ()
    boxes: str
    authors_average: str
    copies: tuple[str, ...] = COPIES


IMAGE = ("img_filename", "image_path", "image", "img_url")
SIZE, ASKED = ("img_size", "image_size"), ("instruction", "task")
PROMPT = ("prompt_to_evaluate", *ASKED)


def _grouped(**labels: tuple[str, ...]) -> Groups:
    """`labels` without the empty ones."""
    return {kind: values for kind, values in labels.items() if values}


def _crossed(first: tuple[str, ...], second: tuple[str, ...]) -> tuple[str, ...]:
    return (f"{first[0]} {second[0]}",) if first and second else ()


def _boxed(row: AnnotationRow, number: str, form: BoxForm, groups: Groups, asked: tuple[str, ...] = ASKED) -> Record:
    """A record whose target is a box, unless `box_type` says otherwise."""
    kind = row.get("box_type") or "bbox"
    shapes = {"bbox": "box", "polygon": "polygon", "refusal": "nothing"}
    if kind not in shapes:
        raise row.error(f"box_type is bbox, polygon or refusal, not {kind!r}")
    field_of = {"bbox": ("bbox",), "polygon": ("polygon",), "refusal": ()}[kind]
    return Record(
        id=str(row.get("id", "index") if row.get("id", "index") is not None else number),
        image=row.text(*IMAGE).replace("\\", "/"),
        instruction=row.text(*asked, empty=True),
        where=row.where,
        size=row.size(*SIZE),
        shape=shapes[kind],  # type: ignore[arg-type]
        numbers=tuple(row.numbers(*field_of)) if field_of else (),
        form=form,
        groups=groups,
    )


# ScreenSpot ---------------------------------------------------------------------------------------------------------

_SOURCES = {"ios": "mobile", "android": "mobile", "windows": "desktop", "macos": "desktop"} | dict.fromkeys(
    ("gitlab", "shop", "forum", "tool"), "web"
)
"""The platform by ``data_source``, for copies whose images have no telling names."""
_PLATFORM = re.compile(r"(?:screenspot_|^)(mobile|desktop|web|pc)(?:_|$)")


def _screenspot(row: AnnotationRow, number: str) -> Record:
    """Boxes are xywh in the official files, which say neither an image's size nor an id, and in ShowUI's copy, which
    calls the image ``img_url``; parts of a side in parquet copies, of which one in pixels is refused; else xyxy.
    """
    official = row.get("img_url") is not None or (row.get(*SIZE) is None and row.get("id") is None)
    told = [str(row.get(key) or "") for key in ("id", "application", "file_name", "split")]
    told = [told[0] or number, *told[1:3], row.text(*IMAGE), told[3]]
    found = next((match.group(1) for text in told if (match := _PLATFORM.search(text))), "")
    found = found or _SOURCES.get(str(row.get("data_source")).lower(), "")
    platform = ({"pc": "desktop"}.get(found, found),) if found else ()
    kind = row.labels("data_type", "ui_type")
    groups = _grouped(
        **{"platform and type": _crossed(platform, kind)},
        platform=platform,
        ui_type=kind,
        source=row.labels("data_source"),
    )
    return _boxed(row, number, "fractions" if row.parquet else "xywh" if official else "xyxy", groups)


def _spot(version: str, counts: tuple[int, int, int], images: tuple[str, ...], source: str) -> Layout:
    tail = "_v2" if version == "v2" else ""
    modes = ("mobile", "desktop", "web")
    return Layout(
        title=f"ScreenSpot{'-v2' if tail else ''}",
        source=source,
        read=_screenspot,
        files={mode: (f"screenspot_{mode}{tail}.json", f"screenspot_{mode}{tail}_convert.json") for mode in modes},
        images=images,
        roots=("", f"ScreenSpot{'-v2' if tail else ''}"),
        modes=modes,
        mode_over="platform",
        counts={"": sum(counts), **dict(zip(modes, counts, strict=True))},
        macro_over="platform and type",
        copies=("metadata/hf_test_full.json", "hf_test_full.json", *COPIES),
        boxes="[x, y, width, height] in pixels",
        authors_average="macro" if not tail else "micro or the macro",
    )


SCREENSPOT = _spot("v1", (502, 334, 436), ("screenspot_imgs", "images", ""), "njucckevin/SeeClick")
SCREENSPOT_V2 = _spot("v2", (501, 334, 437), ("screenspotv2_image", "images", ""), "OS-Copilot/ScreenSpot-v2")

# ScreenSpot-Pro -----------------------------------------------------------------------------------------------------


def _pro(row: AnnotationRow, number: str) -> Record:
    group, kind = row.labels("group"), row.labels("ui_type", "data_type")
    groups = _grouped(
        **{"group and type": _crossed(group, kind)},
        group=group,
        ui_type=kind,
        application=row.labels("application"),
        platform=row.labels("platform"),
    )
    return _boxed(row, number, "xyxy or fractions" if row.parquet else "xyxy", groups)


SCREENSPOT_PRO = Layout(
    title="ScreenSpot-Pro",
    source="likaixin2000/ScreenSpot-Pro-GUI-Grounding",
    read=_pro,
    files={"": ("annotations/*.json", "*.json")},
    images=("images",),
    roots=("", "ScreenSpot-Pro"),
    languages=("en", "cn"),
    counts={"": 1581},
    macro_over="group",
    boxes="[x1, y1, x2, y2] in pixels",
    authors_average="micro",
)

# OSWorld-G ----------------------------------------------------------------------------------------------------------

CAPABILITIES: Mapping[str, frozenset[str]] = {
    "text matching": frozenset({"Label"}),
    "element recognition": frozenset({"Icon", "Image", "Button"}),
    "layout understanding": frozenset(
        {"Tab", "Banner/Notification", "Accordion/Collapsible Panel", "Pagination Control", "Toolbar", "Menu Bar"}
        | {"Dropdown Menu", "List", "Grid", "Tree View", "Dialog/Modal", "Panel/Container", "Sidebar", "Drawer"}
        | {"Window Hierarchy"}
    ),
    "fine-grained manipulation": frozenset(
        {"Slider", "Stepper", "Divider", "Toggle/Switch", "Checkbox", "Radio Button", "Color Picker", "Date Picker"}
        | {"Table", "Text Field/Input Box", "Search Bar", "Text Field", "Input Box", "Window Border"}
    ),
}
"""The paper's abilities by kind of element (arXiv 2505.13227); a sample has every one that its elements ask for.

As in ZJU-REAL/ClawGUI, "Accordion/Collapsible Panel", which the paper lists twice, is layout.
"""


def _capabilities(kinds: tuple[str, ...], refusal: bool) -> tuple[str, ...]:
    if refusal:
        return ("refusal",)
    return tuple(name for name, members in CAPABILITIES.items() if members.intersection(kinds))


def _osworld(row: AnnotationRow, number: str) -> Record:
    """Official boxes are [x, y, width, height] in ``box_coordinates``, which also has the polygons.

    MAI-UI's copy has no ``box_type``: [0, 0, 0, 0] is a refusal, and more than four numbers are a polygon.
    """
    official = row.get("box_coordinates") is not None
    if official:
        coordinates = row.data["box_coordinates"]
        row = AnnotationRow({**row.data, "bbox": coordinates, "polygon": coordinates}, row.where)
    elif row.get("box_type") is None:
        numbers = row.numbers("bbox")
        kind = "polygon" if len(numbers) > 4 else "bbox" if any(numbers) else "refusal"
        row = AnnotationRow({**row.data, "box_type": kind, "polygon": row.data["bbox"]}, row.where)
    kind = row.text("box_type")
    elements = row.labels("GUI_types", "ui_type")
    groups = _grouped(
        capability=_capabilities(elements, kind == "refusal"),
        target=("not there",) if kind == "refusal" else ("there",),
        box_type=(kind,),
        element=elements,
    )
    return _boxed(row, number, "xywh" if official else "xyxy", groups)


OSWORLD_G = Layout(
    title="OSWorld-G",
    source="xlang-ai/OSWorld-G",
    read=_osworld,
    files={
        "original": ("OSWorld-G.json", "OSWorld-G_sspro_format.json"),
        "refined": ("OSWorld-G_refined.json", "OSWorld-G_refined_sspro_format.json"),
    },
    images=("images", "."),
    roots=("benchmark", "", "OSWorld-G/benchmark", "OS_G_data", "OS_G_Refine_data"),
    modes=("original", "refined"),
    rules=("with-refusals", "without-refusals"),
    counts={"original": 564, "refined": 564},
    macro_over="capability",
    hidden=("element",),
    boxes="[x, y, width, height] or a flat list of corners, in pixels",
    authors_average="micro",
)

# MMBench-GUI --------------------------------------------------------------------------------------------------------


def _mmbench(row: AnnotationRow, number: str) -> Record:
    """Boxes are parts of a side in the official file, pixels in converted ones; the official scorer takes both."""
    level, kind = row.labels("grounding_type", "group"), row.labels("data_type", "ui_type")
    platform = tuple(label.removeprefix("os_") for label in row.labels("platform"))
    groups = _grouped(
        level=level,
        platform=platform,
        **{"level and platform": _crossed(level, platform)},
        ui_type=kind,
        application=row.labels("app_name", "application"),
    )
    return _boxed(row, number, "xyxy or fractions", groups)


MMBENCH_GUI = Layout(
    title="MMBench-GUI L2",
    source="open-compass/MMBench-GUI",
    read=_mmbench,
    files={"": ("L2_annotations.json", "MMbench_GUI_sspro_format.json")},
    images=("offline_images", "MMBench-GUI-OfflineImages/offline_images", "MMBench-GUI-OfflineImages"),
    roots=("", "MMBench-GUI", "MMbench_data"),
    modes=("basic", "advanced"),
    mode_over="level",
    counts={"": 3594, "basic": 1787, "advanced": 1807},
    md5={"L2_annotations.json": "a2e042302ac389299873a857b7370a35"},
    macro_over="level",
    hidden=("application",),
    boxes="[x1, y1, x2, y2] in parts of a side",
    authors_average="macro",
)

# UI-Vision ----------------------------------------------------------------------------------------------------------


_SPLITS = ("basic", "functional", "spatial")


def _uivision(row: AnnotationRow, number: str) -> Record:
    split = next(
        (name for name in ("basic", "functional", "spatial") if f"_{name}" in str(row.get("id") or number)), ""
    )
    groups = _grouped(
        split=(split,) if split else (),
        category=row.labels("category", "group"),
        ui_type=row.labels("element_type", "ui_type", "data_type"),
        application=row.labels("platform", "application"),
    )
    return _boxed(row, number, "xyxy", groups, PROMPT)


UI_VISION = Layout(
    title="UI-Vision element grounding",
    source="uivision/UI-Vision",
    read=_uivision,
    files={
        mode: (f"annotations/element_grounding/element_grounding_{mode}.json", f"element_grounding_{mode}.json")
        for mode in _SPLITS
    },
    images=("images", "."),
    roots=("", "ui-vision", "UI-Vision"),
    modes=_SPLITS,
    mode_over="split",
    counts={"": 5479, "basic": 1772, "functional": 1772, "spatial": 1935},
    macro_over="split",
    hidden=("application",),
    boxes="[x1, y1, x2, y2] in pixels",
    authors_average="macro",
)

# Your own screens ---------------------------------------------------------------------------------------------------


def _own(row: AnnotationRow, number: str) -> Record:
    """Every further text field becomes no table; the known ones do."""
    groups = _grouped(
        ui_type=row.labels("data_type", "ui_type"),
        platform=row.labels("platform"),
        wording=row.labels("wording"),
        application=row.labels("app", "application"),
    )
    return _boxed(row, number, "xyxy", groups)


JSONL = Layout(
    title="your own screens",
    source="docs/benchmarks/grounding.md",
    read=_own,
    files={"": ("samples.jsonl",)},
    images=("",),
    macro_over="ui_type",
    boxes="[x1, y1, x2, y2] in pixels",
    authors_average="",
)

LAYOUTS: Mapping[str, Layout] = {
    "screenspot": SCREENSPOT,
    "screenspot-v2": SCREENSPOT_V2,
    "screenspot-pro": SCREENSPOT_PRO,
    "osworld-g": OSWORLD_G,
    "mmbench-gui": MMBENCH_GUI,
    "ui-vision": UI_VISION,
    "jsonl": JSONL,
}
"""Every grounding suite by name."""
