"""Opening apps and addresses.

A name is looked up among the labels that the launcher shows, then in a table of well-known apps, then among whole words
of labels, and of package names where there is no label. What fits none or several opens nothing and is an error.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from rapidfuzz import fuzz

from actions.adb.launcher import LAUNCHER, MAIN, LauncherApp, LauncherApps
from actions.adb.lines import Line, command
from actions.backend import RefusedError

_NEW_TASK = "0x10200000"
"""FLAG_ACTIVITY_NEW_TASK and RESET_TASK_IF_NEEDED, as a launcher starts an app."""
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://\S+|(?:mailto|tel|sms|smsto|geo|market|about|data):\S+", re.IGNORECASE)
_SITE = re.compile(r"(?:[a-z0-9-]+\.)+[a-z]{2,}(?::\d+)?(?:[/?#]\S*)?", re.IGNORECASE)

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
    "internet": ("com.sec.android.app.sbrowser",),
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


def open_line(apps: LauncherApps, target: str, display: int = 0) -> Line:
    """The command line that opens `target`: an address, a package, a component, or an app's name. Opens nothing.
    `display` is the logical id of the display to open it on.

    Raises `RefusedError` for a name that fits no app or several, with the nearest; `BackendError` when asking fails.
    """
    target = target.strip()
    if is_address(target):
        return _view(target, display)
    try:
        exact = "." in target and _exact(target, apps.unnamed())
        return _start((exact[0] if exact else find_app(target, apps.named())).component, display)
    except RefusedError:
        if _SITE.fullmatch(target):
            return _view(f"https://{target}", display)
        raise


def find_app(target: str, apps: Sequence[LauncherApp]) -> LauncherApp:
    """The one of `apps` that `target` names. Raises `RefusedError` for none and for several."""
    if exact := _exact(target, apps):
        return exact[0]
    bare = " ".join(re.sub(r"\bapp(?:lication)?\b", " ", target, flags=re.IGNORECASE).split())
    for name in dict.fromkeys((target, bare or target)):
        if best := _same_label(name, apps) or _well_known(name, apps) or _with_words(name, apps):
            if len(best) > 1:
                alike = len({app.package for app in best}) == 1
                several = " or ".join(app.component if alike else _told(app) for app in best)
                raise RefusedError(f"{target!r} may be {several}: open it by its {'activity' if alike else 'package'}")
            return best[0]
    near = sorted(apps, key=lambda app: -_likeness(target, app))[:5]
    told = ", ".join(map(_told, near)) or "it lists none"
    raise RefusedError(f"no app called {target!r} on this phone; the nearest: {told}")


def _exact(target: str, apps: Sequence[LauncherApp]) -> list[LauncherApp]:
    return [app for app in apps if target in (app.package, app.component)]


def _same_label(name: str, apps: Sequence[LauncherApp]) -> list[LauncherApp]:
    wanted = "".join(_words(name))
    return [app for app in apps if wanted and app.label and "".join(_words(app.label)) == wanted]


def _well_known(name: str, apps: Sequence[LauncherApp]) -> list[LauncherApp]:
    known = KNOWN.get(_SAME.get(name.lower(), name.lower()), ())
    there = {app.package: app for app in reversed(apps)}
    return [there[package] for package in known if package in there][:1]


def _with_words(name: str, apps: Sequence[LauncherApp]) -> list[LauncherApp]:
    """Those whose label has all words of `name` in a row, or, where it is not known, whose package has the word."""
    wanted = _words(name)
    rows = [
        app for app in apps
        if app.label and wanted
        and any(words[n : n + len(wanted)] == wanted for words in [_words(app.label)] for n in range(len(words)))
    ]  # fmt: skip
    packages = {app.package: app for app in reversed(apps) if app.label is None}
    return rows + [app for app in reversed(packages.values()) if "".join(wanted) in map(_squeezed, _parts(app.package))]


def _parts(package: str) -> list[str]:
    """The parts of a package's name that may be the app's name."""
    return [part for part in package.lower().split(".") if part not in _TECHNICAL] or [package.lower()]


def _words(text: str) -> list[str]:
    """The words of a name without case, diacritics and signs; marks of other scripts than Latin are letters."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not "\u0300" <= c <= "\u036f")
    kept = "".join(" " if unicodedata.category(c)[0] in "PZC" else c for c in unicodedata.normalize("NFC", plain))
    return kept.split()


def _squeezed(text: str) -> str:
    return re.sub(r"[\W_]+", "", text)


def _told(app: LauncherApp) -> str:
    return f"{app.label} ({app.package})" if app.label else app.package


def _likeness(name: str, app: LauncherApp) -> float:
    wanted = "".join(_words(name))
    parts = (*_parts(app.package), "".join(_parts(app.package)), *_words(app.label or ""), app.label or "")
    return max(fuzz.ratio(wanted, "".join(_words(part))) for part in parts)


def _start(component: str, display: int) -> Line:
    return command("am", "start", *_where(display), "-a", MAIN, "-c", LAUNCHER, "-f", _NEW_TASK, "-n", component)


def _view(address: str, display: int) -> Line:
    return command("am", "start", *_where(display), "-a", "android.intent.action.VIEW", "-d", address)


def _where(display: int) -> tuple[str, ...]:
    return ("--display", str(display)) if display else ()
