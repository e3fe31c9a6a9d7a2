"""``am``, ``pm``, ``cmd`` and ``monkey``: apps, intents and broadcasts."""

from __future__ import annotations

import base64
import binascii
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from envs.phone.apk import LABEL
from envs.phone.apps import HOME, PhoneApp, apps
from envs.phone.commands.info import SERVICES
from envs.phone.device import PhoneDevice
from envs.phone.phone_facts import SECOND_ID
from envs.phone.sh import CommandCall, take_option

_MAIN = "android.intent.action.MAIN"
_VIEW = "android.intent.action.VIEW"
_HOME_CATEGORY = "android.intent.category.HOME"


@dataclass
class Intent:
    """The intent of an ``am`` command: `-a`, `-d`, `-t`, `-n`, `-c`, `-p` and extras."""

    action: str = ""
    data: str = ""
    kind: str = ""
    component: str = ""
    package: str = ""
    categories: list[str] = field(default_factory=list)
    extras: dict[str, Any] = field(default_factory=dict)


_EXTRAS: dict[str, Callable[[str], Any]] = {
    "--es": str,
    "-e": str,
    "--ei": int,
    "--el": int,
    "--ef": float,
    "--eu": str,
    "--esa": lambda text: text.split(","),
    "--eia": lambda text: [int(part) for part in text.split(",")],
    "--ez": lambda text: text.lower() in ("true", "1", "t"),
}
_ONE = {"-a": "action", "-d": "data", "-t": "kind", "-n": "component", "-p": "package"}
_SKIPPED = {
    "-f": 1,
    "--user": 1,
    "--display": 1,
    "-W": 0,
    "-S": 0,
    "--activity-clear-top": 0,
    "--activity-new-task": 0,
    "--grant-read-uri-permission": 0,
}


def read_intent(words: Sequence[str]) -> Intent:
    """The intent of a command's words. Raises ValueError."""
    intent, left = Intent(), list(words)
    while left:
        word = left.pop(0)
        if word in _ONE and left:
            setattr(intent, _ONE[word], left.pop(0))
        elif word == "-c" and left:
            intent.categories.append(left.pop(0))
        elif word in _EXTRAS and len(left) > 1:
            name, value = left.pop(0), left.pop(0)
            intent.extras[name] = _EXTRAS[word](value)
        elif word in _SKIPPED:
            del left[: _SKIPPED[word]]
        elif word.startswith("-"):
            raise ValueError(f"Unknown option: {word}")
        elif "/" in word and not intent.data and "://" not in word:
            intent.component = word
        else:
            intent.data = word
    return intent


def am(phone: PhoneDevice, call: CommandCall) -> int:
    """``am start|start-activity|broadcast|force-stop|kill|stack|task|get-current-user``."""
    name, words = (call.argv[1] if len(call.argv) > 1 else ""), call.argv[2:]
    if name in ("force-stop", "kill") and words:
        phone.stop(words[-1])
        return 0
    if name == "get-current-user":
        call.out("0\n")
        return 0
    if name == "kill-all":
        for package in phone.look()["tasks"][:-1]:
            phone.stop(package)
        return 0
    if name in ("stack", "task"):
        return _stack(phone, call, words)
    if name == "instrument":
        call.out(f"android.util.AndroidException: INSTRUMENTATION_FAILED: {words[-1] if words else ''}\n")
        return 1
    if name not in ("start", "start-activity", "broadcast", *_SERVICES):
        return call.fail(f"Unknown command: {name}", 255)
    try:
        intent = read_intent(words)
    except ValueError as error:
        return call.fail(f"Error: {error}", 255)
    if name == "broadcast":
        return _broadcast(phone, call, intent)
    if name in _SERVICES:
        call.out(f"Starting service: Intent {{ cmp={intent.component} }}\nError: Not found; no service started.\n")
        return 255
    return _start(phone, call, intent, words)


_SERVICES = frozenset({"startservice", "start-service", "startforegroundservice", "start-foreground-service"})
"""The commands that start a service; no app here has one."""


def _stack(phone: PhoneDevice, call: CommandCall, words: tuple[str, ...]) -> int:
    """``am stack list`` and ``am stack remove ID``; each app is one task with an id of its own."""
    tasks, front = list(phone.look()["tasks"]), str(phone.look()["package"] or HOME)
    if words[:1] == ("remove",) and len(words) == 2 and words[1].isdecimal():
        if 0 < int(words[1]) <= len(tasks):
            phone.stop(tasks[int(words[1]) - 1])
        return 0
    if words != ("list",):
        return call.fail(f"Error: unknown command '{' '.join(words)}'", 255)
    width, height = phone.screen.size
    for n, name in enumerate(tasks if front in tasks else [*tasks, front]):
        activity, bounds = _full(apps()[name]), f"[0,0][{width},{height}]"
        shown = "true" if name == front else "false"
        call.out(
            f"RootTask id={n + 1} bounds={bounds} displayId=0 userId=0\n  taskId={n + 1}: {activity} bounds={bounds} "
            f"userId=0 visible={shown} topActivity=ComponentInfo{{{activity}}}\n\n"
        )
    return 0


def _full(app: PhoneApp) -> str:
    """The component with its whole class name."""
    return f"{app.package}/{app.package if app.activity.startswith('.') else ''}{app.activity}"


def _start(phone: PhoneDevice, call: CommandCall, intent: Intent, words: Sequence[str]) -> int:
    if phone.second and ("--display", str(SECOND_ID)) in pairwise(words):
        phone = phone.second
    app, page = _resolve(intent)
    told = f"act={intent.action or _MAIN}" + (f" dat={intent.data}" if intent.data else "")
    told += f" cmp={intent.component}" if intent.component else ""
    call.out(f"Starting: Intent {{ {told} }}\n")
    if app is None:
        what = f"Activity class {{{intent.component}}} does not exist." if intent.component else "No Activity found"
        call.write_error(
            f"Error: Activity not started, unable to resolve Intent {{ {told} flg=0x10000000 }}\n".encode()
        )
        call.write_error(f"Error type 3\nError: {what}\n".encode() if intent.component else b"")
        return 1
    if "-S" in words:
        phone.stop(app.package)
    state = "HOT" if app.package in phone.look()["tasks"] else "COLD"
    began = time.monotonic()
    phone.open(app, {"action": intent.action, "data": intent.data, "page": page, "extras": intent.extras})
    if phone.look()["locked"]:
        call.out("Warning: Activity not started, its current task has been brought to the front\n")
    if "-W" in words:
        took = round(1000 * (time.monotonic() - began))
        call.out(f"Status: ok\nLaunchState: {state}\nActivity: {app.component}\n")
        call.out(f"TotalTime: {took}\nWaitTime: {took}\nComplete\n")
    return 0


def _resolve(intent: Intent) -> tuple[PhoneApp | None, str]:
    """The app that answers, and the page of it."""
    if intent.component:
        package, _, activity = intent.component.partition("/")
        app = apps().get(package)
        good = app and (not activity or activity in (app.activity, package + app.activity))
        return (app, "") if good and app else (None, "")
    if intent.action == _MAIN and _HOME_CATEGORY in intent.categories:
        return apps()[HOME], ""
    if intent.package and intent.action in ("", _MAIN):
        return apps().get(intent.package), ""
    scheme = intent.data.partition(":")[0]
    for wanted in (intent.action, f"{intent.action or _VIEW}:{scheme}"):
        for app in apps().values():
            if wanted in app.actions and (not intent.package or app.package == intent.package):
                return app, app.actions[wanted]
    return None, ""


def _broadcast(phone: PhoneDevice, call: CommandCall, intent: Intent) -> int:
    """Deliver a broadcast to the simulated input methods that take text so; there are no other receivers."""
    told = f"act={intent.action}" + (" (has extras)" if intent.extras else "")
    call.out(f"Broadcasting: Intent {{ {told} }}\n")
    current = phone.state.get("secure", "default_input_method")
    result: tuple[int, str] = (0, "")
    if current == "com.github.uiautomator/.AdbKeyboard":
        result = _uiautomator_keyboard(phone, intent)
    elif current == "com.android.adbkeyboard/.AdbIME":
        _adb_keyboard(phone, intent)
    call.out(f"Broadcast completed: result={result[0]}" + (f', data="{result[1]}"' if result[1] else "") + "\n")
    return 0


def _uiautomator_keyboard(phone: PhoneDevice, intent: Intent) -> tuple[int, str]:
    """The broadcasts of openatx's AdbKeyboard; -1 is Android's RESULT_OK."""
    text = str(intent.extras.get("text", ""))
    try:
        decoded = base64.b64decode(text, validate=True).decode("utf-8")
    except (binascii.Error, ValueError) as error:
        return 1, f"bad base64: {error}"
    if intent.action in ("ADB_KEYBOARD_INPUT_TEXT", "ADB_KEYBOARD_SET_TEXT"):
        if not phone.look()["focused"]:
            return 1, "no input connection"
        if intent.action.endswith("SET_TEXT"):
            phone.screen.ask("system.edit('clear')")
        phone.screen.type(decoded)
    elif intent.action == "ADB_KEYBOARD_CLEAR_TEXT":
        phone.screen.ask("system.edit('clear')")
    elif intent.action in ("ADB_KEYBOARD_SMART_ENTER", "ADB_KEYBOARD_EDITOR_CODE"):
        phone.screen.ask("system.enter()")
    elif intent.action == "ADB_KEYBOARD_HIDE":
        pass  # it draws nothing
    else:
        return 0, ""
    return -1, "success"


def _adb_keyboard(phone: PhoneDevice, intent: Intent) -> None:
    """The broadcasts of senzhk's ADBKeyBoard, which report no result."""
    if intent.action == "ADB_INPUT_B64":
        try:
            phone.screen.type(base64.b64decode(str(intent.extras.get("msg", "")), validate=True).decode("utf-8"))
        except (binascii.Error, ValueError):
            return
    elif intent.action == "ADB_INPUT_TEXT":
        phone.screen.type(str(intent.extras.get("msg", "")))
    elif intent.action == "ADB_CLEAR_TEXT":
        phone.screen.ask("system.edit('clear')")


def pm(phone: PhoneDevice, call: CommandCall) -> int:
    """``pm list packages|features | path | clear | grant | revoke``; nothing is installed or removed."""
    words = call.argv[1:]
    if words[:1] == ("list",) and words[1:2] and words[1] in _LISTS:
        call.out("".join(f"{line}\n" for line in _LISTS[words[1]]))
        return 0
    if words[:1] == ("get-max-users",):
        call.out("Maximum supported users: 1\n")
        return 0
    if words[:1] in (("enable",), ("disable",), ("disable-user",), ("hide",), ("suspend",)) and len(words) > 1:
        call.write_error(
            f"Error: java.lang.SecurityException: Shell cannot change component state for {words[-1]}\n".encode()
        )
        return 255
    if words[:1] in (("grant",), ("revoke",)):
        return _permission(phone, call, words)
    if words[:2] == ("list", "packages"):
        return _packages(call, list(words[2:]))
    app = apps().get(words[1]) if len(words) > 1 else None
    if words[:1] == ("dump",) and app:
        call.out(SERVICES["package"](phone, words[1:]))
        return 0
    if words[:1] == ("path",):
        if app:
            call.out(f"package:{app.file}\n")
        return 0 if app else 1
    if words[:1] == ("clear",):
        if app is None:
            call.out("Failed\n")
            return 1
        phone.stop(app.package)
        phone.state.fill(app, phone.seed)
        call.out("Success\n")
        return 0
    if words[:1] in (("install",), ("install-create",), ("uninstall",)):
        return _unchangeable(call, words)
    return call.fail(f"Unknown command: {' '.join(words)}", 255)


_FEATURES = (
    *("hardware.faketouch", "hardware.screen.landscape", "hardware.screen.portrait", "hardware.touchscreen"),
    *("hardware.touchscreen.multitouch", "hardware.wifi", "software.home_screen", "software.input_methods"),
)


_LISTS = {
    "features": [f"feature:android.{name}" for name in _FEATURES],
    "users": ["Users:", "\tUserInfo{0:Owner:c13} running"],
    "permissions": ["All Permissions:", ""],
    "libraries": [],
    "instrumentation": [],
}


def _permission(phone: PhoneDevice, call: CommandCall, words: tuple[str, ...]) -> int:
    """``pm grant|revoke [--user N] PACKAGE PERMISSION``."""
    left = list(words[1:])
    take_option(left, "--user")
    if len(left) != 2:
        return call.fail("Error: no package or permission specified", 255)
    package, permission = left
    if package not in apps() or "." not in permission:
        known = "permission" if package in apps() else "package"
        wrong = permission if package in apps() else package
        call.write_error(f"\nException occurred while executing '{words[0]}':\n"
                         f"java.lang.IllegalArgumentException: Unknown {known}: {wrong}\n".encode())  # fmt: skip
        return 255
    (phone.granted.add if words[0] == "grant" else phone.granted.discard)((package, permission))
    return 0


def _packages(call: CommandCall, words: list[str]) -> int:
    """All are the system's and enabled: ``-3`` and ``-d`` list none."""
    take_option(words, "--user")
    only = next((word for word in words if not word.startswith("-")), "")
    for name, app in apps().items():
        if only in name and not {"-3", "-d"} & set(words):
            where = f"{app.file}=" if "-f" in words else ""
            call.out(f"package:{where}{name}{' versionCode:1' if '--show-versioncode' in words else ''}\n")
    return 0


def _unchangeable(call: CommandCall, words: tuple[str, ...]) -> int:
    """Refuse to install or remove an app, in the format that adb recognises."""
    if words[0] == "uninstall":
        call.out("Failure [DELETE_FAILED_INTERNAL_ERROR: the simulated phone's apps are built in]\n")
        return 1
    left = int(words[words.index("-S") + 1]) if "-S" in words[:-1] and words[0] == "install" else 0
    while left > 0 and (piece := call.stdin.read(min(left, 1 << 16))):
        left -= len(piece)
    call.out("Failure [INSTALL_FAILED_NO_MATCHING_ABIS: the simulated phone runs no Android apps]\n")
    return 1


def cmd(phone: PhoneDevice, call: CommandCall) -> int:
    """``cmd package|connectivity|statusbar|window|activity …``."""
    words = call.argv[1:]
    if words[:1] == ("package",):
        return _package(phone, call, words[1:])
    if words[:2] == ("connectivity", "airplane-mode") and len(words) <= 3:
        if len(words) == 2:
            call.out(("enabled" if phone.state.get("global", "airplane_mode_on") == "1" else "disabled") + "\n")
            return 0
        phone.state.put("global", "airplane_mode_on", "1" if words[2] == "enable" else "0")
        phone.screen.ask("system.refresh()")
        return 0
    if words[:2] == ("window", "user-rotation") and words[2:3] == ("lock",):
        phone.rotate(words[3] if len(words) == 4 else str(phone.rotation))
        return 0
    if words[:1] == ("activity",):
        return am(phone, CommandCall(("am", *words[1:]), call.stdin, call.write, call.write_error, call.shell))
    if words[:1] == ("statusbar",):
        if words[1:2] in (("expand-notifications",), ("expand-settings",)):
            phone.screen.ask("system.expand()")
        elif words[1:2] == ("collapse",):
            phone.screen.ask("system.collapse()")
        else:
            return call.fail(f"Unknown command: {' '.join(words[1:])}", 255)
        return 0
    if words[:1] in _SWITCHES:
        return _switch(phone, call, words)
    return call.fail(f"Can't find service: {words[0] if words else ''}", 20)


_SWITCHES: dict[tuple[str, ...], tuple[str, str, str]] = {
    ("wifi",): ("global", "wifi_on", "set-wifi-enabled"),
    ("bluetooth_manager",): ("global", "bluetooth_on", ""),
    ("location",): ("secure", "location_mode", "set-location-enabled"),
    ("uimode",): ("secure", "ui_night_mode", "night"),
}
"""The services of ``cmd`` with one setting each: its name and the command that sets it."""
_VALUES = {
    "location_mode": {"true": "3", "false": "0"}, "ui_night_mode": {"yes": "2", "no": "1", "auto": "0"},
}  # fmt: skip
_ENABLING = {"enabled": "1", "disabled": "0", "enable": "1", "disable": "0"}


def _switch(phone: PhoneDevice, call: CommandCall, words: tuple[str, ...]) -> int:
    """``wifi status|set-wifi-enabled``, ``bluetooth_manager``, ``location``, ``uimode night``."""
    namespace, name, setter = _SWITCHES[words[:1]]
    values, now = _VALUES.get(name, _ENABLING), phone.state.get(namespace, name) or ""
    asked = {"wifi": ("status",), "location": ("is-location-enabled",), "uimode": ("night",)}.get(words[0])
    if words[1:] == asked:
        said = next((value for value, number in values.items() if number == now), now)
        call.out({"wifi": f"Wifi is {said}\n", "uimode": f"Night mode: {said}\n"}.get(words[0], f"{said}\n"))
        return 0
    given = words[2:] if setter and words[1:2] == (setter,) else () if setter else words[1:]
    if len(given) != 1 or given[0] not in values:
        return call.fail(f"Unknown command: {' '.join(words[1:])}", 255)
    phone.state.put(namespace, name, values[given[0]])
    phone.screen.ask("system.refresh()")
    call.out(f"Night mode: {given[0]}\n" if words[0] == "uimode" else "")
    return 0


def _package(phone: PhoneDevice, call: CommandCall, words: tuple[str, ...]) -> int:
    if words[:1] == ("resolve-activity",):
        app, _ = _resolve(read_intent([word for word in words[1:] if word not in ("--brief", "--components")]))
        named = app or apps().get(words[-1])
        call.out(f"priority=0 preferredOrder=0 match=0x108000\n{named.component}\n" if named else "No activity found\n")
        return 0
    if words[:1] == ("query-activities",):
        found = [app for app in apps().values() if app.in_launcher]
        if "--brief" in words:
            call.out("".join(f"{app.component}\n" for app in found))
        else:
            call.out(f"{len(found)} activities found:\n" + "".join(_activity(n, app) for n, app in enumerate(found)))
        return 0
    return pm(phone, CommandCall(("pm", *words), call.stdin, call.write, call.write_error, call.shell))


def _activity(number: int, app: PhoneApp) -> str:
    """As Android's ``ResolveInfo.dump`` writes it, without what nobody reads."""
    return (
        f"  Activity #{number}:\n    priority=0 preferredOrder=0 match=0x108000 specificIndex=-1 isDefault=false\n"
        f"    ActivityInfo:\n      name={_full(app).partition('/')[2]}\n      packageName={app.package}\n"
        f"      enabled=true exported=true directBootAware=false\n      ApplicationInfo:\n"
        f"        packageName={app.package}\n"
        f"        labelRes=0x{LABEL:x} nonLocalizedLabel=null icon=0x7f020000 banner=0x0\n"
        f"        processName={app.package}\n        sourceDir={app.file}\n"
    )


def monkey(phone: PhoneDevice, call: CommandCall) -> int:
    """``monkey -p PACKAGE … 1``: the usual way to open an app by its package."""
    words = call.argv[1:]
    package = words[words.index("-p") + 1] if "-p" in words[:-1] else ""
    app = apps().get(package)
    if app is None:
        call.out("** No activities found to run, monkey aborted.\n")
        return 252
    phone.open(app)
    call.out("Events injected: 1\n")
    return 0
