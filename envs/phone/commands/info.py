"""``dumpsys``, ``getprop``, ``settings``, ``ps`` and others that report the state of the phone."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping

from envs.phone.apps import HOME, PhoneApp, apps
from envs.phone.commands.services import QUIET
from envs.phone.device import PhoneDevice
from envs.phone.phone_facts import ADDRESS, COVER, DENSITY, DISPLAY, MAC, SECOND, SECOND_ID
from envs.phone.running import running
from envs.phone.sh import CommandCall, take_option


def getprop(phone: PhoneDevice, call: CommandCall) -> int:
    """``getprop [NAME]``."""
    known = phone.state.properties
    if len(call.argv) == 1:
        call.out("".join(f"[{name}]: [{value}]\n" for name, value in sorted(known.items())))
    else:
        call.out(known.get(call.argv[1], call.argv[2] if len(call.argv) > 2 else "") + "\n")
    return 0


def setprop(phone: PhoneDevice, call: CommandCall) -> int:
    """``setprop NAME VALUE``; what begins with ``ro.`` cannot be changed."""
    if len(call.argv) != 3:
        return call.fail("usage: setprop NAME VALUE")
    if call.argv[1].startswith("ro."):
        return call.fail(f"Failed to set property '{call.argv[1]}' to '{call.argv[2]}'")
    phone.state.properties[call.argv[1]] = call.argv[2]
    return 0


_VERBS = frozenset({"get", "put", "delete", "reset", "list"})
_SHOWN = frozenset({"airplane_mode_on", "wifi_on", "bluetooth_on", "time_12_24"})
"""Settings that the status bar shows."""


def settings(phone: PhoneDevice, call: CommandCall) -> int:
    """``settings get|put|delete|list NAMESPACE [NAME [VALUE]]``."""
    words = list(call.argv[1:])
    take_option(words, "--user")
    words[1:2] = [word.lower() for word in words[1:2]]
    if len(words) < 2 or words[1] not in ("system", "secure", "global"):
        return call.fail(
            "Invalid command or namespace: use get, put, delete or list with system, secure or global", 255
        )
    name, namespace, rest = words[0], words[1], words[2:]
    if name == "get" and len(rest) == 1:
        call.out(f"{phone.state.get(namespace, rest[0]) or 'null'}\n")
    elif name == "put" and len(rest) >= 2:
        phone.state.put(namespace, rest[0], rest[1])
        if (namespace, rest[0]) == ("system", "user_rotation"):
            phone.rotate(rest[1] if rest[1].isdecimal() else "0")
        if rest[0] in _SHOWN:
            phone.screen.ask("system.refresh()")
    elif name == "delete" and len(rest) == 1:
        call.out(f"Deleted {int(phone.state.delete(namespace, rest[0]))} rows\n")
    elif name == "reset" and rest:
        pass  # nothing here was set by an app
    elif name == "list" and not rest:
        call.out("".join(f"{key}={value}\n" for key, value in phone.state.settings(namespace).items()))
    else:
        call.write_error(
            b"Invalid command: " + name.encode("utf-8", "surrogateescape") + b"\n"
            if name not in _VERBS
            else b"Bad arguments\n"
        )
        return 255
    return 0


def dumpsys(phone: PhoneDevice, call: CommandCall) -> int:
    """``dumpsys [-l] [-t SECONDS] [--skip SERVICES] [SERVICE [WORDS]]``; the lines that callers of adb look for."""
    words = list(call.argv[1:])
    skipped, priority = take_option(words, "--skip"), take_option(words, "--priority")
    for option in ("-t", "-T"):
        take_option(words, option)
    names = sorted(SERVICES) if priority is None else list(_PRIORITIES.get(priority, ()))
    names = [name for name in names if name not in (skipped or "").split(",")]
    if words and words[0] != "-l":
        service = SERVICES.get(words[0])
        if service is None:
            call.write_error(f"Can't find service: {words[0]}\n".encode("utf-8", "surrogateescape"))
            return 1
        call.out(service(phone, tuple(words[1:])))
        return 0
    call.out(f"Currently running {priority.lower() + ' ' if priority else ''}services:\n")
    call.out("".join(f"  {name}\n" for name in names))
    for name in [] if words else names:
        now = f"{phone.state.clock.now():%Y-%m-%d %H:%M:%S}"
        call.out(f"{'-' * 79}\nDUMP OF SERVICE {name}:\n{SERVICES[name](phone, ())}"
                 f"--------- 0.001s was the duration of dumpsys {name}, ending at: {now}\n")  # fmt: skip
    return 0


_PRIORITIES = {"CRITICAL": ("SurfaceFlinger", "cpuinfo", "input", "window"),
               "HIGH": ("activity", "connectivity", "meminfo"),
               "NORMAL": ("battery", "package", "power")}  # fmt: skip


def _front(phone: PhoneDevice) -> str:
    package = str(phone.look()["package"] or HOME)
    return apps()[package].component


def _window(phone: PhoneDevice, words: tuple[str, ...]) -> str:
    now = phone.look()
    if words[:1] in (("policy",), ("p",)):
        return _policy(now)
    focus = "NotificationShade" if now["locked"] or now["shade"] else _front(phone)
    flags = "LAYOUT_IN_SCREEN SECURE HARDWARE_ACCELERATED" if phone.faults.secure else "LAYOUT_IN_SCREEN"
    second = (
        f"  Display: mDisplayId={SECOND_ID} (organized)\n    mCurrentFocus=null\n"
        f"    mFocusedApp=ActivityRecord{{7c5a9d3 u0 {_front(phone.second)} t9}}\n"
        if phone.second
        else ""
    )
    windows = words[:1] in (("windows",), ("w",), ("visible",))
    displays = (
        f"WINDOW MANAGER DISPLAY CONTENTS (dumpsys window displays)\n{second}  Display: mDisplayId=0 (organized)\n"
        f"    init={_sized(phone.physical)} {DENSITY}dpi base={_sized(phone.upright)} {phone.screen.density}dpi "
        f"cur={_sized(phone.screen.size)} app={_sized(phone.screen.size)}\n"
        f"    mCurrentFocus=Window{{5c1d0e0 u0 {focus}}}\n"
        f"    mFocusedApp=ActivityRecord{{3b4e1f2 u0 {_front(phone)} t1}}\n"
    )
    return ("" if windows else displays) + (
        f"WINDOW MANAGER WINDOWS (dumpsys window windows)\n"
        "  Window #0 Window{b7f0f16 u0 StatusBar}:\n    mDisplayId=0\n    mAttrs={(0,0)(fillx98) ty=STATUS_BAR\n"
        "      fl=NOT_FOCUSABLE TOUCHABLE_WHEN_WAKING\n"
        f"  Window #1 Window{{5c1d0e0 u0 {focus}}}:\n    mDisplayId=0\n"
        f"    mAttrs={{(0,0)(fillxfill) ty=BASE_APPLICATION\n      fl={flags}\n"
        f"  mCurrentFocus=Window{{5c1d0e0 u0 {focus}}}\n"
        f"  mFocusedApp=ActivityRecord{{3b4e1f2 u0 {_front(phone)} t1}}\n"
        f"  mInputMethodWindow={'Window{7ab u0 InputMethod}' if now['ime'] else 'null'}\n"
        f"  mAwake={_bool(now['awake'])} mScreenOnEarly={_bool(now['awake'])} mScreenOnFully={_bool(now['awake'])}\n"
        f"  mShowingLockscreen={_bool(now['locked'])} mDreamingLockscreen={_bool(now['locked'])}\n"
        f"  isKeyguardShowing={_bool(now['locked'])}\n  mCurrentRotation=ROTATION_{90 * phone.rotation}\n"
        f"  mRotation=ROTATION_{90 * phone.rotation}\n"
    )


def _sized(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"


def _policy(now: Mapping[str, object]) -> str:
    """The state of the lock screen and the power, as callers look for it."""
    awake, locked = _bool(now["awake"]), _bool(now["locked"])
    return (
        "WINDOW MANAGER POLICY STATE (dumpsys window policy)\n"
        f"    mAwake={awake} mScreenOnEarly={awake} mScreenOnFully={awake}\n"
        f"    KeyguardServiceDelegate\n      showing={locked}\n      showingAndNotOccluded={locked}\n"
        f"      inputRestricted={locked}\n      screenState=SCREEN_STATE_{'ON' if now['awake'] else 'OFF'}\n"
        f"      interactiveState=INTERACTIVE_STATE_{'AWAKE' if now['awake'] else 'SLEEP'}\n"
    )


def _activity(phone: PhoneDevice, words: tuple[str, ...]) -> str:
    if words[:1] == ("top",):
        front = _front(phone)
        return (
            f"TASK {front.partition('/')[0]} id=1 userId=0\n  ACTIVITY {front} 3b4e1f2 pid=1000\n"
            "    Local Activity 3b4e1f2 State:\n      mResumed=true mStopped=false mFinished=false\n"
        )
    if words[:1] == ("processes",):
        found = "".join(
            f"  *APP* UID {one.uid} ProcessRecord{{a{one.pid} {one.pid}:{one.name}/{one.user.replace('_', '')}}}\n    "
            f"user #0 uid={one.uid} gids={{}}\n    packageList={{{one.name}}}\n"
            for one in running(phone.look()["tasks"], ()) if one.user.startswith("u0_a")
        )  # fmt: skip
        return f"ACTIVITY MANAGER RUNNING PROCESSES (dumpsys activity processes)\n  All known processes:\n{found}"
    if words[:1] and words[0] in _NOTHING:
        return f"ACTIVITY MANAGER {_NOTHING[words[0]]} (dumpsys activity {words[0]})\n  (nothing)\n"
    if words[:1] == ("recents",):
        return "ACTIVITY MANAGER RECENT TASKS (dumpsys activity recents)\n" + "".join(
            f"  * Recent #{n}: Task{{a{n} #{n + 1} type=standard A={name}}}\n    id={n + 1} userId=0\n"
            for n, name in enumerate(phone.look()["tasks"])
        )
    tasks = "".join(
        f"    * Hist #{n}: ActivityRecord{{a{n} u0 {apps()[name].component} t{n + 1}}}\n"
        for n, name in enumerate(phone.look()["tasks"])
    )
    front = f"ActivityRecord{{3b4e1f2 u0 {_front(phone)} t1}}"
    resumed = f"  topResumedActivity={front}\n  mResumedActivity: {front}\n"
    return f"ACTIVITY MANAGER ACTIVITIES (dumpsys activity activities)\n{tasks}{resumed}"


_NOTHING = {
    "services": "SERVICES", "service": "SERVICES", "broadcasts": "BROADCAST STATE", "b": "BROADCAST STATE",
    "providers": "CONTENT PROVIDERS", "intents": "PENDING INTENTS", "permissions": "URI PERMISSIONS",
    "lastanr": "LAST ANR",
}  # fmt: skip


def _input_method(phone: PhoneDevice, _: tuple[str, ...]) -> str:
    now = phone.look()
    return (
        f"Current Input Method Manager state:\n  mCurMethodId={phone.state.get('secure', 'default_input_method')}\n"
        f"  mShowRequested={_bool(now['ime'])} mInputShown={_bool(now['ime'])}\n"
        f"  mIsInputViewShown={_bool(now['ime'])} mInteractive={_bool(now['awake'])}\n"
        f"  mServedInputConnection={'present' if now['focused'] else 'null'}\n"
    )


_INNER = (
    f"DisplayViewport{{type=INTERNAL, valid=true, isActive=false, displayId=3, uniqueId='local:{DISPLAY}', "
    "physicalPort=1, orientation=0, logicalFrame=Rect(0, 0 - 1840, 2208)}, "
)


def _display(phone: PhoneDevice, _: tuple[str, ...]) -> str:
    width, height = phone.screen.size
    used, second = (COVER, _INNER) if phone.faults.folded else (DISPLAY, "")
    if phone.second:
        frame = "0, 0 - {}, {}".format(*phone.second.screen.size)
        second += (
            f"DisplayViewport{{type=EXTERNAL, valid=true, isActive=true, displayId={SECOND_ID}, "
            f"uniqueId='local:{SECOND}', physicalPort=2, orientation=0, logicalFrame=Rect({frame}), "
            f"physicalFrame=Rect({frame})}}, "
        )
    return (
        f"DISPLAY MANAGER (dumpsys display)\n  mCurrentOrientation={phone.rotation}\n"
        f"  mViewports=[{second}DisplayViewport{{type=INTERNAL, valid=true, isActive=true, displayId=0, "
        f"uniqueId='local:{used}', physicalPort=0, "
        f"orientation={phone.rotation}, logicalFrame=Rect(0, 0 - {width}, {height}), "
        f"physicalFrame=Rect(0, 0 - {width}, {height}), "
        f"deviceWidth={width}, deviceHeight={height}}}]\n  density {phone.screen.density}\n"
    )


def _power(phone: PhoneDevice, _: tuple[str, ...]) -> str:
    awake = phone.look()["awake"]
    state = "Awake" if awake else "Asleep"
    return (
        f"POWER MANAGER (dumpsys power)\n  mWakefulness={state}\n  mHoldingDisplaySuspendBlocker={_bool(awake)}\n"
        f"Display Power: state={'ON' if awake else 'OFF'}\n"
    )


def _touchscreens(phone: PhoneDevice) -> str:
    at = [(phone.inputs.touchscreen, 0), *([(phone.second.inputs.touchscreen, SECOND_ID)] if phone.second else [])]
    hub = "".join(f"    {n}: touch\n      Path: {path}\n" for n, (path, _) in enumerate(at, 1))
    readers = "".join(
        f"  Device {n + 1}: touch\n    EventHub Devices: [ {n} ] \n      Viewport INTERNAL: displayId={display}, "
        f"uniqueId=local:{n}\n"
        for n, (_, display) in enumerate(at, 1)
    )
    return f"Event Hub State:\n  Devices:\n{hub}Input Reader State (Nums of device: {len(at)}):\n{readers}"


def _input(phone: PhoneDevice, _: tuple[str, ...]) -> str:
    width, height = phone.screen.size
    frame = f"[0, 0, {width}, {height}]"
    return (
        f"INPUT MANAGER (dumpsys input)\n{_touchscreens(phone)}  Configuration:\n"
        f"  Viewport INTERNAL: displayId=0, uniqueId=local:0, "
        f"orientation={phone.rotation}, logicalFrame={frame}, physicalFrame={frame}, "
        f"deviceSize=[{width}, {height}], isActive=[1]\n      SurfaceOrientation: {phone.rotation}\n"
    )


def _package(phone: PhoneDevice, words: tuple[str, ...]) -> str:
    """One app, or ``packages`` and nothing for all."""
    named = [word for word in words if not word.startswith("-")]
    if named and named[0] not in ("packages", "p") and named[0] not in apps():
        return f"Unable to find package: {named[0]}\n"
    found = [apps()[named[0]]] if named and named[0] in apps() else list(apps().values())
    table = "".join(
        f"      {action.partition(':')[0]}:\n        {_crc(app)} {app.component} filter {n:x}a1\n"
        f'          Action: "{action.partition(":")[0]}"\n          Category: "android.intent.category.DEFAULT"\n'
        for app in found for n, action in enumerate(("android.intent.action.MAIN", *app.actions))
    )  # fmt: skip
    return f"Activity Resolver Table:\n  Non-Data Actions:\n{table}\nKey Set Manager:\n\nPackages:\n" + "".join(
        _package_of(phone, n, app) for n, app in enumerate(apps().values()) if app in found
    )


def _crc(app: PhoneApp) -> str:
    return f"{zlib.crc32(app.package.encode()):x}"


def _package_of(phone: PhoneDevice, number: int, app: PhoneApp) -> str:
    stopped = "false" if app.package in phone.look()["tasks"] else "true"
    granted = "".join(
        f"        {permission}: granted=true, flags=[ USER_SET ]\n"
        for package, permission in sorted(phone.granted) if package == app.package
    )  # fmt: skip
    return (
        f"  Package [{app.package}] ({_crc(app)}):\n    userId={10_000 + number}\n    "
        f"codePath={app.file.removesuffix('/base.apk')}\n    versionCode=1 minSdk=33 targetSdk=33\n"
        "    versionName=1.0\n    flags=[ SYSTEM HAS_CODE ALLOW_CLEAR_USER_DATA ]\n    pkgFlags=[ SYSTEM HAS_CODE ]\n"
        f"    dataDir=/data/user/0/"
        f"{app.package}\n    timeStamp=2026-03-16 09:30:00\n    firstInstallTime=2026-03-16 09:30:00\n"
        f"    lastUpdateTime=2026-03-16 09:30:00\n    requested permissions:\n      android.permission.INTERNET\n"
        f"    install permissions:\n      android.permission.INTERNET: granted=true\n"
        f"    User 0: ceDataInode=0 installed=true hidden=false suspended=false stopped={stopped} notLaunched=false "
        "enabled=0\n"
        f"      gids=[]\n      runtime permissions:\n{granted}"
    )


def _surfaces(phone: PhoneDevice, words: tuple[str, ...]) -> str:
    if words[:1] == ("--latency",):
        return "16666666\n"
    if words[:1] == ("--list",):
        shown = "".join(f"{name}/{name}{apps()[name].activity}#0\n" for name in phone.look()["tasks"])
        return f'Display 0 name="simulated"#0\nStatusBar#0\n{shown}'
    if words[:1] == ("--latency-clear",):
        return ""
    return f'Display {DISPLAY} (HWC display 0): port=0 pnpId=SIM displayName="simulated"\n'


def _bool(value: object) -> str:
    return "true" if value else "false"


SERVICES: dict[str, Callable[[PhoneDevice, tuple[str, ...]], str]] = {
    "window": _window,
    "activity": _activity,
    "input_method": _input_method,
    "display": _display,
    "power": _power,
    "input": _input,
    "package": _package,
    "SurfaceFlinger": _surfaces,
    **QUIET,
}
"""The services of ``dumpsys``, by name."""


def df(phone: PhoneDevice, call: CommandCall) -> int:
    """``df [-hk] [PATHS]``: one file system holds all."""
    flags = "".join(word[1:] for word in call.argv[1:] if word.startswith("-"))
    size, free = phone.storage.capacity // 1024, phone.free() // 1024
    for name in [word for word in call.argv[1:] if not word.startswith("-")]:
        if not phone.locate(call.path(name)).exists():
            return call.fail(f"'{name}': No such file or directory")
    used, percent = size - free, 100 * (size - free) // size
    if "h" in flags:
        sizes = [f"{n / (1 << 20):.1f}G" if n >= 1 << 20 else f"{n / 1024:.0f}M" for n in (size, used, free)]
        call.out("Filesystem      Size Used Avail Use% Mounted on\n"
                 f"/dev/simulated  {sizes[0]:>4} {sizes[1]:>4}  {sizes[2]:>4} {percent:>3}% /data\n")  # fmt: skip
    else:
        call.out("Filesystem     1K-blocks    Used Available Use% Mounted on\n"
                 f"/dev/simulated  {size:>8} {used:>7} {free:>9} {percent:>3}% /data\n")  # fmt: skip
    return 0


def ifconfig(phone: PhoneDevice, call: CommandCall) -> int:
    """``ifconfig [-a] [wlan0|lo]``; the address while Wi-Fi is on is one that documents use (RFC 5737)."""
    on = phone.state.get("global", "wifi_on") == "1"
    names = [word for word in call.argv[1:] if word != "-a"] or ["lo", *(["wlan0"] if on or "-a" in call.argv else [])]
    for name in names:
        if name not in ("lo", "wlan0"):
            return call.fail(f"{name}: No such device")
        counts = "".join(
            f"          {way} packets:0 errors:0 dropped:0 overruns:0 {last}:0 \n"
            for way, last in (("RX", "frame"), ("TX", "carrier"))
        )
        if name == "lo":
            what, flags = "Local Loopback  ", "UP LOOPBACK RUNNING  MTU:65536  Metric:1"
            address = "          inet addr:127.0.0.1  Mask:255.0.0.0 \n"
        else:
            what, flags = "UNSPEC    Driver simulated", f"{'UP ' if on else ''}BROADCAST MULTICAST  MTU:1500  Metric:1"
            address = f"          inet addr:{ADDRESS}  Bcast:192.0.2.255  Mask:255.255.255.0 \n" if on else ""
        call.out(f"{name:<9} Link encap:{what}\n{address}          {flags}\n{counts}"
                 "          collisions:0 txqueuelen:1000 \n          RX bytes:0 TX bytes:0 \n\n")  # fmt: skip
    return 0


def ip(phone: PhoneDevice, call: CommandCall) -> int:
    """``ip [-4] [-f inet] addr|link|route|neigh|rule [show] [dev] [wlan0|lo]``."""
    words = [word for word in call.argv[1:] if word not in ("show", "list", "dev", "-4", "-f", "inet", "-o")]
    what = next((name for name in ("addr", "link", "route", "neigh", "rule") if (words and
                 (name + "ess").startswith(words[0])) or words[:1] == [name]), "")  # fmt: skip
    only = words[1] if len(words) > 1 else ""
    if not what or len(words) > 2:
        return call.fail(f'Object "{words[0] if words else ""}" is unknown, try "ip help".')
    up = phone.state.get("global", "wifi_on") == "1"
    if what in ("route", "neigh", "rule"):
        said = {"route": f"192.0.2.0/24 dev wlan0 proto kernel scope link src {ADDRESS} \n" if up else "",
                "rule": "0:\tfrom all lookup local \n32766:\tfrom all lookup main \n"}  # fmt: skip
        call.out(said.get(what, ""))
        return 0
    if only not in ("", "lo", "wlan0"):
        return call.fail(f'Device "{only}" does not exist.')
    call.out("".join(_interface(n, name, up, addresses=what == "addr") for n, name in ((1, "lo"), (2, "wlan0"))
                     if only in ("", name)))  # fmt: skip
    return 0


def _interface(number: int, name: str, up: bool, *, addresses: bool) -> str:
    """Two lines of an interface's link, and its address."""
    if name == "lo":
        link = "1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN group default qlen 1000\n" \
               "    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00\n"  # fmt: skip
        return link + (
            "    inet 127.0.0.1/8 scope host lo\n       valid_lft forever preferred_lft forever\n" if addresses else ""
        )
    state = "<BROADCAST,MULTICAST,UP,LOWER_UP>" if up else "<BROADCAST,MULTICAST>"
    link = (
        f"{number}: {name}: {state} mtu 1500 qdisc mq state {'UP' if up else 'DOWN'} group default qlen 1000\n"
        f"    link/ether {MAC} brd ff:ff:ff:ff:ff:ff\n"
    )
    inet = f"    inet {ADDRESS}/24 brd 192.0.2.255 scope global wlan0\n       valid_lft forever preferred_lft forever\n"
    return link + (inet if up and addresses else "")


def reboot(phone: PhoneDevice, call: CommandCall) -> int:
    """``reboot``: connections are cut, this one among them."""
    del call
    phone.reboot()
    return 0
