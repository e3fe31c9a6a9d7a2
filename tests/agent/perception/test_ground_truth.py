"""Widgets whose places the programs themselves tell: how many are found where they are, in what role and state."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

import pytest

from actions.frame import Box, Point
from agent.perception.elements import PerceivedScreen, Role
from agent.perception.meaning.locate import locate
from agent.perception.perceive import Perceiver
from tests.agent.builtin.pages import render, tk_window


class Told(NamedTuple):
    """What a program says of one of its widgets."""

    box: Box
    role: Role
    name: str
    checked: bool | None = None


TK = """
import json, tkinter as tk
from tkinter import ttk
root = tk.Tk(); root.title('Preferences'); root.geometry('+150+90')
told, kept = [], []
def put(widget, role, name, row, column, checked=None):
    widget.grid(row=row, column=column, sticky='w', padx=6, pady=5)
    told.append((widget, role, name, checked))
    return widget
def label(text, row):
    tk.Label(root, text=text).grid(row=row, column=0, sticky='w', padx=6)
def held(value):
    kept.append(value)
    return value
for row, name in enumerate(('User name', 'City')):
    label(name + ':', row)
    put(tk.Entry(root, width=30), 'field', name, row, 1)
told[1][0].insert(0, 'Vienna')
for column, (name, on) in enumerate((('Enable sounds', 0), ('Start at login', 1))):
    put(tk.Checkbutton(root, text=name, variable=held(tk.IntVar(value=on))), 'checkbox', name, 2, column, bool(on))
theme = held(tk.StringVar(value='light'))
for column, name in enumerate(('Light theme', 'Dark theme')):
    value = name.split()[0].lower()
    put(tk.Radiobutton(root, text=name, variable=theme, value=value), 'radio', name, 3, column, value == 'light')
label('Brightness', 4)
put(tk.Scale(root, from_=0, to=100, orient='horizontal', length=300), 'slider', 'Brightness', 4, 1).set(10)
label('Language', 5)
put(ttk.Combobox(root, name='language'), 'select', 'Language', 5, 1).set('German')
label('Copies', 6)
put(tk.Spinbox(root, from_=1, to=9), 'field', 'Copies', 6, 1)
size = held(tk.StringVar(value='Small'))
for column, name in enumerate(('Small', 'Large')):
    radio = ttk.Radiobutton(root, text=name, variable=size, value=name, name=name.lower())
    put(radio, 'radio', name, 7, column, name == 'Small')
book = ttk.Notebook(root); book.grid(row=8, column=0, columnspan=2)
for name in ('General', 'Network', 'About'):
    book.add(tk.Frame(book, width=380, height=60), text=name)
for column, name in enumerate(('Apply', 'Cancel')):
    put(tk.Button(root, text=name), 'button', name, 9, column)
root.update(); root.update()
print(json.dumps([((w.winfo_rootx(), w.winfo_rooty(), w.winfo_rootx() + w.winfo_width(),
                    w.winfo_rooty() + w.winfo_height()), *rest) for w, *rest in told]), flush=True)
root.mainloop()
"""

PAGE = """<title>Order</title><style>body{font:15px Arial,sans-serif;background:#f4f6f8;padding:30px}
form{background:#fff;padding:24px;border-radius:8px;width:520px}.f{margin:12px 0}
.b{display:block;color:#555;margin-bottom:4px}
.w{width:100%;padding:8px;border:1px solid #bbb;border-radius:4px;box-sizing:border-box}
button{background:#1a73e8;color:#fff;border:0;border-radius:4px;padding:10px 18px}</style><form>
<div class=f><span class=b>Full name</span><input class=w></div>
<div class=f><span class=b>Size</span><select class=w><option>Small</select></div>
<div class=f><span class=b>Delivery date</span><input class=w type=date></div>
<div class=f>Shipping: <input type=radio name=s checked> Standard <input type=radio name=s> Express</div>
<div class=f><input type=checkbox> I agree to the terms</div>
<div class=f><input type=checkbox checked> Send me news</div>
<div class=f>Volume <input type=range></div>
<div class=f><span class=b>Comments</span><textarea class=w rows=3></textarea></div>
<button>Place order</button> <button style='background:#ccc;color:#222'>Reset</button></form>"""

WEB: tuple[tuple[Role, str, bool | None], ...] = (
    ("field", "Full name", None),
    ("select", "Size", None),
    ("field", "Delivery date", None),
    ("radio", "Standard", True),
    ("radio", "Express", False),
    ("checkbox", "I agree to the terms", False),
    ("checkbox", "Send me news", True),
    ("slider", "Volume", None),
    ("field", "Comments", None),
    ("button", "Place order", None),
    ("button", "Reset", None),
)


def seen(screen: PerceivedScreen, role: Role, name: str) -> list[tuple[Point, bool | None]]:
    return [(e.box.center, e.checked) for e in screen.elements if e.role == role and name in (e.label, e.text)]


@pytest.mark.desktop
def test_the_widgets_of_a_tk_window_are_found_where_tk_has_them(capfd: pytest.CaptureFixture[str]) -> None:
    screen = Perceiver().perceive(tk_window(TK, "1280x800"))
    told = [Told(Box(*map(float, box)), *rest) for box, *rest in json.loads(capfd.readouterr().out)]
    assert len(told) == 13
    missed = [
        widget
        for widget in told
        if not any(
            widget.box.grown(2).holds(at) and checked == widget.checked
            for at, checked in seen(screen, widget.role, widget.name)
        )
    ]
    assert not missed
    toggles = [e for e in screen.elements if e.role in ("checkbox", "radio", "switch")]
    assert len(toggles) == sum(widget.role in ("checkbox", "radio") for widget in told)
    assert {"General", "Network", "About"} == {e.text for e in screen.elements if e.role == "tab"}
    assert not locate(screen, "the Network tab").refused


@pytest.mark.parametrize("scale", [1.0, 1.5])
def test_the_widgets_of_a_web_form(scale: float, tmp_path: Path) -> None:
    screen = Perceiver().perceive(render(PAGE, tmp_path, 900, 800, scale))
    missed = [row for row in WEB if row[2] not in [checked for _, checked in seen(screen, row[0], row[1])]]
    assert not missed
    roles = ("field", "select", "radio", "checkbox", "slider", "button")
    assert sum(e.role in roles for e in screen.elements) == len(WEB)
    assert "Small" in [e.text for e in screen.elements if e.role == "select"]
