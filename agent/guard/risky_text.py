"""What a text does where it is typed or opened: commands, code in addresses, files that hold keys, card numbers."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import urlsplit

from agent.guard.apps import is_powerful
from agent.guard.risk_words import says

_COMMAND = re.compile(
    r"\b(?:sudo|doas|pkexec|runas)\s+\S|\bsu\s+-|\brm\s+(?:-|/|~|\*|\.)|\b(?:mkfs|wipefs|shred|fdisk|parted|mkswap)\b"
    r"|\bdd\s+(?:if|of)=|\bch(?:mod|own|attr)\s+[-+\w:]|\b(?:curl|wget)\b.*\|\s*\w*sh\b|\b(?:curl|wget)\s+(?:-|https?:)"
    r"|\b(?:\w*sh|python3?|perl|ruby|node|php|osascript)\s+-[a-z]*[cei]\b|/dev/(?:tcp|sd|nvme)|\bbase64\s+(?:-d|--dec)"
    r"|\b(?:kill|killall|pkill)\s+-?\w|\b(?:shutdown|reboot|poweroff|halt)\b(?:\s+(?:-|/|now|\+)|$)|\binit\s+[06]\b"
    r"|\bsystemctl\s+\w|\bservice\s+\w+\s+(?:stop|start|restart)|\bnc\s+-|\bncat\b|\bxargs\s+\w|\bfind\s.*-(?:delete|exec)"
    r"|\b(?:apt|apt-get|aptitude|dnf|yum|zypper|brew|snap|pip3?|npm|pnpm|yarn|gem|cargo|flatpak|choco|winget|pkg|pm)\s+"
    r"(?:-\S+\s+)*(?:install|remove|purge|uninstall|autoremove|upgrade|update|add|delete|clear)\b|\bpacman\s+-[SRU]"
    r"|\bdpkg\s+-|\bgit\s+(?:push|reset|clean|rebase|checkout\s+--)|\b(?:docker|podman)\s+(?:rm|rmi|run|system|volume)"
    r"|\bkubectl\s+(?:delete|apply|exec|drain)|\bterraform\s+(?:apply|destroy)|\baws\s+\w+\s+\w|\badb\s+(?:shell|install)"
    r"|\b(?:DROP|TRUNCATE|ALTER)\s+(?:TABLE|DATABASE|USER|SCHEMA)|\bDELETE\s+FROM\b|\bUPDATE\s+\S+\s+SET\b|\bGRANT\s+\w+"
    r"\s+ON\b|\bpowershell\b|\bInvoke-\w+|\biex\b|\bSet-ExecutionPolicy|\b(?:Remove|Stop|Clear|Format)-[A-Z]\w+"
    r"|\breg\s+(?:add|delete|import)|\bdel\s+/|\b(?:rmdir|rd)\s+/s|\bformat\s+[a-z]:|\bnet\s+(?:user|localgroup|stop)"
    r"|\b(?:schtasks|vssadmin|bcdedit|diskpart|certutil|mshta|rundll32|regsvr32|wmic)\b|\bcrontab\b|\bat\s+now\b"
    r"|\b(?:useradd|usermod|userdel|adduser|deluser|passwd|visudo)\b(?:\s|$)|:\(\)\s*\{|>\s*/(?:dev|etc|usr|boot)/"
    r"|>>?\s*~/\.|\$\([^)]+\)|;\s*(?:rm|curl|wget|cat)\s|&&\s*\w+\s|\bssh(?:-copy-id)?\s+\S+@|\b(?:scp|sftp|rsync)\s.*[@:]"
    r"|\bhistory\s+-c|\btruncate\s+-s|\biptables\b|\bufw\s+\w|\bnohup\s|\bmount\s+\S+\s+/|\bumount\s+/|\bcat\s+/etc/"
    r"|\b(?:eval|exec)\s*\(|__import__|\bos\.system\b|\bsubprocess\.|\bchild_process\b|\bexport\s+\w+=|\bsource\s+\S",
    re.MULTILINE,
)
_KEYS = re.compile(
    r"\.ssh/|authorized_keys|id_(?:rsa|ed25519|ecdsa)|\.(?:bashrc|bash_profile|profile|zshrc|zprofile|xinitrc|xprofile)\b"
    r"|/etc/|\.aws/|\.gnupg|\.netrc|\.pgpass|\.kube/|\.npmrc|\.pypirc|(?:^|[\s/])\.env\b|autostart|\.desktop\b|cron\.d"
    r"|\.git/hooks|[Ss]ystem32|\\Startup\\|LaunchAgents|wallet\.dat|\.service\b(?!\s)|\.docker/config|\.config/systemd",
)
_RUNS_CODE = re.compile(
    r"(?:^|[\"'(<=])(?:javascript|vbscript|jscript|livescript|mocha):.|(?:^|[\"'(<=,])data:[\w.+-]+/[\w.+-]+[;,]"
    r"|(?:^|[\"'(<=])data:(?:[;,]|text)|intent:(?://|#)|(?:^|[\"'(<=])file:[/\\]|android-app://|itms-services:"
)
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]+):", re.IGNORECASE)
_PLAIN = frozenset({"http", "https"})
_OTHER = re.compile(r"(?:view-source|chrome|edge|about|content|blob|filesystem|smb|ftp|ssh|telnet|tel|sms|market|shell|"
                    r"search-ms|ms-[a-z-]+|steam|vscode|brave|opera|resource|jar|mms|ldap|dict|gopher|sftp):(?!\s)\S",
                    re.IGNORECASE)  # fmt: skip
_PROGRAM = re.compile(
    r"\.(?:exe|msi|bat|cmd|ps1|vbs|scr|com|pif|hta|jar|jnlp|apk|apks|xapk|ipa|deb|rpm|appimage|flatpakref|run|bin|sh|bash"
    r"|command|pkg|dmg|iso|desktop|py|pl|reg|lnk|crx|xpi|wsf|docm|xlsm|pptm)\b(?![\w-])(?!\.\w)",
    re.IGNORECASE,
)


def names_program(text: str) -> bool:
    """Whether `text` ends in the name of a file that runs when it is opened."""
    return any(found.end() == len(text.strip()) for found in _PROGRAM.finditer(text.strip()))


def address_risk(text: str) -> str | None:
    """Why going to the address `text` is risky; None where it is no address, or one of an ordinary page."""
    flat = "".join(unicodedata.normalize("NFKC", text).split()).replace("\0", "").casefold()
    if _RUNS_CODE.search(flat):
        return "this address runs code, opens an app or reads a file"
    if " " not in text.strip() and (found := _OTHER.match(text.strip())) and flat != "about:blank":
        return f"this is no address of a web page, but {found.group(0).split(':')[0]}:"
    if not re.match(r"https?://|www\.", flat) or " " in text.strip():
        return None
    parts = urlsplit(text.strip())
    if names_program(parts.path):
        return "this address is that of a program"
    if "@" in parts.netloc:
        return "this address hides its host behind a name"
    for part in re.split(r"[/?&=#.]", f"{parts.path}?{parts.query}"):
        if len(part) > 2 and any(says(kind, part, exactly=True) for kind in ("deletes", "pays", "leaves")):
            return f"this address says “{part}”"
    return None


def text_risk(text: str) -> str | None:
    """Why typing `text` is risky wherever it is typed; None where it is not."""
    if _COMMAND.search(text):
        return "this is a command"
    if _KEYS.search(text):
        return "this names a file that holds keys or starts programs"
    if _holds_card(text):
        return "this has the number of a payment card"
    return next((why for line in text.splitlines() if (why := address_risk(line))), None)


def target_risk(target: str) -> str | None:
    """Why opening `target`, a program, a file or an address, is risky; None where it is not."""
    target = target.strip()
    if why := text_risk(target):
        return why
    scheme = _SCHEME.match(target)
    if scheme and scheme.group(1).casefold() not in _PLAIN:
        return None if target == "about:blank" else f"this is no address of a web page, but {scheme.group(1)}:"
    if scheme:
        return None
    if target[:1] in "/~.\\" or re.match(r"[A-Za-z]:\\", target) or names_program(target):
        return "this opens a file by its path or a program file"
    words = target.split()
    if is_powerful(target) or (words and is_powerful(words[0].rsplit("/", 1)[-1])):
        return "this starts a terminal or a program that changes the system"
    return "this starts a program with arguments" if any(word.startswith("-") for word in words[1:]) else None


def _holds_card(text: str) -> bool:
    """Whether `text` has 13 to 19 digits that pass Luhn's check."""
    for found in re.finditer(r"(?<![\d.])\d(?:[ -]?\d){12,18}(?!\d)", text):
        digits = [int(c) for c in reversed(found.group(0)) if c.isdigit()]
        doubled = [d if at % 2 == 0 else (2 * d - 9 if d > 4 else 2 * d) for at, d in enumerate(digits)]
        if sum(doubled) % 10 == 0 and len(set(digits)) > 1:
            return True
    return False
