"""How each kind of setting is read from text; a ValueError says what would be right."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

YES = {"1", "true", "yes", "on"}
NO = {"0", "false", "no", "off"}
SECONDS = {"": 1.0, "ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}
BYTES = {"": 1, "b": 1, "kb": 1000, "mb": 1000**2, "gb": 1000**3, "kib": 1024, "mib": 1024**2, "gib": 1024**3}
QUANTITY = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]*)", re.IGNORECASE)


def text(raw: str) -> str:
    return raw


def path(raw: str) -> Path:
    found = Path(raw).expanduser()
    if not found.is_absolute():
        raise ValueError("a whole path is needed, beginning with / or ~.")
    return found


def boolean(raw: str) -> bool:
    if raw.lower() not in YES | NO:
        raise ValueError("say yes or no.")
    return raw.lower() in YES


def choice(*allowed: str) -> Callable[[str], str]:
    def one_of(raw: str) -> str:
        if raw.lower() not in allowed:
            raise ValueError(f"choose one of {', '.join(allowed)}.")
        return raw.lower()

    return one_of


def count(least: int, most: int) -> Callable[[str], int]:
    def whole_number(raw: str) -> int:
        if not re.fullmatch(r"-?\d{1,12}", raw) or not least <= int(raw) <= most:
            raise ValueError(f"a whole number from {least} to {most} is needed.")
        return int(raw)

    return whole_number


def port_number(raw: str) -> int:
    return count(1, 65535)(raw)


def duration(raw: str) -> float:
    """Seconds from '5', '500 ms', '5 s', '2 min' or '1 h'; above zero and at most a day."""
    seconds = _quantity(raw, SECONDS, "a time such as 5, 500ms, 2min or 1h is needed, from 1ms to 24h.")
    if not 0.001 <= seconds <= 86_400:
        raise ValueError("a time such as 5, 500ms, 2min or 1h is needed, from 1ms to 24h.")
    return seconds


def size(raw: str) -> int:
    """Bytes from '1000000', '1 MB' or '1 MiB'; at least one."""
    found = int(_quantity(raw, BYTES, "a size such as 500kB, 1MB or 1MiB is needed."))
    if found < 1:
        raise ValueError("a size such as 500kB, 1MB or 1MiB is needed.")
    return found


def _quantity(raw: str, units: dict[str, float] | dict[str, int], remedy: str) -> float:
    found = QUANTITY.fullmatch(raw)
    if not found or found[2].lower() not in units:
        raise ValueError(remedy)
    return float(found[1]) * units[found[2].lower()]


def currency(raw: str) -> str:
    if not re.fullmatch(r"[A-Za-z]{3}", raw):
        raise ValueError("a currency code of three letters is needed, such as USD or IRR.")
    return raw.upper()


def zone(raw: str) -> str:
    try:
        ZoneInfo(raw)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("an IANA time zone is needed, such as UTC or Asia/Tehran.") from None
    return raw


def domain_list(raw: str) -> tuple[str, ...]:
    return tuple(part for part in re.split(r"[\s,]+", raw) if part)


def postgres_url(raw: str) -> str:
    """An address of PostgreSQL, of several hosts too, whose ports are numbers."""
    parts = urlsplit(raw)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ValueError("an address like postgresql://user:password@host:5432/database is needed.")
    hosts = parts.netloc.rpartition("@")[2]
    if parts.fragment or not all(re.fullmatch(r"(\[[^\]]*\]|[^:]*)(:\d{1,5})?", host) for host in hosts.split(",")):
        raise ValueError(
            "an address like postgresql://user:password@host:5432/database is needed; in user and password write "
            "@ as %40, : as %3A, / as %2F, # as %23 and ? as %3F."
        )
    return raw


def public_address(raw: str) -> str:
    parts = urlsplit(raw)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("an address like https://crm.example.com is needed.")
    return raw
