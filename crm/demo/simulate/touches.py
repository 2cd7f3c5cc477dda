"""The interactions of a block as rows: calls, offers, complaints and surveys, with what was said in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from crm.demo.simulate import keys
from crm.demo.simulate.binary import Column, empty, integers, money, null, shorts, text, texts, times, uuids
from crm.demo.simulate.blocks import Block, Ints, Touches
from crm.demo.simulate.place import Place, Rows, packed

Texts = NDArray[np.bytes_]
HOUR = 3_600_000_000
KINDS: tuple[tuple[str, str, str, str], ...] = (
    ("PHONE", "INBOUND", "CALL", "A question about an order"),
    ("EMAIL", "OUTBOUND", "EMAIL", "An offer that fits the last purchase"),
    ("PHONE", "INBOUND", "COMPLAINT", "A delivery that was late"),
    ("WEB", "INBOUND", "SURVEY", "Would you recommend us?"),
)
CALL, COMPLAINT, SURVEY = 0, 2, 3
COSTS = (450, 40, 1200, 20)
"""Of an interaction of each kind, in cents."""


def touches(place: Place, block: Block) -> Iterator[Rows]:
    made = block.touches
    for kind, (channel, direction, name, subject) in enumerate(KINDS):
        mine = np.flatnonzero(made.kind == kind)
        columns = place.common(keys.TOUCH, made.customer[mine], made.number[mine]) | {
            "version": integers(np.array([1])),
            "channel": text(channel),
            "direction": text(direction),
            "kind": text(name),
            "staff_id": uuids(place.staff[made.staff[mine] % len(place.staff)]),
            "occurred_at": times(made.at[mine]),
            "subject": text(subject),
            "body": empty(),
            "rating_kind": text("NPS") if kind == SURVEY else null(),
            "rating": shorts(made.rating[mine]) if kind == SURVEY else null(),
            "cost": money(np.array([COSTS[kind]])),
            "cost_currency": text(place.currency),
        }
        yield packed("interaction", columns | _TOLD.get(kind, _unsaid)(made, mine), len(mine))


def _promised(made: Touches, mine: Ints) -> dict[str, Column]:
    """Complaints are to be answered within two days, which most are, and tell how much effort they took."""
    hours = (made.customer[mine] * 7 + made.number[mine] * 13 + made.rating[mine]) % 60
    at = made.at[mine]
    return {
        "rating_kind": text("CES"),
        "rating": shorts(1 + made.rating[mine] * 6 // 10),
        "answer_due_at": times(at + 48 * HOUR),
        "answered_at": times(at + (hours + 1) * HOUR),
        "sentiment": text("NEGATIVE"),
    }


def _asked(made: Touches, mine: Ints) -> dict[str, Column]:
    """Surveys ask about single things too: service goes with the score the most, then delivery, the price hardly."""
    score, chance = made.rating[mine], made.customer[mine] * 7 + made.number[mine] * 13
    ratings = {
        "delivery": (2 * score + chance % 11) // 3,
        "price": (score + 5 * (chance % 7)) // 4,
        "service": score + chance % 3 - 1,
    }
    told: Texts = np.full(len(mine), b"\x01{", dtype="S2")  # in binary form, jsonb begins with its version
    for number, (name, rating) in enumerate(ratings.items()):
        two_wide = _TWO_WIDE[np.clip(rating, 1, 10)]
        told = np.char.add(np.char.add(told, f'{", " if number else ""}"{name}": '.encode()), two_wide)
    return {"attribute_ratings": texts(np.char.add(told, b"}")), "sentiment": _felt(score)}


_TWO_WIDE = np.array([f"{number:2}".encode() for number in range(11)])


def _felt(score: Ints) -> Column:
    return texts(np.where(score >= 7, b"POSITIVE", b"NEGATIVE"))


def _answered(made: Touches, mine: Ints) -> dict[str, Column]:
    return {"sentiment": _felt(made.rating[mine])}


def _unsaid(made: Touches, mine: Ints) -> dict[str, Column]:
    return {}


_TOLD: dict[int, Callable[[Touches, Ints], dict[str, Column]]] = {CALL: _answered, COMPLAINT: _promised, SURVEY: _asked}
