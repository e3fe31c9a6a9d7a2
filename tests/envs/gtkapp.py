"""A GTK 3 window for tests, which answers pings: python gtkapp.py LOG FEATURE…; it notes in LOG what it did.

One button over a label that counts: 300 ms after a click (late), after 700 ms of work (slow), at once (soon).
"""

import ctypes
import sys
import time

log = open(sys.argv[1], "a", buffering=1)  # noqa: SIM115
feature = sys.argv[2]
gtk = ctypes.CDLL("libgtk-3.so.0")
glib = ctypes.CDLL("libgobject-2.0.so.0")
handle = ctypes.c_void_p
for name in ("window_new", "button_new_with_label", "label_new", "box_new"):
    getattr(gtk, f"gtk_{name}").restype = handle
CLICKED = ctypes.CFUNCTYPE(None, handle, handle)
TIMEOUT = ctypes.CFUNCTYPE(ctypes.c_int, handle)
glib.g_signal_connect_data.argtypes = [handle, ctypes.c_char_p, CLICKED, handle, handle, ctypes.c_int]
count = 0


def show(_: object = None) -> int:
    global count
    count += 1
    gtk.gtk_label_set_text(label, f"{count} times".encode())
    print(time.perf_counter(), "shown", file=log)
    return 0


def clicked(*_: object) -> None:
    print(time.perf_counter(), "clicked", file=log)
    if feature == "late":
        gtk.g_timeout_add(300, later, None)
        return
    if feature == "slow":
        time.sleep(0.7)
    show()


on_click, later = CLICKED(clicked), TIMEOUT(show)
gtk.gtk_init(None, None)
window = handle(gtk.gtk_window_new(0))
gtk.gtk_window_set_default_size(window, 400, 200)
box, label = handle(gtk.gtk_box_new(1, 20)), handle(gtk.gtk_label_new(b"0 times"))
button = handle(gtk.gtk_button_new_with_label(b"count"))
gtk.gtk_box_pack_start(box, button, 1, 1, 0)
for parent, child in ((window, box), (box, label)):
    gtk.gtk_container_add(parent, child)
glib.g_signal_connect_data(button, b"clicked", on_click, None, None, 0)
gtk.gtk_widget_show_all(window)
gtk.gtk_main()
