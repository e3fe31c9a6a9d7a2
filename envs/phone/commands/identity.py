"""``id``, ``whoami``, ``date`` and ``service``."""

from __future__ import annotations

from datetime import UTC, datetime

from envs.phone.commands.answers import INTERFACES
from envs.phone.commands.info import SERVICES
from envs.phone.device import PhoneDevice
from envs.phone.sh import CommandCall, take_option


def whoami(phone: PhoneDevice, call: CommandCall) -> int:
    """``whoami``: shell, or root after ``adb root`` where that is allowed."""
    call.out("root\n" if phone.root else "shell\n")
    return 0


def id_(phone: PhoneDevice, call: CommandCall) -> int:
    """``id [-nugG]``."""
    number, name = (0, "root") if phone.root else (2000, "shell")
    flags = "".join(word[1:] for word in call.argv[1:])
    if set(flags) & set("ugG"):
        call.out(f"{name if 'n' in flags else number}\n")
        return 0
    groups = "" if phone.root else ",1004(input),1007(log),1011(adb),1015(sdcard_rw),3003(inet),3009(readproc)"
    domain = "su" if phone.root else "shell"
    call.out(f"uid={number}({name}) gid={number}({name}) groups={number}({name}){groups} context=u:r:{domain}:s0\n")
    return 0


def date(phone: PhoneDevice, call: CommandCall) -> int:
    """``date [-u] [-d DATE] [+FORMAT]``, and for root ``date MMDDhhmm[[CC]YY][.ss]``; the phone is in UTC."""
    words = [word for word in call.argv[1:] if word not in ("-u", "-R", "-I")]
    when = take_option(words, "-d")
    if when is not None:
        try:
            then = datetime.fromtimestamp(float(when[1:]), UTC) if when[:1] == "@" else datetime.fromisoformat(when)
        except (ValueError, OverflowError, OSError):
            return call.fail(f"bad date '{when}'")
        call.out(then.replace(tzinfo=UTC).strftime(words[0][1:] if words else "%a %b %e %H:%M:%S %Z %Y") + "\n")
        return 0
    given = words[0] if words else ""
    if not given or given.startswith("+"):
        call.out(phone.state.clock.now().strftime(given[1:] or "%a %b %e %H:%M:%S %Z %Y") + "\n")
        return 0
    try:
        moment = _moment(given, phone.state.clock.now())
    except ValueError:
        return call.fail(f"bad date '{given}'")
    if not phone.root:
        return call.fail("cannot set date: Operation not permitted")
    phone.state.clock.set(moment)
    call.out(moment.strftime("%a %b %e %H:%M:%S %Z %Y") + "\n")
    return 0


def _moment(text: str, now: datetime) -> datetime:
    """Toybox's ``MMDDhhmm[[CC]YY][.ss]``. Raises ValueError."""
    digits, _, seconds = text.partition(".")
    if not digits.isdecimal() or len(digits) not in (8, 10, 12):
        raise ValueError(text)
    year = digits[8:] or str(now.year)
    year = year if len(year) == 4 else f"20{year}"
    return datetime.strptime(f"{year}{digits[:8]}{seconds or '00'}", "%Y%m%d%H%M%S").replace(tzinfo=UTC)


def service(phone: PhoneDevice, call: CommandCall) -> int:
    """``service list | check NAME | call NAME CODE …``: calls do nothing, but for ``call alarm 3 s16 ZONE``."""
    words = call.argv[1:]
    if words == ("list",):
        call.out(f"Found {len(SERVICES)} services:\n" + "".join(
            f"{n}\t{name}: [{INTERFACES.get(name, '')}]\n" for n, name in enumerate(sorted(SERVICES))))  # fmt: skip
    elif words[:1] == ("check",) and len(words) == 2:
        call.out(f"Service {words[1]}: {'found' if words[1] in SERVICES else 'not found'}\n")
    elif words[:1] == ("call",) and len(words) > 2 and words[2].isdecimal():
        if words[1] not in SERVICES:
            return call.fail(f"Service {words[1]} does not exist", 10)
        if words[1:4] == ("alarm", "3", "s16") and len(words) == 5:
            phone.state.properties["persist.sys.timezone"] = words[4]
        call.out("Result: Parcel(00000000    '....')\n")
    else:
        call.write_error(b"service: Unknown command " + " ".join(words[:1]).encode() + b"\n")
        call.out("Usage: service [-h|-?]\n       service list\n       service check SERVICE\n"
                 "       service call SERVICE CODE [i32 N | i64 N | f N | d N | s16 STR | null | fd f | nfd n | afd f ]"
                 " ...\n")  # fmt: skip
        return 10
    return 0
