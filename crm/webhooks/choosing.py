"""Which kinds of events an endpoint hears of: single ones, all about a noun, or all."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Sequence

from crm.errors import ValidationFailed
from crm.events import EventType

ALL = "*"
MOST = 100
UNTOLD = frozenset({EventType.WEBHOOK_TESTED.value})
"""A test concerns the endpoint that is tested and no other."""
KNOWN = tuple(each.value for each in EventType if each.value not in UNTOLD)
NOUNS = tuple(sorted({each.partition(".")[0] for each in KNOWN}))


def accepted(patterns: Collection[str], *, field: str = "eventTypes") -> list[str]:
    """The patterns, each once; raises ValidationFailed for one that no event can fit."""
    wanted = list(dict.fromkeys(pattern.strip() for pattern in patterns))
    if not wanted:
        raise ValidationFailed("Name at least one kind of event, or * for all.", path=(field,))
    if len(wanted) > MOST:
        raise ValidationFailed(f"{len(wanted)} kinds are too many; name at most {MOST}, or * for all.", path=(field,))
    for place, pattern in enumerate(wanted):
        if not any(fits(pattern, each) for each in KNOWN):
            raise _unknown(pattern, (field, str(place)))
    return wanted


def _unknown(pattern: str, path: tuple[str, ...]) -> ValidationFailed:
    clip, known = pattern[:60], [*KNOWN, *(f"{noun}.*" for noun in NOUNS)]
    near = difflib.get_close_matches(pattern, known, n=1, cutoff=0.6)
    if near:
        return ValidationFailed(f"No event is called '{clip}'; did you mean {near[0]}?", path=path)
    return ValidationFailed(
        f"No event is called '{clip}'; name one such as order.recorded, customer.* or *.", path=path
    )


def fits(pattern: str, type: str) -> bool:
    if type in UNTOLD:
        return False
    return pattern in (ALL, type) or (pattern.endswith(".*") and type.startswith(pattern[:-1]))


def chooses(patterns: Sequence[str], type: str) -> bool:
    return any(fits(pattern, type) for pattern in patterns)
