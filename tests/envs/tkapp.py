"""A Tk window for tests: python tkapp.py LOG FEATURE…; it notes what it did in LOG with the time (CLOCK_MONOTONIC).

Features: animate (a click on the grey square moves a block for 300 ms), clock (a label ticks every 200 ms), entry (a
text field with a fast blinking caret), never (a block moves for ever), black (the window covers all, in black),
dialog (a second window 400 ms after a click), fields (two text fields, the first with the focus), late (the clicked
square is drawn pressed for a moment, and the block moves 300 ms after the click), blink (a bar blinks for ever, six
times a second).
"""

import sys
import time
import tkinter as tk

log = open(sys.argv[1], "a", buffering=1)  # noqa: SIM115
features = sys.argv[2:]
root = tk.Tk()
root.title("tkapp")
root.geometry("600x400+100+100")
canvas = tk.Canvas(root, width=600, height=250, bg="white", highlightthickness=0)
canvas.pack()
square = canvas.create_rectangle(20, 20, 120, 120, fill="grey")
block = canvas.create_rectangle(300, 100, 360, 160, fill="red")


def note(word: str) -> None:
    root.update_idletasks()
    log.write(f"{time.perf_counter()} {word}\n")


def animate(left: int) -> None:
    canvas.move(block, 5 if left % 2 else -5, 8 if left % 4 < 2 else -8)
    note("moved")
    if left > 1:
        root.after(30, animate, left - 1)


def clicked(_: object) -> None:
    note("clicked")
    if "animate" in features:
        animate(10)
    if "late" in features:
        canvas.itemconfig(square, fill="black")
        root.after(50, lambda: canvas.itemconfig(square, fill="grey"))
        root.after(300, animate, 1)
    if "dialog" in features:
        root.after(400, lambda: tk.Toplevel(root).title("second"))


def tick(count: int) -> None:
    clock.config(text=f"12:00:{count:02d}")
    note("ticked")
    root.after(200, tick, count + 1)


def wander(count: int) -> None:
    canvas.move(block, 7 if count % 20 < 10 else -7, 0)
    note("wandered")
    root.after(40, wander, count + 1)


def blink(count: int) -> None:
    canvas.itemconfig(bar, fill="white" if count % 2 else "blue")
    note("blinked")
    root.after(150, blink, count + 1)


canvas.tag_bind(square, "<Button-1>", clicked)
if "entry" in features:
    entry = tk.Entry(root, insertontime=150, insertofftime=150, font=("DejaVu Sans", 16))
    entry.pack()
    entry.focus_force()
if "fields" in features:
    fields = [tk.Entry(root, font=("DejaVu Sans", 16), width=20) for _ in range(2)]
    for field in fields:
        field.pack()
        field.bind("<KeyRelease>", lambda _: note("|".join(field.get() for field in fields)))
    fields[0].focus_force()
if "clock" in features:
    clock = tk.Label(root, font=("DejaVu Sans", 16))
    clock.pack(side="bottom")
    tick(0)
if "never" in features:
    wander(0)
if "blink" in features:
    bar = canvas.create_rectangle(400, 200, 500, 230, outline="")
    blink(0)
if "black" in features:
    root.overrideredirect(True)
    root.config(bg="black")
    canvas.pack_forget()
    root.geometry(f"{root.winfo_screenwidth()}x{root.winfo_screenheight()}+0+0")
root.after(0, note, "shown")
root.mainloop()
