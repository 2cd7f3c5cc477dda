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
        raise ValidationFailed(f"{len(wanted)} kinds of events are too many; name at most {MOST}, or *.", path=(field,))
    for place, pattern in enumerate(wanted):
        if not any(fits(pattern, each) for each in KNOWN):
            near = difflib.get_close_matches(pattern, [*KNOWN, *(f"{noun}.*" for noun in NOUNS)], n=1, cutoff=0.6)
            hint = f"did you mean {near[0]}?" if near else "name one such as order.recorded, customer.* or *."
            raise ValidationFailed(f"No event is called '{pattern[:60]}'; {hint}", path=(field, str(place)))
    return wanted


def fits(pattern: str, type: str) -> bool:
    if type in UNTOLD:
        return False
    return pattern in (ALL, type) or (pattern.endswith(".*") and type.startswith(pattern[:-1]))


def chooses(patterns: Sequence[str], type: str) -> bool:
    return any(fits(pattern, type) for pattern in patterns)
