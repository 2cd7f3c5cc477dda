"""What a simulated organisation is like."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np

BLOCK = 1_000
"""Customers that are drawn together. It is fixed, so that a customer is the same in an organisation of any size."""

WEEK = 7 * 86_400 * 1_000_000
"""In microseconds, in which all times are counted."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """Purchases follow Pareto/NBD in weeks (r, alpha, s, beta), their amounts Gamma-Gamma (p, q, gamma).

    Customers are acquired evenly over the first `acquisition` of the `weeks` that end at `end`. Each has its first
    order then; the rates of those that follow are gamma(r, alpha), the rates of leaving gamma(s, beta).
    """

    customers: int
    r: float = 0.9
    alpha: float = 6.0
    s: float = 0.7
    beta: float = 30.0
    p: float = 6.25
    q: float = 3.74
    gamma: float = 15.44
    weeks: int = 208
    acquisition: float = 0.9
    end: datetime = field(default=datetime(2026, 7, 1, tzinfo=UTC))
    organizations: float = 0.12
    lines_every: int = 10
    interactions: float = 1.2

    @property
    def end_us(self) -> int:
        return int(self.end.timestamp()) * 1_000_000

    @property
    def mean_amount(self) -> float:
        """What an order brings on average: p gamma / (q - 1)."""
        return self.p * self.gamma / (self.q - 1)


def with_orders(customers: int, orders_per_customer: float) -> Parameters:
    """Parameters under which customers have so many orders on average, the first included.

    The expectation of Pareto/NBD, r beta / (alpha (s - 1)) (1 - (beta / (beta + T))^(s - 1)), averaged over the times T
    since acquisition, is solved for alpha.
    """
    plain = Parameters(customers)
    since = np.linspace(plain.weeks * (1 - plain.acquisition), plain.weeks, 10_001)
    s, beta = plain.s, plain.beta
    alive = beta / (s - 1) * (1 - (beta / (beta + since)) ** (s - 1))
    alpha = plain.r * float(alive.mean()) / max(orders_per_customer - 1, 0.01)
    return Parameters(customers, alpha=alpha)
