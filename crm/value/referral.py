"""What customers bring by bringing others: referral value that adds up (after Kumar, Petersen & Leone)."""

from __future__ import annotations

import numpy as np

from crm.errors import ValidationFailed
from crm.value.arrays import Floats, Ints, fraction, refuse, same_length, totals

NOBODY = -1


def brought_value(
    value: Floats, *, came_anyway: float = 0.0, referral_cost: float = 0.0, saved_acquisition: float = 0.0
) -> Floats:
    """What bringing each customer was worth, shape (n,), in the currency of `value` (present value of
    margin).

    A share `came_anyway` would have come alone: for them only the acquisition cost saved counts; for the
    others the value less the cost of the referral counts too.
    """
    fraction("came_anyway", came_anyway)
    worth: Floats = (1 - came_anyway) * (value - referral_cost) + saved_acquisition
    return worth


def network_value(referrer: Ints, worth: Floats, *, depth: int = 1, decay: float = 0.5) -> Floats:
    """Each customer's credit for those brought, directly and through others, shape (n,).

    referrer: position of who brought each customer, -1 for nobody, shape (n,). worth: see `brought_value`,
    (n,). Credit for one customer goes up the chain, `depth` steps at most, in the proportions 1, decay,
    decay^2, ... that add up to one: so the credits of all add up to the worth of all who were brought, and
    nothing counts twice. ValidationFailed names a referrer that does not exist or a circle.
    """
    same_length(referrer=referrer, worth=worth)
    fraction("decay", decay)
    if depth < 1:
        raise ValidationFailed(f"depth is {depth}: credit needs at least one step.", path=("depth",))
    refuse(
        "referrer",
        referrer.astype(np.float64),
        (referrer < NOBODY) | (referrer >= len(worth)),
        "no such customer",
    )
    refuse_circles(referrer)
    chains = _ancestors(referrer, depth)
    weights = [decay**step for step in range(len(chains))]
    total = sum((weight * (chain >= 0) for weight, chain in zip(weights, chains, strict=True)), np.zeros(len(worth)))
    credit = np.zeros(len(worth))
    for weight, chain in zip(weights, chains, strict=True):
        known = chain >= 0
        credit += totals(chain[known], weight * worth[known] / total[known], len(worth))
    return credit


def _ancestors(referrer: Ints, depth: int) -> list[Ints]:
    chains = [referrer]
    while len(chains) < depth and (chains[-1] >= 0).any():
        above = chains[-1]
        chains.append(np.where(above >= 0, referrer[above], NOBODY))
    return chains


def refuse_circles(referrer: Ints) -> None:
    """ValidationFailed, naming one member, when customers brought each other in a circle; shape (n,)."""
    above = referrer.copy()
    # Doubling the reach each time passes any chain without a circle in log2(n) steps.
    for _ in range(max(len(referrer), 1).bit_length() + 1):
        above = np.where(above >= 0, above[above], NOBODY)
    if (above >= 0).any():
        member = int(above[above >= 0][0])
        raise ValidationFailed(
            f"Customer {member} is in a circle of referrals: remove one of the links.",
            path=("referrer", str(member)),
        )
