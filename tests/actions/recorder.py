"""A Tk text window that fills the screen and writes every event and its content to two files."""

from __future__ import annotations

import os
import sys
import tkinter as tk
from pathlib import Path


def main(log: str, content: str) -> None:
    root = tk.Tk()
    root.overrideredirect(True)
    root.geometry(f"{root.winfo_screenwidth()}x{root.winfo_screenheight()}+0+0")
    text = tk.Text(root, undo=False)
    text.pack(fill="both", expand=True)

    def write(*fields: object) -> None:
        with Path(log).open("a") as out:
            out.write(" ".join(map(str, fields)) + "\n")

    def note(kind: str, *fields: str) -> None:
        text.bind(kind, lambda event: write(kind.strip("<>"), *(getattr(event, f) for f in fields)), add="+")

    for kind in ("<ButtonPress>", "<ButtonRelease>"):
        note(kind, "num", "x_root", "y_root", "state")
    note("<Motion>", "x_root", "y_root", "state")
    note("<KeyPress>", "keysym", "state")
    note("<KeyRelease>", "keysym", "state")

    def save() -> None:
        fresh = Path(content + ".new")
        fresh.write_text(text.get("1.0", "end-1c"), encoding="utf-8")
        os.replace(fresh, content)

    def changed(_: object) -> None:
        save()
        text.edit_modified(False)

    text.bind("<<Modified>>", changed)
    text.focus_force()
    text.bind("<FocusIn>", lambda _: write("ready"), add="+")
    root.mainloop()


main(*sys.argv[1:])
