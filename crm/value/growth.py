"""Cross-selling: which categories of products go with which, and what those that a customer lacks may bring."""

from __future__ import annotations

import numpy as np

from crm.value import crosssell
from crm.value.arrays import Floats, Ints

MOST_CATEGORIES = 62
"""So many fit the bits of a number; the categories that most customers buy count."""
LEAST_TOGETHER = 20
AT_ONCE = 100_000

Offer = tuple[int, int, float]
"""A category, another one, and the share of the customers of the first who have the other too."""


def offers(owned: Ints, categories: int) -> tuple[Offer, ...]:
    """Which categories go together more often than by chance; owned: bits of each customer's categories, shape (n,)."""
    owned = owned[owned != 0]
    if not len(owned) or not categories:
        return ()
    both = np.zeros((categories, categories))
    for start in range(0, len(owned), AT_ONCE):
        has = _bits(owned[start : start + AT_ONCE], categories).astype(np.float32)
        both += has.T @ has
    found = crosssell.pairs_of_counts(both, len(owned), least=LEAST_TOGETHER)
    return tuple(
        (int(item), int(other), float(share))
        for item, other, share in zip(found.item, found.other, found.confidence, strict=True)
    )


def cross_sell(owned: Ints, offers: tuple[Offer, ...], margins: tuple[float, ...]) -> Floats:
    """Chance times margin of the categories that each customer lacks, by the best reason for each, shape (n,)."""
    if not offers or not len(owned):
        return np.zeros(len(owned))
    masks, back = np.unique(owned, return_inverse=True)
    has = _bits(masks, len(margins))
    chance = np.zeros(has.shape)
    for item, other, share in offers:
        chance[:, other] = np.maximum(chance[:, other], np.where(has[:, item], share, 0.0))
    worth: Floats = (np.where(has, 0.0, chance) @ np.maximum(np.array(margins), 0.0))[back]
    return worth


def _bits(owned: Ints, categories: int) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    has: np.ndarray[tuple[int, int], np.dtype[np.bool_]] = (owned[:, None] >> np.arange(categories)) & 1 > 0
    return has
