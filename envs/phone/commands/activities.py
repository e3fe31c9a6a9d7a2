"""``am``, ``pm``, ``cmd`` and ``monkey``: apps, intents and broadcasts."""

from __future__ import annotations

import base64
import binascii
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

from envs.phone.apk import LABEL
from envs.phone.apps import HOME, PhoneApp, apps
from envs.phone.commands.answers import fixed_answer
from envs.phone.commands.info import SERVICES
from envs.phone.device import PhoneDevice
from envs.phone.phone_facts import SECOND_ID
from envs.phone.sh import CommandCall, take_option

_MAIN = "android.intent.action.MAIN"
_VIEW = "android.intent.action.VIEW"
_LAUNCHER = "android.intent.category.LAUNCHER"
_HOME_CATEGORY = "android.intent.category.HOME"


@dataclass
class Intent:
    """The intent of an ``am`` command: `-a`, `-d`, `-t`, `-n`, `-c`, `-p`, `-f` and extras."""

    action: str = ""
    data: str = ""
    kind: str = ""
    component: str = ""
    package: str = ""
    flags: int = 0
    categories: list[str] = field(default_factory=list)
    extras: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        """As Android's ``Intent.toString`` writes it; of addresses only what names no person."""
        package, _, kind = self.component.partition("/")
        short = f"{package}/{kind[len(package) :]}" if package and kind.startswith(f"{package}.") else self.component
        parts = {
            "act": self.action, "cat": f"[{','.join(self.categories)}]" if self.categories else "",
            "dat": _safe(self.data),
            "typ": self.kind, "flg": f"0x{self.flags:x}" if self.flags else "", "pkg": self.package, "cmp": short,
        }  # fmt: skip
        told = " ".join(f"{name}={value}" for name, value in parts.items() if value)
        return f"Intent {{ {told}{' ' if told and self.extras else ''}{'(has extras)' if self.extras else ''} }}"


def _safe(address: str) -> str:
    """As ``Uri.toSafeString`` writes it."""
    scheme, _, rest = address.partition(":")
    if scheme in ("tel", "sip", "sms", "smsto", "mailto", "nfc"):
        return f"{scheme}:{re.sub(r'[^@.-]', 'x', rest)}"
    if scheme in ("http", "https", "ftp", "rtsp") and rest.startswith("//"):
        return f"{scheme}://{rest[2:].partition('/')[0].rpartition('@')[2]}/..."
    return address


_EXTRAS: dict[str, Callable[[str], Any]] = {
    "--es": str,
    "-e": str,
    "--ei": int,
    "--el": int,
    "--ef": float,
    "--eu": str,
    "--esn": str,
    "--ecn": str,
    "--esa": lambda text: text.split(","),
    "--eia": lambda text: [int(part) for part in text.split(",")],
    "--ez": lambda text: text.lower() in ("true", "1", "t"),
}
_ONE = {"-a": "action", "-d": "data", "-t": "kind", "-n": "component", "-p": "package"}
_SKIPPED = {
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
        elif word == "-f" and left:
            intent.flags = int(left.pop(0), 0)
        elif word == "--esn" and left:
            intent.extras[left.pop(0)] = None
        elif word in _EXTRAS and len(left) > 1:
            name, value = left.pop(0), left.pop(0)
            intent.extras[name] = _EXTRAS[word](value)
        elif word in _SKIPPED:
            del left[: _SKIPPED[word]]
        elif word.startswith("-"):
            raise ValueError(f"Unknown option: {word}")
        elif ":" in word:
            intent.data, intent.action = word, intent.action or _VIEW
        else:
            intent.component, intent.package = (word, "") if "/" in word else ("", word)
            intent.action, intent.categories = intent.action or _MAIN, intent.categories or [_LAUNCHER]
    return intent


def am(phone: PhoneDevice, call: CommandCall) -> int:
    """``am start|broadcast|force-stop|kill|stack|task|instrument|get-…|to-uri`` and the answers of ``answers.toml``."""
    name, words = (call.argv[1] if len(call.argv) > 1 else ""), call.argv[2:]
    if name in ("force-stop", "kill", "stop-app", "crash") and words:
        (phone.crash if name == "crash" else phone.stop)(words[-1])
        return 0
    if name == "send-trim-memory" and len(words) > 1:
        if words[-2] not in phone.look()["tasks"]:
            return _refused(call, name, f"java.lang.IllegalArgumentException: Unknown process: {words[-2]}")
        return 0
    if name == "kill-all":
        for package in phone.look()["tasks"][:-1]:
            phone.stop(package)
        return 0
    if (status := fixed_answer(call)) is not None:
        return status
    if name in ("stack", "task"):
        return _stack(phone, call, words)
    if name == "instrument":
        call.out(f"android.util.AndroidException: INSTRUMENTATION_FAILED: {words[-1] if words else ''}\n")
        return 1
    if name not in ("start", "start-activity", "broadcast", "to-uri", "to-intent-uri", *_SERVICES):
        call.write_error(f"Unknown command: {name}\n".encode("utf-8", "surrogateescape"))
        return 255
    try:
        intent = read_intent(words)
    except ValueError as error:
        return call.fail(f"Error: {error}", 255)
    if name.startswith("to-"):
        call.out(f"intent:#Intent;action={intent.action};component={intent.component};end\n")
        return 0
    if name == "broadcast":
        return _broadcast(phone, call, intent)
    if name in _SERVICES:
        starts = "Stopping" if name.startswith("stop") else "Starting"
        call.out(f"{starts} service: {intent}\n")
        call.write_error(
            b"Error: Not found; no service started.\n"
            if starts == "Starting"
            else b"Service not stopped: was not running.\n"
        )
        return 255
    return _start(phone, call, intent, words)


_SERVICES = frozenset({"startservice", "start-service", "startforegroundservice", "start-foreground-service",
                       "stopservice", "stop-service"})  # fmt: skip
"""The commands that start or stop a service; no app here has one."""


def _stack(phone: PhoneDevice, call: CommandCall, words: tuple[str, ...]) -> int:
    """``am stack list`` and ``am stack remove ID``; each app is one task with an id of its own."""
    tasks, front = list(phone.look()["tasks"]), str(phone.look()["package"] or HOME)
    if words[:1] == ("remove",) and len(words) == 2 and words[1].isdecimal():
        if 0 < int(words[1]) <= len(tasks):
            phone.stop(tasks[int(words[1]) - 1])
        return 0
    if words[:1] == ("lock",) and len(words) == 2:
        call.out("Activity manager is not in lockTaskMode\n")
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
    if "-S" in words and app:
        call.out(f"Stopping: {app.package}\n")
        phone.stop(app.package)
    call.out(f"Starting: {intent}\n")
    if app is None:
        intent.flags |= 0x10000000
        what = f"Activity class {{{intent.component}}} does not exist."
        call.write_error(
            f"Error: Activity not started, unable to resolve {intent}\n".encode("utf-8", "surrogateescape")
            if not intent.component
            else f"Error type 3\nError: {what}\n".encode("utf-8", "surrogateescape")
        )
        return 1
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


_FROM_SHELL = 0x400000
_PROTECTED = tuple(f"android.intent.action.{name}" for name in (
    "AIRPLANE_MODE", "BATTERY_", "BOOT_COMPLETED", "LOCKED_BOOT_COMPLETED", "SCREEN_O", "USER_PRESENT", "PACKAGE_",
    "TIME_SET",
    "TIMEZONE_CHANGED", "ACTION_POWER", "ACTION_SHUTDOWN", "DEVICE_STORAGE", "CONFIGURATION_CHANGED", "LOCALE_CHANGED",
    "MASTER_CLEAR", "REBOOT", "HEADSET_PLUG", "NEW_OUTGOING_CALL", "PHONE_STATE"))  # fmt: skip
"""Broadcasts that only the system may send, by what they begin with."""


def _refused(call: CommandCall, name: str, why: str) -> int:
    """What Android writes where a command of a service threw."""
    call.write_error(f"\nException occurred while executing '{name}':\n{why}\n".encode("utf-8", "surrogateescape"))
    return 255


def _broadcast(phone: PhoneDevice, call: CommandCall, intent: Intent) -> int:
    """Deliver a broadcast to the simulated input methods that take text so; there are no other receivers."""
    intent.flags |= _FROM_SHELL
    call.out(f"Broadcasting: {intent}\n")
    if intent.action.startswith(_PROTECTED) and not phone.root:
        return _refused(call, "broadcast", "java.lang.SecurityException: Permission Denial: not allowed to send "
                        f"broadcast {intent.action} from pid=4242, uid=2000")  # fmt: skip
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
    """``pm list packages|features | path | clear | grant | revoke`` and others; nothing is installed or removed."""
    words = call.argv[1:]
    if (status := fixed_answer(call)) is not None:
        return status
    if words[:1] == ("list",) and words[1:2] and words[1] in _LISTS:
        call.out("".join(f"{line}\n" for line in _LISTS[words[1]]))
        return 0
    if len(words) > 1 and words[0] in _DISABLING:
        return _refused(
            call, words[0], f"java.lang.SecurityException: Shell cannot change component state for {words[-1]}"
        )
    if words[:1] in (("grant",), ("revoke",)):
        return _permission(phone, call, words)
    if words[:2] == ("list", "packages"):
        return _packages(call, list(words[2:]))
    app = apps().get(words[1]) if len(words) > 1 else None
    if words[:1] == ("dump",) and app:
        call.out(SERVICES["package"](phone, words[1:]))
        return 0
    if words[:1] == ("path",):
        app = apps().get(words[-1])
        if app:
            call.out(f"package:{app.file}\n")
        return 0 if app else 1
    if words[:1] == ("clear",):
        left = list(words[1:])
        take_option(left, "--user")
        unknown = next((word for word in left if word.startswith("-") and word != "--cache-only"), "")
        if unknown:
            call.out(f"Error: Unknown option: {unknown}\n")
            return 1
        app = apps().get(left[-1]) if left else None
        if app is None:
            call.out("Failed\n")
            return 1
        phone.stop(app.package)
        phone.state.fill(app, phone.seed)
        call.out("Success\n")
        return 0
    if words[:1] in (("install",), ("install-create",), ("uninstall",)):
        return _unchangeable(call, words)
    call.write_error(f"Unknown command: {words[0] if words else ''}\n".encode("utf-8", "surrogateescape"))
    return 255


_DISABLING = frozenset(
    {"enable", "disable", "disable-user", "disable-until-used", "hide", "unhide", "suspend", "unsuspend"}
)
_FEATURES = (
    *("hardware.faketouch", "hardware.screen.landscape", "hardware.screen.portrait", "hardware.touchscreen"),
    *("hardware.touchscreen.multitouch", "hardware.wifi", "software.home_screen", "software.input_methods"),
)


_LISTS = {
    "features": [f"feature:android.{name}" for name in _FEATURES],
    "users": ["Users:", "\tUserInfo{0:Owner:c13} running"],
    "permissions": ["All Permissions:", ""],
    "libraries": ["library:android.test.base", "library:android.test.mock", "library:android.test.runner"],
    "permission-groups": [
        f"permission group:android.permission-group.{name}"
        for name in (
            "CALENDAR",
            "CAMERA",
            "CONTACTS",
            "LOCATION",
            "MICROPHONE",
            "NOTIFICATIONS",
            "PHONE",
            "SMS",
            "STORAGE",
        )
    ],
    "staged-sessions": [],
    "modules": [],
    "initial-non-stopped-system-packages": [],
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
        return _refused(call, words[0], f"java.lang.IllegalArgumentException: Unknown {known}: {wrong}")
    (phone.granted.add if words[0] == "grant" else phone.granted.discard)((package, permission))
    return 0


def _packages(call: CommandCall, words: list[str]) -> int:
    """All are the system's and enabled: ``-3`` and ``-d`` list none."""
    take_option(words, "--user")
    unknown = next((word for word in words if word.startswith("-") and word not in _PACKAGE_OPTIONS), "")
    if unknown:
        call.write_error(f"Error: Unknown option: {unknown}\n".encode())
        return 255
    only = next((word for word in words if not word.startswith("-")), "")
    for n, (name, app) in enumerate(apps().items()):
        if only in name and not {"-3", "-d"} & set(words):
            where = f"{app.file}=" if "-f" in words else ""
            said = [f"package:{where}{name}", *(text for option, text in (
                ("--show-versioncode", "versionCode:1"), ("-i", " installer=null"), ("-U", f"uid:{10_000 + n}"))
                if option in words)]  # fmt: skip
            call.out(" ".join(said) + "\n")
    return 0


_PACKAGE_OPTIONS = frozenset(
    [
        "-3",
        "-s",
        "-d",
        "-e",
        "-f",
        "-i",
        "-l",
        "-u",
        "-U",
        "-a",
        "--show-versioncode",
        "--apex-only",
        "--uid",
        "--factory-only",
    ]
)


def _unchangeable(call: CommandCall, words: tuple[str, ...]) -> int:
    """Refuse to install or remove an app, in the format that adb recognises."""
    if words[0] == "uninstall":
        call.out("Failure [DELETE_FAILED_INTERNAL_ERROR: the simulated phone's apps are built in]\n")
        return 1
    file = words[-1] if words[0] == "install" and "-S" not in words else ""
    if file.startswith("/") and not call.shell.files.locate(call.path(file)).is_file():
        call.write_error(f"Error: Unable to open file: {file}\nConsider using a file under /data/local/tmp/\n"
                         f"Error: Can't open file: {file}\n".encode())  # fmt: skip
        return _refused(call, "install", f"java.lang.IllegalArgumentException: Error: Can't open file: {file}")
    left = int(words[words.index("-S") + 1]) if "-S" in words[:-1] and words[0] == "install" else 0
    while left > 0 and (piece := call.stdin.read(min(left, 1 << 16))):
        left -= len(piece)
    call.out("Failure [INSTALL_FAILED_NO_MATCHING_ABIS: the simulated phone runs no Android apps]\n")
    return 1


def cmd(phone: PhoneDevice, call: CommandCall) -> int:
    """``cmd [-w] SERVICE …``: a command of a service, or what a program of another name does."""
    words = call.argv[2:] if call.argv[1:2] == ("-w",) else call.argv[1:]
    if words == ("-l",):
        call.out("Currently running services:\n" + "".join(f"  {name}\n" for name in sorted(SERVICES)))
        return 0
    if (status := fixed_answer(replace(call, argv=("cmd", *words)))) is not None:
        return status
    if words[:1] == ("package",):
        return _package(phone, call, words[1:])
    if words[:2] == ("connectivity", "airplane-mode") and len(words) <= 3:
        if len(words) == 2:
            call.out(("enabled" if phone.state.get("global", "airplane_mode_on") == "1" else "disabled") + "\n")
            return 0
        phone.state.put("global", "airplane_mode_on", "1" if words[2] == "enable" else "0")
        phone.screen.ask("system.refresh()")
        return 0
    if words and words[0] in _PROGRAMS:
        return call.shell.commands[_PROGRAMS[words[0]][0]](replace(call, argv=(*_PROGRAMS[words[0]], *words[1:])))
    if words[:1] == ("statusbar",):
        if words[1:2] in (("expand-notifications",), ("expand-settings",)):
            phone.screen.ask("system.expand()")
        elif words[1:2] == ("collapse",):
            phone.screen.ask("system.collapse()")
        elif words[1:2] == ("get-status-icons",):
            call.out("wifi\nbattery\nclock\n")
        else:
            return call.fail(f"Unknown command: {' '.join(words[1:])}", 255)
        return 0
    if words[:1] in _SWITCHES:
        return _switch(phone, call, words)
    if words and words[0] in SERVICES:
        call.write_error(f"Unknown command: {words[1]}\n".encode() if len(words) > 1 else b"")
        call.out("" if len(words) > 1 else f"{words[0]} service commands:\n  help\n    Print this help text.\n")
        return 255 if len(words) > 1 else 0
    return call.fail(f"Can't find service: {words[0] if words else ''}", 20)


_PROGRAMS: Mapping[str, tuple[str, ...]] = {
    "activity": ("am",), "window": ("wm",), "settings": ("settings",), "input": ("input",), "input_method": ("ime",),
    "battery": ("dumpsys", "battery"), "deviceidle": ("dumpsys", "deviceidle"), "lock_settings": ("locksettings",),
    "appops": ("appops",), "power": ("svc", "power"), "device_config": ("device_config",), "content": ("content",),
}  # fmt: skip
"""Services whose commands are those of a program."""
_SWITCHES: dict[tuple[str, ...], tuple[str, str, str]] = {
    ("wifi",): ("global", "wifi_on", "set-wifi-enabled"),
    ("bluetooth_manager",): ("global", "bluetooth_on", ""),
    ("location",): ("secure", "location_mode", "set-location-enabled"),
    ("uimode",): ("secure", "ui_night_mode", "night"),
    ("phone",): ("global", "mobile_data", "data"),
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
    """``monkey -p PACKAGE [OPTIONS] COUNT`` opens the app; of more events than one none is random, and none is sent."""
    words = call.argv[1:]
    package = words[words.index("-p") + 1] if "-p" in words[:-1] else ""
    app = apps().get(package)
    if app is None:
        call.out("** No activities found to run, monkey aborted.\n")
        return 252
    if not words[-1].isdecimal():
        call.write_error(b"** Error: Count not specified\n")
        return 1
    phone.open(app)
    call.out(
        f"Events injected: {words[-1]}\n"
        "## Network stats: elapsed time=12ms (0ms mobile, 0ms wifi, 12ms not connected)\n"
    )
    return 0
