"""A Tk form for tests: python secret_form.py OUT; Enter writes what was typed to OUT and shows the code again."""

import json
import sys
import tkinter as tk

root = tk.Tk()
root.title("Sign in")
root.geometry("640x420+80+60")
fields = {}
for name, show in (("User", ""), ("Code", ""), ("Password", "•")):
    row = tk.Frame(root)
    row.pack(anchor="w", padx=20, pady=12)
    tk.Label(row, text=name, width=10, anchor="w", font=("DejaVu Sans", 16)).pack(side="left")
    fields[name] = tk.Entry(row, show=show, width=24, font=("DejaVu Sans", 16), bg="white")
    fields[name].pack(side="left")
said = tk.Label(root, font=("DejaVu Sans", 16))
said.pack(anchor="w", padx=20, pady=12)


def send(_: object) -> None:
    with open(sys.argv[1], "w", encoding="utf-8") as file:
        json.dump({name: field.get() for name, field in fields.items()}, file)
    said.config(text="Welcome, your code was " + fields["Code"].get())
    root.title("Signed in with " + fields["Code"].get())
    root.geometry("+160+200")


root.bind("<Return>", send)
fields["User"].focus_force()
root.mainloop()
