"""Names of people, firms and places in Persian, Chinese and English; pools from which customers are put together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from crm import text
from crm.errors import NotFound

try:
    from faker import Faker
except ModuleNotFoundError:
    Faker: Any = None  # type: ignore[no-redef]

SIZE = 400
DIALECTS = (
    ("fa_IR", "fa", "IR", "Asia/Tehran"),
    ("zh_CN", "zh", "CN", "Asia/Shanghai"),
    ("en_GB", "en", "GB", "Europe/London"),
)
"""Faker's locale, and the language, country and time zone of customers that bear such names."""


@dataclass(frozen=True)
class Tongue:
    """A language's pools; each name with its normal form."""

    language: str
    country: str
    time_zone: str
    given: tuple[tuple[str, str], ...]
    family: tuple[tuple[str, str], ...]
    firms: tuple[tuple[str, str], ...]
    cities: tuple[str, ...]


def tongues(seed: int) -> tuple[Tongue, ...]:
    """The pools, the same for the same seed. Raises NotFound when Faker is not installed."""
    if Faker is None:
        raise NotFound("Simulated names come from the package 'faker': `pip install faker`, or arzesh[demo].")
    return tuple(_tongue(seed, *dialect) for dialect in DIALECTS)


def _tongue(seed: int, locale: str, language: str, country: str, time_zone: str) -> Tongue:
    fake = Faker(locale)
    fake.seed_instance(seed)

    def pool(kind: str) -> tuple[tuple[str, str], ...]:
        names = dict.fromkeys(" ".join(str(getattr(fake, kind)()).split()) for _ in range(SIZE))
        return tuple((name, text.normalise(name)) for name in names)

    return Tongue(
        language,
        country,
        time_zone,
        pool("first_name"),
        pool("last_name"),
        pool("company"),
        tuple(name for name, _ in pool("city")),
    )
