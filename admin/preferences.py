"""How a reader wants the panel: language, time zone, calendar, digits, colours; kept in cookies."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from babel import negotiate_locale
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette_admin.i18n import get_locale, get_timezone, set_locale, set_timezone

from admin.catalogues import LANGUAGES
from crm import codes

CHOICES: dict[str, tuple[str, ...]] = {
    "language": LANGUAGES,
    "calendar": ("auto", "gregorian", "jalali"),
    "digits": ("auto", "latin", "persian"),
    "theme": ("auto", "light", "dark"),
}
"""What each cookie may hold; anything else counts as the first, or for the language as what the browser asks for."""

KEPT_FOR = 365 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Preferences:
    """The reader's choices for one request."""

    calendar: str = "auto"
    digits: str = "auto"
    theme: str = "auto"

    @property
    def jalali(self) -> bool:
        return self.calendar == "jalali" or (self.calendar == "auto" and get_locale() == "fa")

    @property
    def persian_digits(self) -> bool:
        return self.digits == "persian" or (self.digits == "auto" and get_locale() == "fa")


_NONE = Preferences()
_current: ContextVar[Preferences] = ContextVar("preferences", default=_NONE)


def current() -> Preferences:
    return _current.get()


def chosen(cookies: dict[str, str], name: str) -> str:
    value = cookies.get(name, "")
    return value if value in CHOICES[name] else CHOICES[name][0]


def asked_language(header: str) -> str:
    """The language of ours that an Accept-Language header asks for first."""
    ranked = sorted(_weights(header), key=lambda pair: -pair[1])
    wanted = [tag.replace("-", "_") for tag, weight in ranked if weight > 0]
    found = negotiate_locale([part for tag in wanted for part in (tag, tag.split("_")[0])], LANGUAGES)
    return found or LANGUAGES[0]


def _weights(header: str) -> list[tuple[str, float]]:
    pairs = []
    for entry in header.split(",")[:20]:
        tag, _, weight = entry.strip().partition(";q=")
        try:
            pairs.append((tag, float(weight or 1)))
        except ValueError:
            continue
    return pairs


class PreferencesMiddleware:
    """Reads the cookies into context variables, where texts, dates and numbers find them."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            read_cookies(HTTPConnection(scope))
        await self.app(scope, receive, send)


def read_cookies(connection: HTTPConnection) -> None:
    cookies = connection.cookies
    known = cookies.get("language") in LANGUAGES
    set_locale(cookies["language"] if known else asked_language(connection.headers.get("accept-language", "")))
    zone = cookies.get("timezone", "UTC")
    set_timezone(zone if zone in codes.time_zones() else "UTC")
    _current.set(Preferences(**{name: chosen(cookies, name) for name in ("calendar", "digits", "theme")}))


def keep(response: Response, choices: dict[str, Any], *, secure: bool) -> None:
    """Set the cookies of valid choices; the scripts read the zone, so none is HttpOnly."""
    for name, value in choices.items():
        valid = value in codes.time_zones() if name == "timezone" else value in CHOICES.get(name, ())
        if valid:
            response.set_cookie(name, str(value), max_age=KEPT_FOR, samesite="lax", secure=secure, path="/")


def in_force(request: Request) -> dict[str, str]:
    """What applies now, by cookie name."""
    found = current()
    return {
        "language": get_locale(),
        "timezone": get_timezone(),
        "calendar": found.calendar,
        "digits": found.digits,
        "theme": found.theme,
    }
