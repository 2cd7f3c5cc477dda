"""The customers of a block as rows, with their names put together from the pools."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from crm.demo.simulate import keys
from crm.demo.simulate.blocks import Block
from crm.demo.simulate.names import Tongue
from crm.demo.simulate.place import Place

CUSTOMER = (
    "id", "created_at", "updated_at", "version", "kind", "display_name", "given_name", "family_name",
    "organization_name", "sort_name", "language", "country", "city", "time_zone", "owner_id", "acquisition_source",
    "acquisition_channel", "acquired_at", "birthday", "custom_fields", "search_text",
)  # fmt: skip
IDENTITY = ("id", "created_at", "updated_at", "customer_id", "kind", "source", "value", "normalized", "is_primary")
CHANNELS: dict[str, tuple[str, str]] = {
    "search": ("google", "bing"),
    "referral": ("customer", "partner"),
    "fair": ("spring fair", "autumn fair"),
    "advertisement": ("newspaper", "billboard"),
}
"""How customers were acquired, and from where."""
CAME = [(source, channel) for channel, sources in CHANNELS.items() for source in sources]
OLDEST, YEARS = date(1946, 1, 1), 60
EMAIL = 1
"""The number of a customer's e-mail address among its identities; its number in the source is the first."""

Row = tuple[Any, ...]


def people(place: Place, block: Block, pools: Sequence[Tongue], staff: Sequence[UUID]) -> Iterator[tuple[Row, Row]]:
    """Each customer's row, and that of its e-mail address."""
    own = keys.as_uuids(place.keys(keys.CUSTOMER, block.numbers))
    mail = keys.as_uuids(place.keys(keys.IDENTITY, block.numbers, EMAIL))
    columns = (block.numbers, block.organization, block.tongue, *block.names, block.city, block.acquired, block.channel,
               block.owner)  # fmt: skip
    for at, (number, firm, tongue, one, two, three, city, acquired, channel, owner) in enumerate(
        zip(*(column.tolist() for column in columns), strict=True)
    ):
        pool = pools[tongue]
        address = f"customer{number:09}@{place.source}.example"
        named = _firm(pool, three) if firm else _person(pool, one, two)
        row = (
            own[at], place.now, place.now, 1, *named[:6], pool.language, pool.country,
            pool.cities[city % len(pool.cities)], pool.time_zone, staff[owner % len(staff)] if owner >= 0 else None,
            *CAME[channel * 2 + three % 2], datetime.fromtimestamp(acquired / 1_000_000, UTC),
            None if firm else _born(one, two), "{}",
            f"{named[6]}\n{number:09}\n{address}",
        )  # fmt: skip
        yield row, (mail[at], place.now, place.now, own[at], "EMAIL", "", address, address, False)


def _born(one: int, two: int) -> date:
    """A birthday that follows from the numbers of the names."""
    return OLDEST + timedelta(days=(one * 31 + two) % (YEARS * 365))


def _person(pool: Tongue, one: int, two: int) -> tuple[Any, ...]:
    """Kind, display name, given name, family name, no firm, sort name, and what searches look through."""
    given, plain_given = pool.given[one % len(pool.given)]
    family, plain_family = pool.family[two % len(pool.family)]
    shown = f"{family}{given}" if pool.language == "zh" else f"{given} {family}"
    searched = [f"{plain_family}{plain_given}" if pool.language == "zh" else f"{plain_given} {plain_family}"]
    text = "\n".join(dict.fromkeys([*searched, plain_given, plain_family]))
    return "PERSON", shown, given, family, None, f"{plain_family} {plain_given}", text


def _firm(pool: Tongue, three: int) -> tuple[Any, ...]:
    name, plain = pool.firms[three % len(pool.firms)]
    return "ORGANIZATION", name, None, None, name, plain, plain
