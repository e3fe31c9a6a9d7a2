"""``dumpsys``, ``getprop``, ``settings``, ``ps`` and others that report the state of the phone."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from envs.phone.apps import HOME, apps
from envs.phone.device import PhoneDevice
from envs.phone.phone_facts import ADDRESS, COVER, DENSITY, DISPLAY, SECOND, SECOND_ID
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


_SHOWN = frozenset({"airplane_mode_on", "wifi_on", "bluetooth_on", "time_12_24"})
"""Settings that the status bar shows."""


def settings(phone: PhoneDevice, call: CommandCall) -> int:
    """``settings get|put|delete|list NAMESPACE [NAME [VALUE]]``."""
    words = list(call.argv[1:])
    take_option(words, "--user")
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
    elif name == "list" and not rest:
        call.out("".join(f"{key}={value}\n" for key, value in phone.state.settings(namespace).items()))
    else:
        return call.fail("Bad arguments", 255)
    return 0


def dumpsys(phone: PhoneDevice, call: CommandCall) -> int:
    """``dumpsys SERVICE``; the lines that callers of adb look for."""
    words = call.argv[1:]
    if words[:1] == ("-l",) or not words:
        call.out("Currently running services:\n" + "".join(f"  {name}\n" for name in SERVICES))
        return 0
    service = SERVICES.get(words[0])
    if service is None:
        return call.fail(f"Can't find service: {words[0]}", 1)
    call.out(service(phone, words[1:]))
    return 0


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
    return (
        f"WINDOW MANAGER DISPLAY CONTENTS (dumpsys window displays)\n{second}  Display: mDisplayId=0 (organized)\n"
        f"    init={_sized(phone.physical)} {DENSITY}dpi base={_sized(phone.upright)} {phone.screen.density}dpi "
        f"cur={_sized(phone.screen.size)} app={_sized(phone.screen.size)}\n"
        f"    mCurrentFocus=Window{{5c1d0e0 u0 {focus}}}\n"
        f"    mFocusedApp=ActivityRecord{{3b4e1f2 u0 {_front(phone)} t1}}\n"
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
    return f"ACTIVITY MANAGER ACTIVITIES\n{tasks}  topResumedActivity={front}\n  mResumedActivity: {front}\n"


def _input_method(phone: PhoneDevice, _: tuple[str, ...]) -> str:
    now = phone.look()
    return (
        f"Current Input Method Manager state:\n  mCurMethodId={phone.state.get('secure', 'default_input_method')}\n"
        f"  mShowRequested={_bool(now['ime'])} mInputShown={_bool(now['ime'])}\n"
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


def _battery(_: PhoneDevice, __: tuple[str, ...]) -> str:
    return (
        "Current Battery Service state:\n  AC powered: false\n  USB powered: true\n  status: 2\n  health: 2\n"
        "  present: true\n  level: 82\n  scale: 100\n  voltage: 4200\n  temperature: 250\n  technology: simulated\n"
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
    app = apps().get(words[0]) if words else None
    if app is None:
        return f"Unable to find package: {words[0] if words else ''}\n"
    return (
        f"Packages:\n  Package [{app.package}] (simulated):\n    versionCode=1 minSdk=33 targetSdk=33\n"
        "    versionName=1.0\n    pkgFlags=[ SYSTEM HAS_CODE ]\n    firstInstallTime=2026-03-16 09:30:00\n"
        "    lastUpdateTime=2026-03-16 09:30:00\n    runtime permissions:\n"
        + "".join(
            f"      {permission}: granted=true, flags=[ USER_SET ]\n"
            for package, permission in sorted(phone.granted)
            if package == app.package
        )
    )


def _surfaces(_: PhoneDevice, __: tuple[str, ...]) -> str:
    return f'Display {DISPLAY} (HWC display 0): port=0 pnpId=SIM displayName="simulated"\n'


def _bool(value: object) -> str:
    return "true" if value else "false"


SERVICES: dict[str, Callable[[PhoneDevice, tuple[str, ...]], str]] = {
    "window": _window,
    "activity": _activity,
    "input_method": _input_method,
    "display": _display,
    "power": _power,
    "battery": _battery,
    "input": _input,
    "package": _package,
    "SurfaceFlinger": _surfaces,
}
"""The services of ``dumpsys``, by name."""


def df(phone: PhoneDevice, call: CommandCall) -> int:
    """``df``."""
    size, free = phone.storage.capacity // 1024, phone.free() // 1024
    call.out("Filesystem     1K-blocks    Used Available Use% Mounted on\n")
    call.out(f"/dev/simulated  {size} {size - free} {free} {100 * (size - free) // size}% /data\n")
    return 0


def ifconfig(phone: PhoneDevice, call: CommandCall) -> int:
    """``ifconfig [wlan0]`` while Wi-Fi is on; the address is one of those that documents use (RFC 5737)."""
    on = phone.state.get("global", "wifi_on") == "1"
    if call.argv[1:] not in ((), ("wlan0",)):
        return call.fail(f"{call.argv[-1]}: No such device")
    if on:
        call.out(f"wlan0     Link encap:UNSPEC\n          inet addr:{ADDRESS}  Bcast:192.0.2.255  Mask:255.255.255.0\n")
    return 0


def ip(phone: PhoneDevice, call: CommandCall) -> int:
    """``ip [-f inet] addr|route [show] [dev] [wlan0]``."""
    words = [word for word in call.argv[1:] if word not in ("show", "dev", "-4", "-f", "inet")]
    if words[:1] not in (["addr"], ["address"], ["a"], ["route"], ["r"]) or words[1:] not in ([], ["wlan0"]):
        return call.fail(f"the simulated phone does not know: ip {' '.join(call.argv[1:])}")
    up = phone.state.get("global", "wifi_on") == "1"
    if words[0].startswith("r"):
        call.out(f"192.0.2.0/24 dev wlan0 proto kernel scope link src {ADDRESS}\n" if up else "")
        return 0
    call.out(f"2: wlan0: <BROADCAST,MULTICAST{',UP' if up else ''}> mtu 1500 state {'UP' if up else 'DOWN'}\n")
    call.out(f"    inet {ADDRESS}/24 brd 192.0.2.255 scope global wlan0\n" if up else "")
    return 0


def reboot(phone: PhoneDevice, call: CommandCall) -> int:
    """``reboot``: connections are cut, this one among them."""
    del call
    phone.reboot()
    return 0
