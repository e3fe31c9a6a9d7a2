"""Render the screens and write the requests of an evaluation set for `locate`. Not part of the wheel.

    npm install --ignore-scripts bootstrap@5.3.9 bulma@1.0.4 @picocss/pico@2.1.1 feather-icons@4.29.2 line-awesome@1.3.0
    python -m tools.locate_screens OUT --npm node_modules [--seed 1]
    python -m benchmarks.locate --data OUT --file held_out.jsonl

`tools/locate_pages` holds pages of sixteen programs, half of them for development (`dev`), the others and their
wordings never looked at while `locate` is changed (`held_out`): other programs, concepts, templates, themes and icons.
Each page is drawn in two themes by Chromium, which also says where its elements are. `data-` attributes of an element:
`n` its name, `r` what people call its kind, `p` its purpose in other words, `f` what its icon does or shows, `x` whole
descriptions, `rx` what it is called in a row, `g` the noun of a group; on what contains it `s` (section) and `row`.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image

PAGES = Path(__file__).parent / "locate_pages"
THEMES = {"dev": ("plain", "dark", "bootstrap"), "held_out": ("desktop", "bulma", "pico")}
FRAMEWORKS = {
    "bootstrap": "bootstrap/dist/css/bootstrap.min.css",
    "bulma": "bulma/css/bulma.min.css",
    "pico": "@picocss/pico/css/pico.min.css",
}
_MEASURE = """
<script>window.onload = () => {
  const out = [];
  for (const e of document.querySelectorAll('[data-n],[data-r],[data-p],[data-x],[data-rx]')) {
    const whole = e.matches('[type=checkbox],[type=radio]') && e.closest('label') || e;  // its words can be clicked too
    const b = whole.getBoundingClientRect(), d = e.dataset, up = (s) => e.closest(s)?.dataset ?? {};
    const copy = e.cloneNode(true);
    copy.querySelectorAll('.u-quiet').forEach((q) => q.remove());
    const front = document.elementFromPoint(b.x + b.width / 2, b.y + b.height / 2);
    out.push({...d, n: d.n ?? copy.innerText.trim(), s: up('[data-s]').s ?? '', row: up('[data-row]').row ?? '',
      box: [b.left, b.top, b.right, b.bottom],
      wordless: d.f !== undefined || !!e.querySelector('svg') && !e.innerText.trim(),
      hidden: b.bottom > document.body.clientHeight || b.right > document.body.clientWidth ||
        !(whole.contains(front) || front?.contains(whole))});
  }
  const s = document.createElement('script'); s.type = 'application/json'; s.id = 'targets';
  s.textContent = JSON.stringify(out); document.body.append(s);
};</script>
"""
_ICONS = {
    "help": ("help-circle", "question-circle"), "menu": ("menu", "bars-solid"),
    "refresh": ("refresh-cw", "sync-alt-solid"), "settings": ("settings", "cog-solid"), "user": ("user", "user"),
    "right": ("chevron-right", "angle-right-solid"), "star": ("star", "star"), "trash": ("trash-2", "trash-alt"),
    "cart": ("shopping-cart", "shopping-cart-solid"), "close": ("x", "times-solid"), "save": ("save", "save"),
    "printer": ("printer", "print-solid"), "undo": ("corner-up-left", "undo-solid"),
    "redo": ("corner-up-right", "redo-solid"), "bold": ("bold", "bold-solid"), "italic": ("italic", "italic-solid"),
    "underline": ("underline", "underline-solid"), "link": ("link", "link-solid"), "image": ("image", "image"),
    "alignleft": ("align-left", "align-left-solid"), "aligncenter": ("align-center", "align-center-solid"),
    "list": ("list", "list-solid"), "left": ("arrow-left", "arrow-left-solid"), "up": ("arrow-up", "arrow-up-solid"),
    "search": ("search", "search-solid"), "grid": ("grid", "th-large-solid"),
    "folderplus": ("folder-plus", "folder-plus-solid"), "more": ("more-vertical", "ellipsis-v-solid"),
    "download": ("download", "download-solid"), "share": ("share-2", "share-alt-solid"), "bell": ("bell", "bell"),
    "play": ("play", "play-solid"), "zoomin": ("zoom-in", "search-plus-solid"),
    "zoomout": ("zoom-out", "search-minus-solid"), "heart": ("heart", "heart"), "info": ("info", "info-circle-solid"),
    "home": ("home", "home-solid"), "chart": ("bar-chart-2", "chart-bar"), "camera": ("camera", "camera-solid"),
    "mute": ("volume-x", "volume-mute-solid"), "edit": ("edit-2", "pen-solid"),
    "repeat": ("repeat", "redo-alt-solid"), "file": ("file", "file"), "folder": ("folder", "folder"),
    "copy": ("copy", "copy"), "cut": ("scissors", "cut-solid"), "move": ("move", "arrows-alt-solid"),
    "drop": ("droplet", "tint-solid"), "type": ("type", "font-solid"), "crop": ("crop", "crop-solid"),
    "plus": ("plus", "plus-solid"), "eye": ("eye", "eye"), "lock": ("lock", "lock-solid"),
    "shuffle": ("shuffle", "random-solid"), "skipback": ("skip-back", "step-backward-solid"),
    "pause": ("pause", "pause-solid"), "skipforward": ("skip-forward", "step-forward-solid"),
    "volume": ("volume-2", "volume-up-solid"), "maximize": ("maximize", "expand-solid"),
    "filter": ("filter", "filter-solid"), "calendar": ("calendar", "calendar"), "flag": ("flag", "flag"),
    "bluetooth": ("bluetooth", "bluetooth-b"), "swap": ("repeat", "exchange-alt-solid"),
}  # fmt: skip
"""The drawing of each icon in the set for development and in the other."""


class Templates(NamedTuple):
    """Templates of requests by their kind."""

    label: tuple[str, ...]
    nested: tuple[str, ...]
    purpose: tuple[str, ...]
    polite: tuple[str, ...]
    row: tuple[str, ...]
    section: tuple[str, ...]
    right: tuple[str, ...]
    below: tuple[str, ...]
    ordinal: tuple[str, ...]
    look: tuple[str, ...]


WORDINGS = {
    "dev": Templates(
        label=("{n}", "click {n}", "the {n} {r}", "Click on the '{n}' {r}"),
        nested=(
            "Choose the '{n}' {r} from the {s}.",
            "In the {s}, click the {r} labelled '{n}'.",
            "Click on the '{n}' {r} in the {s} of the {title} window.",
        ),
        purpose=("Click the '{n}' {r} in the {s} to {p}.", "Select the '{n}' {r} to {p}."),
        polite=("{p}", "{p}", "I want to {p}", "please {p}"),
        row=("the {x} in the row of {row}", "{x} for {row}", "the {x} next to {row}", "the {x} to the right of {row}"),
        section=("{n} in the {s}", "the {n} {r} under {s}", "the {s}'s {n}"),
        right=("the {r} right of {m}", "the {r} to the right of {m}"),
        below=("the {r} below {m}", "the {r} under {m}"),
        ordinal=("the {nth} {g}", "{nth} {g} in the list", "click the {nth} {g}"),
        look=("{f}", "the {n} icon", "click the {n} button"),
    ),
    "held_out": Templates(
        label=("“{n}”", "hit {n}", "{r} {n}", 'Tap the {r} that reads "{n}"'),
        nested=(
            "The {r} named '{n}', which can be found inside the {s}",
            "Within {title}, go to the {s} and press “{n}”",
            'Select "{n}", one of the {r}s that the {s} offers.',
        ),
        purpose=("Press the “{n}” {r} in order to {p}.", "Using the {s}, {p} by means of '{n}'"),
        polite=("{p}", "{p}", "how do I {p}", "I'd like to {p}"),
        row=(
            "{row}'s {x}",
            "the {x} that belongs to {row}",
            "{x} on the same line as {row}",
            "in the {row} row, the {x}",
        ),
        section=("the {r} {n} of the {s}", "{n}, the one belonging to {s}", "from {s}: {n}"),
        right=("the {r} which sits just after {m}", "{r} on the right-hand side of {m}"),
        below=("the {r} directly beneath {m}", "the {r} that comes under {m}"),
        ordinal=("{nth} {g} from the top", "open the {nth} {g}", "{g} number {number}"),
        look=("{f}", "{n} symbol", "press the icon for {n}"),
    ),
}
_NTH = ("first", "second", "third", "fourth", "fifth")
_VERBS = frozenset([
    "add", "arrange", "begin", "bring", "buy", "change", "check", "choose", "connect", "continue", "copy", "create",
    "cut", "dig", "drag", "draw", "duplicate", "edit", "end", "enlarge", "enter", "exchange", "fill", "find", "fly",
    "get", "give", "go", "hear", "hide", "hunt", "insert", "invite", "jot", "keep", "leave", "lend", "let", "line",
    "load", "lock", "look", "make", "mark", "meet", "narrow", "order", "pair", "pay", "pick", "pour", "put", "read",
    "receive", "remove", "report", "revert", "rotate", "save", "see", "set", "show", "shrink", "skip", "slant",
    "snap", "sort", "start", "store", "sweep", "take", "tell", "throw", "track", "trim", "turn", "type", "unlock",
    "use", "visit", "wire", "write",
])  # fmt: skip
"""Verbs that a purpose may begin with, so that it can follow "to"."""


class DrawnTarget(NamedTuple):
    """One element that may be asked for; `info` has its data attributes, `box` is in pixels."""

    info: dict[str, Any]
    box: tuple[int, int, int, int]

    def said(self, key: str) -> list[str]:
        """The alternatives of an attribute."""
        return [part.strip() for part in self.info.get(key, "").split("|") if part.strip()]


class DrawnPage(NamedTuple):
    """One drawn page."""

    split: str
    app: str
    title: str
    image: str
    targets: list[DrawnTarget]


def page_source(file: Path, theme: str, npm: Path) -> tuple[str, str, tuple[int, int]]:
    """The HTML of a page in a theme, the title and the size in pixels."""
    text = file.read_text("utf-8")
    head = re.match(r'<page title="(.+?)" size="(\d+)x(\d+)">', text)
    if head is None:
        raise ValueError(f"{file}: it does not begin with <page title=… size=…>")
    body = re.sub(r"<rows>\n?(.+?)\n<row>(.+?)</row>\s*</rows>", _rows, text[head.end() :], flags=re.DOTALL)
    line_set = file.parent.name == "dev"
    body = re.sub(r'<i-c n="(\w+)"></i-c>', lambda m: _icon(m[1], line_set, npm), body)
    body = re.sub(r'class="([^"]+)"', lambda m: f'class="{_classes(m[1], theme)}"', body)
    if theme == "bulma":
        body = re.sub(r"<(input|textarea)(?![^>]*(?:radio|checkbox|range))", r'<\1 class="input"', body)
    if theme == "bootstrap":
        body = re.sub(r"<(input|textarea|select)(?![^>]*(?:radio|checkbox|range))", r'<\1 class="form-control"', body)
    body = body.replace("<nav", "<div").replace("</nav>", "</div>")  # which a framework may lay out as a row
    return _document(body, theme, npm, f"{head[2]}px", f"{head[3]}px"), head[1], (int(head[2]), int(head[3]))


def _document(body: str, theme: str, npm: Path, width: str, height: str) -> str:
    own = PAGES / "themes" / f"{theme}.css"
    css = own if own.exists() else PAGES / "themes" / "framework.css"
    styles = [(npm / FRAMEWORKS[theme]).read_text("utf-8")] if theme in FRAMEWORKS else []
    styles += [re.sub(r"\.([a-z])", r".u-\1", file.read_text("utf-8")) for file in (PAGES / "layout.css", css)]
    styles.append(f"body {{ position: relative; width: {width}; height: {height}; min-height: 0; overflow: hidden }}")
    light = '<html data-theme="light" data-bs-theme="light">'
    head = f"<!doctype html>{light}<meta charset=utf-8><style>{''.join(styles)}</style>"
    return f"{head}<body>{body}{_MEASURE}</body></html>"


def _rows(match: re.Match[str]) -> str:
    return "\n".join(match[2].format(*line.split(";")) for line in match[1].splitlines())


def _icon(name: str, line_set: bool, npm: Path) -> str:
    folder = npm / ("feather-icons/dist/icons" if line_set else "line-awesome/svg")
    svg = (folder / f"{_ICONS[name][0 if line_set else 1]}.svg").read_text("utf-8")
    view = re.search(r'viewBox="[^"]+"', svg)
    inner = re.sub(r"^.*?<svg[^>]*>|</svg>\s*$", "", svg, flags=re.DOTALL)
    return f'<svg class="icon{" outline" if line_set else ""}" {view[0] if view else ""}>{inner}</svg>'


def _classes(names: str, theme: str) -> str:
    extra = {"bootstrap": ("btn btn-outline-secondary", "btn btn-primary"), "bulma": ("button", "button is-primary")}
    own = " ".join(f"u-{name}" for name in names.split())
    if "act" in names.split() and theme in extra:
        own += f" {extra[theme]['main' in names.split()]}"
    return own


def draw(file: Path, theme: str, npm: Path, out: Path) -> DrawnPage:
    """The page drawn by Chromium into `out`, with the boxes of its targets."""
    html, title, (width, height) = page_source(file, theme, npm)
    image = f"{file.parent.name}/{file.stem}-{theme}.png"
    scale = 2 if width < 600 else 1
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        source = Path(folder, "page.html")
        source.write_text(html, "utf-8")
        command = ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--dump-dom"]
        command += ["--disable-background-networking", "--disable-sync", "--disable-component-update", "--no-first-run"]
        command += ["--disable-dev-shm-usage", "--disable-extensions", "--virtual-time-budget=1000"]
        command += [f"--force-device-scale-factor={scale}", f"--window-size={width},{height + 200}"]
        command += [f"--user-data-dir={folder}/profile", f"--screenshot={out / image}", source.as_uri()]
        dom = _output(command)
    with Image.open(out / image) as drawn:
        drawn.crop((0, 0, width * scale, height * scale)).save(out / image)  # the window also holds the browser's bars
    found = re.search(r'<script type="application/json" id="targets">(.*?)</script>', dom, re.DOTALL)
    if found is None:
        raise ValueError(f"{file}: Chromium did not say where its elements are")
    targets = [
        DrawnTarget(info, (round(x1 * scale), round(y1 * scale), round(x2 * scale), round(y2 * scale)))
        for info in json.loads(found[1])
        if not info["hidden"]
        for x1, y1, x2, y2 in [info["box"]]
    ]
    return DrawnPage(file.parent.name, file.stem, title, image, targets)


def _output(command: list[str], tries: int = 4) -> str:
    """What a command prints; one that hangs, as Chromium sometimes does at its end, is started again."""
    for left in range(tries - 1, -1, -1):
        try:
            return subprocess.run(command, capture_output=True, text=True, timeout=25, check=True).stdout
        except subprocess.TimeoutExpired:
            if not left:
                raise
    return ""


def _place(section: str, chance: random.Random) -> str:
    if section[:1].islower() or section.endswith(("dialog", "panel")):
        return section
    return chance.choice((f"{section} section", f"{section} area"))


def requests(page: DrawnPage, chance: random.Random) -> Iterator[tuple[str, str, DrawnTarget]]:
    """(wording, instruction, target) of a page."""
    names = Counter((t.info["n"], t.info.get("r")) for t in page.targets)
    alone = Counter(t.info["n"] for t in page.targets)
    for target in page.targets:
        unique = names[target.info["n"], target.info.get("r")] == 1
        if unique and not target.info["wordless"] and "r" in target.info:
            yield from _by_name(page, target, alone[target.info["n"]] == 1, chance)
        if target.info["wordless"] and target.said("f"):
            yield from _by_icon(page, target, alone[target.info["n"]] == 1, chance)
        if said := target.said("x"):
            yield "described", chance.choice(said), target
        if (said := target.said("p")) and (alone[target.info["n"]] == 1 or target.info.get("r") != "switch"):
            phrase = chance.choice(said)
            form = chance.choice(WORDINGS[page.split].polite) if phrase.split()[0] in _VERBS else "{p}"
            yield "paraphrase", form.format(p=phrase), target
        if not unique and target.info["s"] and not target.info["row"] and not target.info["wordless"]:
            yield from _in_section(page, target, chance)
    yield from _in_rows(page, chance)
    yield from _neighbours(page, alone, chance)


def _by_name(
    page: DrawnPage, target: DrawnTarget, alone: bool, chance: random.Random
) -> Iterator[tuple[str, str, DrawnTarget]]:
    words, info = WORDINGS[page.split], target.info
    kind = chance.choice(words.label if alone else [form for form in words.label if "{r}" in form])
    if chance.random() < 0.4:
        yield "label", kind.format(n=info["n"], r=info["r"]), target
    if info["s"] and alone and chance.random() < 0.5:
        phrase = next((p for p in target.said("p") if p.split()[0] in _VERBS), "")
        form = chance.choice(words.purpose if phrase and chance.random() < 0.5 else words.nested)
        place = _place(info["s"], chance)
        yield "nested", form.format(n=info["n"], r=info["r"], s=place, title=page.title, p=phrase), target


def _by_icon(
    page: DrawnPage, target: DrawnTarget, alone: bool, chance: random.Random
) -> Iterator[tuple[str, str, DrawnTarget]]:
    form = chance.choice(WORDINGS[page.split].look if alone else ("{f}",))
    if chance.random() < 0.5:
        form = "{f}"
    wording = "icon function" if form == "{f}" else "icon name"
    yield wording, form.format(f=chance.choice(target.said("f")), n=target.info["n"]), target


def _in_section(page: DrawnPage, target: DrawnTarget, chance: random.Random) -> Iterator[tuple[str, str, DrawnTarget]]:
    form = chance.choice(WORDINGS[page.split].section)
    yield "relational", form.format(n=target.info["n"], r=target.info["r"], s=target.info["s"]), target


def _in_rows(page: DrawnPage, chance: random.Random) -> Iterator[tuple[str, str, DrawnTarget]]:
    words = WORDINGS[page.split]
    kinds: dict[tuple[str, str], list[DrawnTarget]] = {}
    for target in page.targets:
        for kind in ("rx", "g"):
            if target.said(kind):
                kinds.setdefault((kind, target.info[kind]), []).append(target)
    for (kind, noun), group in kinds.items():
        if kind == "rx":
            for target in chance.sample(group, min(2, len(group))):
                said = chance.choice(noun.split("|"))
                yield "relational", chance.choice(words.row).format(x=said, row=target.info["row"]), target
        for index in chance.sample(range(min(5, len(group))), 1 if kind == "rx" else min(2, len(group))):
            form = chance.choice(words.ordinal)
            said = noun.split("|")[0]
            yield "ordinal", form.format(nth=_NTH[index], number=index + 1, g=said), group[index]


def _neighbours(page: DrawnPage, alone: Counter[str], chance: random.Random) -> Iterator[tuple[str, str, DrawnTarget]]:
    """Requests for what is right of or below a named element and the only one of its role there."""
    found = []
    for anchor in page.targets:
        if anchor.info["wordless"] or alone[anchor.info["n"]] > 1 or anchor.info["row"] or not anchor.info["n"]:
            continue
        for kind, forms in (("right", WORDINGS[page.split].right), ("below", WORDINGS[page.split].below)):
            near = [t for t in page.targets if t is not anchor and _lies(kind, t.box, anchor.box)]
            near.sort(key=lambda t: t.box[0] if kind == "right" else t.box[1])
            if near and near[0].info.get("r") in ("button", "dropdown", "field", "link", "checkbox", "icon", "tab"):
                form = chance.choice(forms)
                said = form.format(r=near[0].info["r"], m=anchor.info["n"])
                found.append(("relational", said, near[0]))
    yield from chance.sample(found, min(4, len(found)))


def _lies(kind: str, box: tuple[int, int, int, int], anchor: tuple[int, int, int, int]) -> bool:
    if kind == "right":
        return 0 <= box[0] - anchor[2] < 260 and min(box[3], anchor[3]) - max(box[1], anchor[1]) > 0.6 * (
            box[3] - box[1]
        )
    return 0 <= box[1] - anchor[3] < 90 and abs(box[0] - anchor[0]) < 30


def absent(page: DrawnPage, rows: list[dict[str, Any]], chance: random.Random, count: int) -> Iterator[dict[str, Any]]:
    """Requests of other pages of the split for what this page lacks."""
    here = {w for t in page.targets for w in re.findall(r"\w+", f"{t.info['n']} {t.info.get('rx', '')}".lower())}
    plain = [
        r for r in rows if r["app"] != page.app and r["wording"] in ("label", "paraphrase", "icon function", "nested")
    ]
    fitting = [r for r in plain if not here & set(re.findall(r"\w{3,}", r["name"].lower()))]
    for row in chance.sample(fitting, min(count, len(fitting))):
        yield {**row, "image": page.image, "app": page.app, "bbox": None, "wording": "absent"}


def samples(pages: list[DrawnPage], chance: random.Random) -> list[dict[str, Any]]:
    """The lines of a split's file."""
    out = []
    for page in pages:
        for wording, instruction, target in requests(page, chance):
            kind = "icon" if target.info["wordless"] else "text"
            row = {"image": page.image, "instruction": instruction, "bbox": target.box, "data_type": kind}
            out.append({**row, "wording": wording, "app": page.app, "name": target.info["n"]})
    return out + [row for page in pages for row in absent(page, out, chance, 4)]


def main(argv: list[str] | None = None) -> int:
    """Run from the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.locate_screens")
    parser.add_argument("out", type=Path)
    parser.add_argument("--npm", type=Path, required=True, help="folder node_modules with the packages named above")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(argv)
    for split, themes in THEMES.items():
        (options.out / split).mkdir(parents=True, exist_ok=True)
        chance = random.Random(f"{options.seed} {split}")
        files = sorted((PAGES / split).glob("*.html"))
        drawn = [(file, theme) for file in files for theme in chance.sample(themes, 2)]
        with ThreadPoolExecutor(2) as browsers:
            pages = list(browsers.map(lambda one: draw(one[0], one[1], options.npm, options.out), drawn))
        rows = samples(pages, chance)
        lines = [json.dumps(row, ensure_ascii=False) for row in rows]
        (options.out / f"{split}.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
        print(f"{split}: {len(pages)} screens, {len(rows)} requests", file=sys.stderr)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
