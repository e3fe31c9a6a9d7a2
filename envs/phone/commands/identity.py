"""``id``, ``whoami``, ``date`` and ``service``."""

from __future__ import annotations

from datetime import UTC, datetime

from envs.phone.commands.info import SERVICES
from envs.phone.device import PhoneDevice
from envs.phone.sh import CommandCall


def whoami(phone: PhoneDevice, call: CommandCall) -> int:
    """``whoami``: shell, or root after ``adb root`` where that is allowed."""
    call.out("root\n" if phone.root else "shell\n")
    return 0


def id_(phone: PhoneDevice, call: CommandCall) -> int:
    """``id [-u]``."""
    number, name = (0, "root") if phone.root else (2000, "shell")
    call.out(
        f"{number}\n" if "-u" in call.argv else f"uid={number}({name}) gid={number}({name}) groups={number}({name})\n"
    )
    return 0


def date(phone: PhoneDevice, call: CommandCall) -> int:
    """``date [-u] [+FORMAT]``, and for root ``date MMDDhhmm[[CC]YY][.ss]``; the phone is in UTC."""
    words = [word for word in call.argv[1:] if word != "-u"]
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
    """``service list | check NAME | call alarm 3 s16 ZONE``; no other calls."""
    words = call.argv[1:]
    if words == ("list",):
        call.out(
            f"Found {len(SERVICES)} services:\n" + "".join(f"{n}\t{name}: []\n" for n, name in enumerate(SERVICES))
        )
    elif words[:1] == ("check",) and len(words) == 2:
        call.out(f"Service {words[1]}: {'found' if words[1] in SERVICES else 'not found'}\n")
    elif words[:4] == ("call", "alarm", "3", "s16") and len(words) == 5:
        phone.state.properties["persist.sys.timezone"] = words[4]
        call.out("Result: Parcel(00000000    '....')\n")
    else:
        return call.fail(f"the simulated phone does not know: service {' '.join(words)}", 10)
    return 0
