"""The potentials beyond past profit: growth, the customers brought, and what is learned from a customer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crm.value import growth, rfm
from crm.value.arrays import Floats
from crm.value.assumptions import Assumptions
from crm.value.columns import Column, Figures, money
from crm.value.findings import Findings
from crm.value.worth import Worth, group_numbers, spread


@dataclass(frozen=True)
class Growth:
    """Margin that buyers could bring on top of what is expected of them, within the horizon; shape (m,) each.

    gap: from what is not spent here yet, of the wallet where it is known, else of what alike customers spend;
    selling: from categories of products that they do not buy yet. They overlap, so the larger counts.
    """

    gap: Floats
    selling: Floats

    @property
    def potential(self) -> Floats:
        return np.maximum(self.gap, self.selling)


def growing(worth: Worth, assumed: Assumptions, findings: Findings) -> Growth | None:
    """What the buyers of a book could still bring; None without a forecast."""
    book, ahead = worth.book, worth.forecast
    if ahead is None:
        return None
    alike = np.array([findings.wallets.get(name, 0.0) for name in rfm.GROUPS])[group_numbers(book, findings)]
    wallet = alike
    if book.wallet is not None:
        known = book.wallet[book.bought] * (assumed.horizon_days / 365)
        wallet = np.where(np.isnan(known), alike, known)
    captured = float(assumed.capture_rate)
    margin = np.maximum(worth.facts.contribution[book.bought], 0.0)
    selling = np.zeros(len(ahead.alive))
    if book.owned is not None:
        selling = growth.cross_sell(book.owned[book.bought], findings.offers, findings.category_margins) * ahead.alive
    return Growth(np.maximum(wallet - ahead.spend, 0.0) * margin * captured, selling * captured)


def potentials(worth: Worth, assumed: Assumptions, findings: Findings, network: Floats) -> Figures:
    """Growth; networking, the value of those whom each customer brought, shape (n,); learning, by points."""
    book, known = worth.book, assumed.learning_point_value is not None
    value = float(assumed.learning_point_value or 0)
    found: dict[str, Column] = {
        "networking_potential": money(network),
        "learning_potential": money(book.rows["points"] * value, np.full(len(book), known)),
    }
    ahead = growing(worth, assumed, findings)
    if ahead is None:
        return found
    return found | {"growth_potential": money(spread(book, ahead.potential), book.bought)}
