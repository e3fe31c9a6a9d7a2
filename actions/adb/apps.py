"""Opening apps and addresses.

A phone does not tell the shell what its apps are called in the launcher. A name is looked up in a table of well-known
apps, then among the packages that have a launcher entry; what fits none is an error that names the nearest.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from rapidfuzz import fuzz

from actions.adb.lines import Line, command
from actions.adb.link import AdbLink
from actions.backend import RefusedError

_MAIN = "android.intent.action.MAIN"
_LAUNCHER = "android.intent.category.LAUNCHER"
_NEW_TASK = "0x10200000"
"""FLAG_ACTIVITY_NEW_TASK and RESET_TASK_IF_NEEDED, as a launcher starts an app."""
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://\S+|(?:mailto|tel|sms|smsto|geo|market|about|data):\S+", re.IGNORECASE)
_SITE = re.compile(r"(?:[a-z0-9-]+\.)+[a-z]{2,}(?::\d+)?(?:[/?#]\S*)?", re.IGNORECASE)
_SURE = 90

KNOWN: dict[str, tuple[str, ...]] = {
    "android auto": ("com.google.android.projection.gearhead",),
    "amazon shopping": ("com.amazon.mShop.android.shopping",),
    "audio recorder": ("com.dimowner.audiorecorder",),
    "broccoli": ("com.flauschcode.broccoli",),
    "browser": ("com.android.browser", "com.android.chrome", "org.chromium.webview_shell", "com.handeye.browser"),
    "calculator": ("com.google.android.calculator", "com.android.calculator2"),
    "calendar": ("com.google.android.calendar", "com.android.calendar"),
    "camera": ("com.android.camera2", "com.google.android.GoogleCamera", "com.android.camera"),
    "chrome": ("com.android.chrome",),
    "clock": ("com.google.android.deskclock", "com.android.deskclock"),
    "contacts": ("com.google.android.contacts", "com.android.contacts"),
    "discord": ("com.discord",),
    "docs": ("com.google.android.apps.docs.editors.docs",),
    "drive": ("com.google.android.apps.docs",),
    "facebook": ("com.facebook.katana",),
    "files": ("com.google.android.documentsui", "com.android.documentsui", "com.google.android.apps.nbu.files"),
    "firefox": ("org.mozilla.firefox",),
    "gallery": ("com.android.gallery3d", "com.simplemobiletools.gallery.pro"),
    "gmail": ("com.google.android.gm",),
    "google": ("com.google.android.googlequicksearchbox",),
    "instagram": ("com.instagram.android",),
    "internet": ("com.sec.android.app.sbrowser", "com.android.browser"),
    "joplin": ("net.cozic.joplin",),
    "keep": ("com.google.android.keep",),
    "maps": ("com.google.android.apps.maps",),
    "markor": ("net.gsantner.markor",),
    "meet": ("com.google.android.apps.tachyon", "com.google.android.apps.meetings"),
    "messages": ("com.google.android.apps.messaging", "com.android.messaging", "com.android.mms"),
    "netflix": ("com.netflix.mediaclient",),
    "opentracks": ("de.dennisguse.opentracks",),
    "osmand": ("net.osmand",),
    "outlook": ("com.microsoft.office.outlook",),
    "phone": ("com.google.android.dialer", "com.android.dialer"),
    "photos": ("com.google.android.apps.photos",),
    "play store": ("com.android.vending",),
    "pro expense": ("com.arduia.expense",),
    "reddit": ("com.reddit.frontpage",),
    "retro music": ("code.name.monkey.retromusic",),
    "settings": ("com.android.settings",),
    "sheets": ("com.google.android.apps.docs.editors.sheets",),
    "signal": ("org.thoughtcrime.securesms",),
    "simple calendar pro": ("com.simplemobiletools.calendar.pro",),
    "simple draw pro": ("com.simplemobiletools.draw.pro",),
    "simple gallery pro": ("com.simplemobiletools.gallery.pro",),
    "simple sms messenger": ("com.simplemobiletools.smsmessenger",),
    "slack": ("com.Slack",),
    "spotify": ("com.spotify.music",),
    "tasks": ("org.tasks", "com.google.android.apps.tasks"),
    "telegram": ("org.telegram.messenger",),
    "tiktok": ("com.zhiliaoapp.musically",),
    "translate": ("com.google.android.apps.translate",),
    "uber": ("com.ubercab",),
    "vlc": ("org.videolan.vlc",),
    "wechat": ("com.tencent.mm",),
    "whatsapp": ("com.whatsapp",),
    "x": ("com.twitter.android",),
    "youtube": ("com.google.android.youtube",),
    "zoom": ("us.zoom.videomeetings",),
    "支付宝": ("com.eg.android.AlipayGphone",),
    "淘宝": ("com.taobao.taobao",),
    "美团": ("com.sankuai.meituan",),
    "微信": ("com.tencent.mm",),
    "设置": ("com.android.settings",),
}
"""Package names, a public fact of each app; the first that is installed is meant."""
_SAME = {
    "google chrome": "chrome",
    "google calendar": "calendar",
    "google drive": "drive",
    "google keep": "keep",
    "google maps": "maps",
    "google photos": "photos",
    "google play": "play store",
    "google play store": "play store",
    "google translate": "translate",
    "google docs": "docs",
    "google sheets": "sheets",
    "youtube app": "youtube",
    "sms": "messages",
    "text messages": "messages",
    "dialer": "phone",
    "telephone": "phone",
    "file manager": "files",
    "file browser": "files",
    "twitter": "x",
    "web browser": "browser",
    "people": "contacts",
    "alarm": "clock",
    "timer": "clock",
    "system settings": "settings",
    "vlc media player": "vlc",
    "android settings": "settings",
}
_TECHNICAL = frozenset(
    {"com", "org", "net", "de", "us", "io", "android", "google", "apps", "app", "mobile", "main", "pro", "client",
     "handeye", "activity", "mainactivity", "samsung", "sec", "miui", "simplemobiletools"}
)  # fmt: skip


def is_address(target: str) -> bool:
    """Whether `target` is an address with its scheme."""
    return bool(_ADDRESS.fullmatch(target.strip()))


def open_line(link: AdbLink, target: str) -> Line:
    """The command line that opens `target`: an address, a package, or an app's name. Looks, but opens nothing.

    Raises `RefusedError` for a name that fits no app or several, with the nearest; `BackendError` when asking fails.
    """
    target = target.strip()
    if is_address(target):
        return _view(target)
    entries = launchable(link)
    try:
        return _start(entries[find_package(target, entries)])
    except RefusedError:
        if _SITE.fullmatch(target):
            return _view(f"https://{target}")
        raise


def launchable(link: AdbLink) -> dict[str, str]:
    """The components of the launcher's apps by package."""
    asked = command("cmd", "package", "query-activities", "--brief", "-a", _MAIN, "-c", _LAUNCHER)
    found = [line.strip() for line in link.ask(asked).out.splitlines()]
    return {name.partition("/")[0]: name for name in reversed(found) if re.fullmatch(r"[\w.]+/[\w.$]+", name)}


def find_package(target: str, packages: Iterable[str]) -> str:
    """The one of `packages` that `target` names. Raises `RefusedError` for none and for several."""
    packages = sorted(packages)
    if target in packages:
        return target
    name = " ".join(re.sub(r"\bapp(?:lication)?\b", " ", target.lower()).split()) or target.lower()
    known = KNOWN.get(_SAME.get(name, name), ())
    if there := [package for package in known if package in packages]:
        return there[0]
    same = [package for package in packages if _squeezed(name) in map(_squeezed, _words(package))]
    scored = {package: _likeness(name, package) for package in packages}
    best = same or [package for package in packages if scored[package] >= _SURE]
    if len(best) == 1:
        return best[0]
    if best:
        raise RefusedError(f"{target!r} may be {' or '.join(best)}: open it by its package")
    near = sorted(packages, key=lambda package: -scored[package])[:5]
    raise RefusedError(f"no app called {target!r} on this phone; the nearest: {', '.join(near) or 'it lists none'}")


def _words(package: str) -> list[str]:
    """The parts of a package's name that may be the app's name."""
    return [part for part in package.lower().split(".") if part not in _TECHNICAL] or [package.lower()]


def _squeezed(text: str) -> str:
    return re.sub(r"[\W_]+", "", text)


def _likeness(name: str, package: str) -> float:
    wanted = _squeezed(name)
    return max(
        (fuzz.ratio(wanted, _squeezed(word)) for word in (*_words(package), "".join(_words(package)))), default=0
    )


def _start(component: str) -> Line:
    return command("am", "start", "-a", _MAIN, "-c", _LAUNCHER, "-f", _NEW_TASK, "-n", component)


def _view(address: str) -> Line:
    return command("am", "start", "-a", "android.intent.action.VIEW", "-d", address)
