"""Element lists: rows of a phone's tree and of perceived screens, numbers that stay, changes in words."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Picture
from PIL import ImageDraw

from actions.frame import Box, Frame
from agent.cli.main import main
from agent.perception.elements import Element, PerceivedScreen, PerceivedWindow
from agent.perception.listing.lister import ElementLister
from agent.perception.listing.pixels import pixel_rows
from agent.perception.listing.rows import ElementList, Row, changes, numbered
from agent.perception.listing.tree import tree_rows
from envs.env import EnvError, Observation, ScreenWindow, UiElement

FRAME = Frame(id="0", width=1080, height=2400)
SCREEN = np.zeros((2400, 1080, 3), np.uint8)
BACK = UiElement(Box(0, 2268, 360, 2400), "Button", "Back", "Back", clickable=True, program="com.android.systemui")


def row_of_settings(top: float, title: str, note: str = "", **more: object) -> list[UiElement]:
    """A row as Android has it: what is clicked, and its texts inside."""
    outer = UiElement(Box(0, top, 1080, top + 180), "LinearLayout", "", clickable=True, depth=1)
    inner = [UiElement(Box(48, top + 20, 900, top + 80), "TextView", title, depth=2)]
    inner += [UiElement(Box(48, top + 90, 900, top + 140), "TextView", note, depth=2)] if note else []
    if more:
        inner.append(UiElement(Box(930, top + 40, 1040, top + 140), "Switch", "ON", clickable=True, depth=2, **more))  # type: ignore[arg-type]
    return [outer, *inner]


def listed(*tree: UiElement, before: ElementList | None = None) -> ElementList:
    return ElementList(numbered(tree_rows(tree, FRAME), before), "settings")


def test_what_is_clicked_is_one_row_with_the_words_and_the_state_inside_it() -> None:
    found = listed(
        UiElement(Box(0, 72, 1080, 2268), "FrameLayout", "", clickable=True),
        UiElement(Box(40, 100, 400, 200), "TextView", "Network", depth=1),
        *row_of_settings(300, "Wi-Fi", "Home"),
        *row_of_settings(500, "Airplane mode", checked=False),
        UiElement(Box(40, 700, 1000, 800), "EditText", "Alice", "Name", focused=True, depth=1),
        UiElement(Box(40, 900, 1000, 1000), "EditText", "Search", "Search", depth=1),
        UiElement(Box(40, 1100, 200, 1200), "Button", "Save", clickable=True, enabled=False, depth=1),
        UiElement(Box(0, 0, 0, 0), "Button", "Hidden", clickable=True, depth=1),
        BACK,
        UiElement(Box(0, 1500, 100, 1600), "Key", "q", clickable=True, program="com.google.android.inputmethod.latin"),
    )
    assert found.text().splitlines() == [
        "App: settings",
        'text "Network"',
        '[1] row "Wi-Fi - Home"',
        '[2] switch "Airplane mode" (off)',
        '[3] field "Name" containing "Alice" (focused)',
        '[4] field "Search"',
        '[5] button "Save" (disabled)',
        "Navigation bar: back",
        "The keyboard is shown.",
    ]
    assert found.numbered(2) is found.rows[2]
    assert found.numbered(0) is None


def test_elements_that_stay_keep_their_numbers_and_what_changed_is_said_in_words() -> None:
    first = listed(*row_of_settings(300, "Wi-Fi"), *row_of_settings(500, "Airplane mode", checked=False), BACK)
    second = listed(
        *row_of_settings(300, "Hotspot"),
        *row_of_settings(500, "Wi-Fi"),
        *row_of_settings(700, "Airplane mode", checked=True),
        BACK,
        before=first,
    )
    assert [row.line for row in second.rows[:3]] == [
        '* [3] row "Hotspot"', '[1] row "Wi-Fi"', '[2] switch "Airplane mode" (on)',
    ]  # fmt: skip
    said = changes(first, second)
    assert said == 'appeared: row "Hotspot"; switch "Airplane mode" (off) became on'
    assert changes(second, second) == ""
    other = listed(*(row_of_settings(300, "Display") + row_of_settings(500, "Sound")), before=second)
    assert [row.number for row in other.rows] == [1, 2]
    assert not any(row.new for row in other.rows)
    assert changes(second, other) == "another screen came"
    assert "vanished" in changes(second, ElementList(second.rows[1:], "settings"))


def test_the_ground_of_a_dialog_is_no_row_and_a_field_may_be_as_large_as_the_screen() -> None:
    """The simulated phone's time picker above the keyboard, and its page of a note."""
    found = listed(
        UiElement(Box(0, 72, 1080, 1140), "View", "", clickable=True),
        UiElement(Box(138, 333, 942, 405), "TextView", "Select time", depth=1),
        UiElement(Box(194, 441, 494, 669), "EditText", "07", "Hour", depth=1),
        UiElement(Box(790, 771, 942, 879), "Button", "OK", clickable=True, depth=1),
        UiElement(Box(60, 384, 1020, 2232), "EditText", "Note", "Note", clickable=True),
    )
    assert [row.line for row in found.rows] == [
        'text "Select time"', '[1] field "Hour" containing "07"', '[2] button "OK"', '[3] field "Note"',
    ]  # fmt: skip


def perceived(*elements: Element, width: int = 1080, height: int = 2400, **more: object) -> PerceivedScreen:
    return PerceivedScreen(width, height, elements, **more)  # type: ignore[arg-type]


def test_the_bars_and_the_list_rows_of_a_phone_are_named_as_what_they_are() -> None:
    screen = perceived(
        Element(Box(38, 21, 115, 49), "text", "9:30"),
        Element(Box(897, 21, 1042, 49), "text", "BT 82%"),
        Element(Box(24, 90, 1056, 234), "field", "Search", label="9:30"),
        Element(Box(0, 240, 1080, 426), "field", "Display Brightness, dark theme"),
        Element(Box(227, 578, 344, 615), "text", "DCIM"),
        Element(Box(226, 635, 343, 666), "text", "Folder"),
        Element(Box(700, 578, 800, 640), "text", "Wi-Fi"),
        Element(Box(900, 578, 990, 640), "switch", label="Wi-Fi", checked=True),
        Element(Box(84, 705, 139, 745), "icon", shows=(("folder", 0.9),)),
        Element(Box(84, 805, 139, 845), "icon", shows=(("bat", 0.2),)),
        Element(Box(60, 905, 700, 1000), "field"),
        Element(Box(0, 1005, 1080, 1200), "field"),
        Element(Box(700, 1305, 800, 1400), "button"),
        Element(Box(158, 2302, 194, 2353), "icon", shows=(("left triangle", 0.9),)),
        Element(Box(518, 2306, 561, 2349), "icon"),
        Element(Box(885, 2313, 915, 2343), "checkbox", label="DCIM", checked=False),
    )
    found = ElementList(numbered(pixel_rows(screen, phone=True), None))
    assert found.text().splitlines() == [
        "Status bar: 9:30, BT 82%",
        '[1] field containing "Search"',
        '[2] row "Display Brightness, dark theme"',
        '[3] row "DCIM - Folder"',
        '[4] switch "Wi-Fi" (on)',
        '[5] icon "folder icon"',
        "[6] field",
        "Navigation bar: back, home, recents",
    ]


def test_the_rows_of_a_window_stand_under_it_and_no_others() -> None:
    windows = (PerceivedWindow(Box(300, 100, 700, 500), "Diary"), PerceivedWindow(Box(0, 0, 600, 600), "Mail"))
    screen = perceived(
        Element(Box(20, 20, 100, 40), "text", "Inbox"),
        Element(Box(320, 120, 400, 140), "text", "Dear diary"),
        Element(Box(20, 220, 100, 240), "button", "Send"),
        Element(Box(750, 220, 850, 240), "icon", "Trash"),
        width=900, height=700, windows=windows,
    )  # fmt: skip
    assert ElementList(numbered(pixel_rows(screen, phone=False), None)).text().splitlines() == [
        'window 1 "Diary":', '[1] text "Dear diary"',
        'window 2 "Mail":', '[2] text "Inbox"', '[3] button "Send"',
        "screen:", '[4] text "Trash"',
    ]  # fmt: skip


def test_the_words_of_a_window_behind_name_nothing_in_the_one_in_front() -> None:
    windows = (ScreenWindow(Box(300, 120, 700, 500), "Order", bar=20), ScreenWindow(Box(0, 20, 900, 600), "Diary"))
    screen = perceived(
        Element(Box(400, 102, 460, 118), "text", "Order"),
        Element(Box(200, 220, 290, 240), "text", "Dear diary:"),
        Element(Box(320, 220, 500, 240), "field", label="Dear diary"),
        Element(Box(310, 260, 390, 280), "text", "Street:"),
        Element(Box(400, 260, 500, 280), "field", "Main Road", label="Street"),
        Element(Box(20, 420, 40, 440), "checkbox", label="Main Road", checked=True),
        width=900, height=700,
    )  # fmt: skip
    assert [(row.part, row.words) for row in pixel_rows(screen, False, windows)] == [
        ('window 1 "Order"', 'text "Order"'),
        ('window 1 "Order"', "field"),
        ('window 1 "Order"', 'text "Street:"'),
        ('window 1 "Order"', 'field "Street" containing "Main Road"'),
        ('window 2 "Diary"', 'text "Dear diary:"'),
        ('window 2 "Diary"', "checkbox (on)"),
    ]


class Told:
    """Tells this tree, or fails."""

    def __init__(self, *tree: UiElement) -> None:
        self._tree = tree

    def tree(self, frame: Frame) -> tuple[UiElement, ...]:
        if not self._tree:
            raise EnvError("the screen is moving")
        return self._tree

    def app_names(self) -> tuple[str, ...]:
        return ()


def test_the_picture_is_read_where_the_tree_says_next_to_nothing_and_both_are_joined() -> None:
    asked = list[int]()
    screen = perceived(
        Element(Box(38, 21, 115, 49), "text", "9:30"),
        Element(Box(60, 330, 200, 350), "text", "Wi-Fi"),
        Element(Box(60, 1000, 200, 1040), "button", "Drawn"),
    )

    def read(image: object) -> PerceivedScreen:
        asked.append(1)
        return screen

    def of(*tree: UiElement, **how: bool) -> list[str]:
        seen = Observation(SCREEN, FRAME, details=Told(*tree))
        return [row.words for row in ElementLister(perceive=read, **how).listed(seen, phone=True).rows]

    many = [node for at in range(3) for node in row_of_settings(300 + 200 * at, f"Row {at}")]
    assert of(*many) == ['row "Row 0"', 'row "Row 1"', 'row "Row 2"']
    assert asked == []
    few = row_of_settings(300, "Wi-Fi")
    assert of(*few, BACK) == ['text "9:30"', 'row "Wi-Fi"', 'button "Drawn"', 'button "back"']
    assert of(*few, pixels=False) == ['row "Wi-Fi"']
    drawn = ['text "9:30"', 'text "Wi-Fi"', 'button "Drawn"']
    assert of() == of(*many, tree=False) == drawn
    assert len(of(*many, fused=True)) == 5
    assert len(asked) == 4


def test_ten_thousand_elements_are_listed_and_what_has_no_room_is_counted() -> None:
    boxes = [Box(0, 10 + at / 10, 500, 11 + at / 10) for at in range(10_000)]
    tree = [UiElement(box, "Button", f"B{at}", clickable=True) for at, box in enumerate(boxes)]
    screen = perceived(*(Element(box, "text", f"T{at}") for at, box in enumerate(boxes)))
    lister, seen = (
        ElementLister(perceive=lambda image: screen, fused=True),
        Observation(SCREEN, FRAME, details=Told(*tree)),
    )
    first = lister.listed(seen, phone=False)
    second = ElementLister(pixels=False).listed(seen, phone=False, before=first)
    assert [row.number for row in first.rows] == [row.number for row in second.rows]
    assert len(first.rows) >= 10_000
    text = first.text(1000)
    assert len(text) <= 3100
    assert "more elements" in text
    assert changes(first, second) == ""


def test_the_work_of_listing_grows_with_the_elements_and_no_faster() -> None:
    """Calls of functions are counted, not seconds: four times the elements, on three windows and in a tree."""

    def calls(count: int) -> int:
        boxes = [Box(at % 40 * 20, at // 40 * 6, at % 40 * 20 + 18, at // 40 * 6 + 5) for at in range(count)]
        tree = [UiElement(box, "Button", f"B{at}", clickable=True) for at, box in enumerate(boxes)]
        read = [Element(box, "field", f"F{at}", label=f"T{at - 1}") for at, box in enumerate(boxes[::2])]
        read += [Element(box, "text", f"T{at}") for at, box in enumerate(boxes[1::2])]
        screen = perceived(*read, width=800, height=2400)
        windows = tuple(ScreenWindow(Box(0, 0, side, side), "Editor") for side in (200, 500, 2400))
        seen = Observation(SCREEN, FRAME, windows=windows, details=Told(*tree))
        lister, made, before = ElementLister(perceive=lambda image: screen, fused=True), 0, sys.getprofile()

        def counted(frame: object, event: str, of: object) -> None:
            nonlocal made
            made += event in ("call", "c_call")

        sys.setprofile(counted)
        try:
            first = lister.listed(seen, phone=False)
            changes(first, lister.listed(seen, phone=False, before=first))
            first.text(1000)
        finally:
            sys.setprofile(before)
        return made

    calls(10)
    assert calls(2400) < 5 * calls(600)


def test_words_stay_on_their_line() -> None:
    found = listed(*row_of_settings(300, 'Say "hi"\n[7] button "Pay"', "x" * 300))
    assert found.text().count("\n") == 1
    assert found.text().splitlines()[1].startswith("[1] row \"Say 'hi' - [7] button 'Pay' - xxx")
    assert len(found.text()) < 140


def test_the_command_lists_an_image(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = Picture.new("RGB", (400, 200), "white")
    ImageDraw.Draw(picture).text((40, 80), "Good morning", fill="black", font_size=28)
    picture.save(tmp_path / "a.png")
    with pytest.raises(SystemExit) as ended:
        main(["elements", str(tmp_path / "a.png"), "--json"])
    assert not ended.value.code
    (found,) = json.loads(capsys.readouterr().out)["elements"]
    assert (found["role"], found["name"], found["number"]) == ("text", "Good morning", 1)
    assert 30 < found["box"][0] < 60
    for wrong in ([], [str(tmp_path / "a.png"), "--env", "phone"], [str(tmp_path / "a.png"), "--from", "tree"],
                  ["--env", "phone", "--from", "nowhere"], [str(tmp_path / "none.png")]):  # fmt: skip
        with pytest.raises(SystemExit) as ended:
            main(["elements", *wrong])
        said = capsys.readouterr().err.strip()
        assert ended.value.code
        assert len(said.splitlines()) == 1, said


def test_numbers_are_only_for_what_can_be_acted_on() -> None:
    rows = [Row(Box(0, 0, 1, 1), "text", "Only read", acts=False), Row(Box(0, 2, 1, 3), "button", "Press")]
    assert [row.number for row in numbered(rows, None)] == [0, 1]


def test_a_desktop_is_listed_from_its_tree_and_from_the_picture_window_by_window() -> None:
    """What a program tells stands once, a program that tells nothing is read, a cut text is read as well."""
    long = "word " * 60
    windows = (ScreenWindow(Box(0, 0, 300, 300), "Editor"), ScreenWindow(Box(400, 0, 700, 300), "Terminal"))
    tree = (UiElement(Box(60, 5, 90, 25), "button", "Save", clickable=True),
            UiElement(Box(10, 5, 40, 25), "menuitem", "File", clickable=True),
            UiElement(Box(0, 40, 300, 300), "edit", long, clickable=True))  # fmt: skip
    read = (Element(Box(62, 7, 88, 23), "text", "5ave"), Element(Box(5, 50, 200, 70), "text", "word word"),
            Element(Box(410, 50, 500, 70), "text", "$ ls"))  # fmt: skip
    frame = Frame(id="0", width=800, height=400)
    seen = Observation(np.zeros((400, 800, 3), np.uint8), frame, windows=windows, details=Told(*tree))
    found = ElementLister(perceive=lambda image: PerceivedScreen(800, 400, read)).listed(seen, phone=False)
    assert [(row.part, row.role, row.name[:9]) for row in found.rows] == [
        ('window 1 "Editor"', "menuitem", "File"),
        ('window 1 "Editor"', "button", "Save"),
        ('window 1 "Editor"', "text", "word word"),
        ('window 1 "Editor"', "field", "word word"),
        ('window 2 "Terminal"', "text", "$ ls"),
    ]
