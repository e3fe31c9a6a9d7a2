from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Picture
from PIL import ImageDraw, ImageFont

from actions.frame import Box
from agent.perception import ocr, perceive
from agent.perception.elements import Element, PerceivedScreen, Role, TextLine
from agent.perception.perceive import Perceiver
from agent.perception.text_recognition import read_boxes
from envs.env import Image
from tests.agent.builtin.pages import render, tk_window

FORM = """<style>body{font:16px sans-serif;margin:30px}label{display:block;margin:10px 0}</style>
<h1>Register</h1><label>Full name <input></label><label>E-mail <input placeholder="you@example.com"></label>
<label>Country <select><option>Germany</select></label><label>Birthday <input type=date></label>
<label><input type=checkbox> I agree to the terms</label><label><input type=checkbox checked> Newsletter</label>
<label><input type=radio name=r checked> Card</label><label><input type=radio name=r> Cash</label>
<label>Volume <input type=range></label><label>Comment<br><textarea rows=4 cols=40></textarea></label>
<button>Submit</button> <button>Reset</button> <a href=#>Privacy policy</a>"""

TIGHT = """<style>body{font:16px sans-serif;margin:8px}</style>
<p>First: <input value="A"> Second: <input value="0" style="width:60px"> Third: <input style="outline:auto 1px"></p>
<p><label>Fourth <input value="7" style="border:2px solid #1a73e8"></label></p>
<p>Size:<input type=radio name=s checked>Small <input type=radio name=s>Medium<input type=radio name=s>Large</p>
<p><input type=checkbox checked>Gift wrap<input type=checkbox>Express<input type=checkbox>Newsletter</p>
<p>Total O is 5, Vitamin O 20, plan A or O and Oslo O.</p>"""
"""Text and widgets with no more room between them than a browser leaves by itself."""

SETTINGS = """
import tkinter as tk
from tkinter import ttk
root = tk.Tk(); root.geometry('+200+60')
bar = tk.Menu(root)
for name in ('File', 'Edit', 'View', 'Help'):
    bar.add_cascade(label=name, menu=tk.Menu(bar))
root.config(menu=bar)
body = tk.Frame(root, padx=20, pady=20); body.pack()
for row, name in enumerate(('Name', 'Phone')):
    tk.Label(body, text=name).grid(row=row, column=0, sticky='w', pady=5)
    tk.Entry(body, width=30).grid(row=row, column=1, pady=5)
on, off = tk.IntVar(value=1), tk.IntVar(value=0)
tk.Checkbutton(body, text='Send me news', variable=on).grid(row=2, column=1, sticky='w')
tk.Checkbutton(body, text='Remember me', variable=off).grid(row=3, column=1, sticky='w')
tk.Label(body, text='Colour').grid(row=4, column=0, sticky='w')
box = ttk.Combobox(body); box.set('Red'); box.grid(row=4, column=1, sticky='w')
for row, keys in enumerate(('789*', '456-', '123=', '0.+(')):
    line = tk.Frame(body); line.grid(row=5 + row, column=1)
    for key in keys:
        tk.Button(line, text=key, width=4).pack(side='left', padx=3, pady=3)
tk.Button(body, text='OK').grid(row=10, column=0); tk.Button(body, text='Cancel').grid(row=10, column=1)
root.mainloop()
"""


def of(screen: PerceivedScreen, role: Role) -> list[Element]:
    return [element for element in screen.elements if element.role == role]


@pytest.fixture(scope="module")
def form(tmp_path_factory: pytest.TempPathFactory) -> Image:
    return render(FORM, tmp_path_factory.mktemp("form"))


@pytest.fixture(scope="module")
def form_screen(form: Image) -> PerceivedScreen:
    return Perceiver().perceive(form)


@pytest.fixture(scope="module", params=["", "color-scheme:dark", "font-family:serif;font-size:19px"])
def tight(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> PerceivedScreen:
    html = f"{TIGHT}<style>:root, body{{{request.param}}}</style>"
    return Perceiver().perceive(render(html, tmp_path_factory.mktemp("tight")))


def test_a_field_close_to_its_label_is_no_part_of_the_label(tight: PerceivedScreen) -> None:
    shown = [(field.label, field.text) for field in of(tight, "field")]
    assert shown == [("First", "A"), ("Second", "0"), ("Third", ""), ("Fourth", "7")]


def test_options_close_to_one_another_are_told_apart_and_a_round_letter_is_none(tight: PerceivedScreen) -> None:
    assert [(e.label, e.checked) for e in of(tight, "radio")] == [("Small", True), ("Medium", False), ("Large", False)]
    boxes = [(e.label, e.checked) for e in of(tight, "checkbox")]
    assert boxes == [("Gift wrap", True), ("Express", False), ("Newsletter", False)]


def test_fields_of_a_web_form_are_found_with_their_labels(form_screen: PerceivedScreen) -> None:
    assert [field.label for field in of(form_screen, "field")] == ["Full name", "E-mail", "Birthday", "Comment"]
    assert of(form_screen, "field")[1].text == "you@example.com"


def test_check_boxes_and_radio_buttons_have_labels_and_states(form_screen: PerceivedScreen) -> None:
    assert {box.label: box.checked for box in of(form_screen, "checkbox")} == {
        "I agree to the terms": False,
        "Newsletter": True,
    }
    assert {box.label: box.checked for box in of(form_screen, "radio")} == {"Card": True, "Cash": False}


def test_buttons_sliders_drop_downs_and_links(form_screen: PerceivedScreen) -> None:
    assert [button.text for button in of(form_screen, "button")] == ["Submit", "Reset"]
    assert [slider.label for slider in of(form_screen, "slider")] == ["Volume"]
    assert [(select.text, select.label) for select in of(form_screen, "select")] == [("Germany", "Country")]
    assert [link.text.replace("_", " ") for link in of(form_screen, "link")] == ["Privacy policy"]


@pytest.mark.parametrize("scale", [1.5, 2.0])
def test_the_same_form_at_higher_scales(scale: float, tmp_path: Path) -> None:
    screen = Perceiver().perceive(render(FORM, tmp_path, scale=scale))
    assert {"Full name", "E-mail", "Comment"} <= {field.label for field in of(screen, "field")}
    assert {box.label: box.checked for box in of(screen, "checkbox")} == {
        "I agree to the terms": False,
        "Newsletter": True,
    }
    assert {"Submit", "Reset"} <= {button.text for button in of(screen, "button")}


@pytest.mark.desktop
def test_a_tk_window() -> None:
    screen = Perceiver().perceive(tk_window(SETTINGS))
    assert [menu.text for menu in of(screen, "menu")] == ["File", "Edit", "View", "Help"]
    assert [field.label for field in of(screen, "field")] == ["Name", "Phone"]
    assert {box.label: box.checked for box in of(screen, "checkbox")} == {"Send me news": True, "Remember me": False}
    assert [(select.text, select.label) for select in of(screen, "select")] == [("Red", "Colour")]
    keys = "".join(button.text for button in of(screen, "button") if len(button.text) == 1)
    assert len(set(keys) & set("789*456-123=0.+(")) >= 15, keys
    assert {"OK", "Cancel"} <= {button.text for button in of(screen, "button")}


def test_an_open_menu_gives_its_entries(tmp_path: Path) -> None:
    rows = "".join(f"<div style='padding:5px 20px'>{name}</div>" for name in ("New", "Open Recent", "Save As…", "Quit"))
    screen = Perceiver().perceive(
        render(f"<div style='width:220px;border:1px solid #999;font:15px sans-serif'>{rows}</div>", tmp_path)
    )
    assert [item.text for item in of(screen, "menuitem")] == ["New", "Open Recent", "Save As...", "Quit"]


def test_an_unchanged_image_is_not_read_again(form: Image, monkeypatch: pytest.MonkeyPatch) -> None:
    perceiver = Perceiver()
    first = perceiver.perceive(form)
    monkeypatch.setattr(ocr.TextReader, "read", lambda *_: pytest.fail("the image was read again"))
    assert perceiver.perceive(form.copy()) is first


def test_after_a_small_change_only_what_changed_is_read(form: Image, monkeypatch: pytest.MonkeyPatch) -> None:
    perceiver = Perceiver()
    before = perceiver.perceive(form)
    read: list[int] = []

    def counted(image: Image, boxes: Sequence[Box]) -> list[TextLine]:
        read.append(len(boxes))
        return read_boxes(image, boxes)

    for module in (ocr, perceive):
        monkeypatch.setattr(module, "read_boxes", counted)
    after_image = form.copy()
    box = next(button.box for button in of(before, "button") if button.text == "Reset")
    after_image[int(box.y1) - 3 : int(box.y2) + 4, int(box.x1) - 3 : int(box.x2) + 4] = 255
    after = perceiver.perceive(after_image)
    assert sum(read) <= 3
    assert [button.text for button in of(after, "button")] == ["Submit"]
    assert [field.label for field in of(after, "field")] == [field.label for field in of(before, "field")]


def test_a_look_after_typing_sees_what_a_first_look_sees(form: Image) -> None:
    perceiver = Perceiver()
    field = of(perceiver.perceive(form), "field")[0].box
    face = ImageFont.load_default(15)
    for length in range(1, 14, 3):
        picture = Picture.fromarray(form)
        ImageDraw.Draw(picture).text((field.x1 + 3, field.y1 + 2), "Grace Hopper!"[:length], fill="black", font=face)
        shown = np.asarray(picture)
        assert perceiver.perceive(shown) == Perceiver().perceive(shown)


def test_an_empty_screen_has_nothing_on_it() -> None:
    assert Perceiver().perceive(np.full((600, 800, 3), 90, np.uint8)).elements == ()


@pytest.mark.parametrize("shape", [(10, 10), (10, 10, 4)])
def test_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="height x width x 3"):
        Perceiver().perceive(np.zeros(shape, np.uint8))


@pytest.mark.parametrize(
    ("html", "links", "texts"),
    [
        ("<h1>Reports</h1><p><a href=#>May 2031</a><p><a href=#>June 2032</a>", ["May 2031", "June 2032"], ["Reports"]),
        ("<p><a href=#>May 2031</a><p><a href=#>June 2032</a>", ["May 2031", "June 2032"], []),
        ("<h1>Ida Berg</h1><p>Room 17<p>Phone 040-3312", [], ["Ida Berg", "Room 17", "Phone 040-3312"]),
    ],
)
def test_a_page_of_texts_and_links_is_no_text_area(
    html: str, links: list[str], texts: list[str], tmp_path: Path
) -> None:
    style = "font:16px sans-serif;margin:80px 4px;border:1px solid #d3e3fd;height:500px;padding:24px"
    screen = Perceiver().perceive(render(f"<body style='{style}'>{html}", tmp_path))
    assert [e.text for e in of(screen, "link")] == links
    assert [e.text for e in of(screen, "text")] == texts
    assert of(screen, "field") == []


def test_an_empty_drop_down_is_known_by_its_arrow(tmp_path: Path) -> None:
    html = "<p>City <select><option><option>Oslo</select>"
    html += "<p>Town <select style='font-size:16px'><option><option>Bergen</select>"
    shown = of(Perceiver().perceive(render(f"<body style='font:16px sans-serif'>{html}", tmp_path)), "select")
    assert [(e.label, e.text) for e in shown] == [("City", ""), ("Town", "")]


def test_a_letter_whose_tail_touches_the_frame_is_read(tmp_path: Path) -> None:
    html = "<p>City <select autofocus style='font:16px sans-serif;outline:auto 1px'><option>Quito</select>"
    screen = Perceiver().perceive(render(f"<body style='font:16px sans-serif'>{html}", tmp_path))
    assert "Quito" in {e.text for e in screen.elements}


SWITCHES = """<style>body{font:14px sans-serif;margin:20px} .s{display:inline-block;width:WIDEpx;height:HIGHpx;
border-radius:HIGHpx;background:#0d6efd;position:relative;vertical-align:middle} .s:after{content:'';position:absolute;
right:2px;top:2px;bottom:2px;aspect-ratio:1;border-radius:50%;background:#fff} .f{background:#9aa0a6}
.f:after{left:2px;right:auto} i{border-radius:10px;padding:2px 8px;background:#0d6efd;color:#fff}</style>
<p><span class=s></span> &nbsp;Dark mode</p><p><span class='s f'></span> &nbsp;Notifications</p>
<p>Wi-Fi <span class=s></span></p><p>Messages <i>3</i> <i>new</i> <button>Open</button></p>"""


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize(("wide", "high"), [(32, 18), (36, 20), (40, 22), (52, 28)])
def test_a_pill_with_a_disc_at_one_end_is_a_switch(wide: int, high: int, dark: bool, tmp_path: Path) -> None:
    html = SWITCHES.replace("WIDE", str(wide)).replace("HIGH", str(high))
    html += "<style>body{background:#202124;color:#eee}</style>" * dark
    found = of(Perceiver().perceive(render(html, tmp_path, 400, 300)), "switch")
    assert [(e.label, e.checked) for e in found] == [("Dark mode", True), ("Notifications", False), ("Wi-Fi", True)]
    assert all(abs(e.box.width - wide) <= 2 and abs(e.box.height - high) <= 2 for e in found)
