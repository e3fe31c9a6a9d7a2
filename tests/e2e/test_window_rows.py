"""Two windows that overlap on a real display: the words of one stand in no row of the other."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.perception.listing.lister import ElementLister
from agent.perception.listing.rows import Row
from agent.perception.perceive import Perceiver
from envs.sandbox import SandboxEnv
from tests.waiting import until

PROGRAM = """
import tkinter as tk
font = ("DejaVu Sans", 14)
root = tk.Tk(className="ledger")
root.title("Ledger")
root.geometry("900x560+40+60")
text = tk.Text(root, font=font)
text.pack(fill="both", expand=True)
for n in range(24):
    text.insert("end", f"secret{n:02d} salary{n:02d} " * 4 + "\\n")
front = tk.Toplevel(root, class_="Order")
front.title("Order")
front.geometry("360x300+330+170")
front.transient(root)  # a window manager keeps it in front
for n, name in enumerate(("Amount", "", "Street", "")):
    tk.Label(front, text=name, font=font).grid(row=n, column=0)
    tk.Entry(front, font=font).grid(row=n, column=1, pady=6)
tk.Checkbutton(front, font=font).grid(row=4, column=0, sticky="w")
tk.Button(front, text="Pay now", font=font).grid(row=5, column=1)
root.mainloop()
"""
BEHIND = ("secret", "salary", "ledger")
IN_FRONT = ("order", "amount", "street", "pay")


@pytest.mark.slow
def test_the_words_of_a_window_stand_in_no_row_of_another(tmp_path: Path) -> None:
    (tmp_path / "windows.py").write_text(PROGRAM)
    lister, rows = ElementLister(perceive=Perceiver().perceive), list[Row]()
    command = [f"/usr/bin/python3 {tmp_path / 'windows.py'}"]
    with SandboxEnv(command, share=[f"{tmp_path}:ro"]) as env:

        def both_are_read() -> bool:
            seen = env.observe()
            rows[:] = lister.listed(seen, phone=False).rows
            words = {row.name for row in rows}
            return len(seen.windows) == 2 and {"Pay now", "Ledger", "Order"} <= words

        until(both_are_read, say=lambda: [row.words for row in rows])
    for part, others in ((1, BEHIND), (2, IN_FRONT)):
        words = " ".join(row.words.lower() for row in rows if row.part.startswith(f"window {part} "))
        assert (BEHIND if part == 2 else IN_FRONT)[0] in words
        assert not [word for word in others if word in words], words
