"""Menu bars and the entries of open menus, detected by their text and shape."""

from __future__ import annotations

import numpy as np

from actions.frame import Box
from agent.perception.elements import TextLine
from agent.perception.layout import ScreenLayout, inside, rows_of

MENU_WORDS = frozenset([
    "file", "edit", "view", "help", "tools", "window", "search", "document", "format", "insert", "options",
    "settings", "go", "bookmarks", "history", "terminal", "tabs", "image", "layer", "select", "colors",
    "filters", "windows", "project", "run", "data", "table", "game", "calculator", "player", "media",
    "playback", "audio", "video", "datei", "bearbeiten", "ansicht", "hilfe", "fenster", "suchen", "extras",
    "fichier", "édition", "affichage", "aide", "outils", "archivo", "editar", "ver", "ayuda", "arquivo",
    "exibir", "ajuda", "modifica", "visualizza", "文件", "编辑", "查看", "帮助", "工具", "窗口", "视图",
    "ファイル", "編集", "表示", "ヘルプ", "файл", "правка", "вид", "справка",
])  # fmt: skip
"""Names of the entries of menu bars, lower case."""


def find_menus(layout: ScreenLayout) -> None:
    """Menu bars (a row of short words, two of them menu words) and the entries of open menus."""
    for row in rows_of(layout.lines):
        known = [line for line in row if line.text.strip("_").lower() in MENU_WORDS]
        if len(known) >= 2 and all(len(line.text) <= 16 for line in row):
            near = [
                line
                for line in row
                if min(abs(line.box.x1 - other.box.x2) for other in row) < 4 * layout.unit or line in known
            ]
            for line in near:
                layout.add(line.box.grown(0.4 * layout.unit), "menu", [line], score=line.score)
    for popup in _popups(layout):
        _menu_items(layout, popup)


def _popups(layout: ScreenLayout) -> list[Box]:
    """Stacks of patches that share both sides and hold left-aligned short lines."""
    unit, width = layout.unit, layout.image.shape[1]
    columns: list[Box] = []
    wide = [
        p.box
        for p in layout.patches
        if 6 * unit < p.box.width < min(45 * unit, 0.8 * width) and p.box.height > 1.6 * unit
    ]
    for box in sorted(wide, key=lambda item: item.y1):
        for index, column in enumerate(columns):
            if abs(column.x1 - box.x1) <= 3 and abs(column.x2 - box.x2) <= 3 and -2 <= box.y1 - column.y2 <= 0.5 * unit:
                columns[index] = column.union(box)
                break
        else:
            columns.append(box)
    return [column for column in columns if _menu_like(layout, column)]


def _menu_like(layout: ScreenLayout, box: Box) -> bool:
    rows = rows_of(layout.texts_in(box))
    if not 2 <= len(rows) <= 30 or box.height > (len(rows) + 2.5) * 3.2 * layout.unit:
        return False
    lefts = [row[0].box.x1 for row in rows]
    aligned = max(lefts) - min(lefts) < 1.2 * layout.unit and min(lefts) - box.x1 < 4.5 * layout.unit
    pitch = np.diff([row[0].box.center.y for row in rows])
    even = float(pitch.min()) > 1.5 * layout.unit and float(pitch.max()) < 2.2 * float(pitch.min())
    busy = any(e.role in ("field", "checkbox", "slider", "menu") and inside(e.box, box) for e in layout.elements)
    return aligned and even and not busy and all(len(row) <= 2 and len(row[0].text) < 40 for row in rows)


def _menu_items(layout: ScreenLayout, popup: Box) -> None:
    rows = rows_of(layout.texts_in(popup))
    pitch = float(min(np.diff([row[0].box.center.y for row in rows]).min(), 3 * layout.unit))
    for row in rows + _highlighted(layout, rows, pitch):
        y = row[0].box.center.y
        layout.add(Box(popup.x1, y - pitch / 2, popup.x2, y + pitch / 2), "menuitem", row[:1], score=row[0].score)


def _highlighted(layout: ScreenLayout, rows: list[list[TextLine]], pitch: float) -> list[list[TextLine]]:
    """Entries aligned with a menu's others, directly above or below them, on a background of another colour."""
    left = rows[0][0].box.x1
    ends = rows[0][0].box.center.y - pitch, rows[-1][0].box.center.y + pitch
    return [
        [line]
        for line in layout.lines
        if abs(line.box.x1 - left) < 4 and any(abs(line.box.center.y - y) < 0.35 * pitch for y in ends)
    ]
