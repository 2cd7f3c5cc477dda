"""How many people of ours a customer relies on: breadth, concentration and single-threaded risk."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crm.value.arrays import Bools, Floats, Ints, same_length, totals

FIRM_LEVEL = 4


@dataclass(frozen=True)
class Relationship:
    """Contacts of n customers over a period, each column of shape (n,).

    contacts: interactions. breadth: staff with at least `least` interactions. top_staff: who had most, -1
    for nobody. top_share: their share; concentration: sum of squared shares, 1 when one person had all;
    both NaN without contacts.
    """

    contacts: Ints
    breadth: Ints
    top_staff: Ints
    top_share: Floats
    concentration: Floats

    @property
    def single_threaded(self) -> Bools:
        """Customers who lean on one person at most, though there are contacts."""
        return (self.contacts > 0) & (self.breadth <= 1)

    @property
    def firm_level(self) -> Bools:
        """Customers loyal to the firm, not to a person: more than four people serve them."""
        return self.breadth > FIRM_LEVEL


def relationship(customer: Ints, staff: Ints, customers: int, *, least: int = 2) -> Relationship:
    """Measure rows of (customer, staff), one for each interaction, shape (m,) each; customers are numbered
    0..n-1.
    """
    same_length(customer=customer, staff=staff)
    people = int(staff.max(initial=-1)) + 1
    key, counts = np.unique(customer * max(people, 1) + staff, return_counts=True)
    who, person = key // max(people, 1), key % max(people, 1)
    contacts = np.bincount(customer, minlength=customers)
    top, top_staff = _top(who, person, counts, customers)
    with np.errstate(divide="ignore", invalid="ignore"):
        top_share = top / contacts
        squares = totals(who, counts.astype(np.float64) ** 2, customers)
        concentration: Floats = squares / contacts.astype(np.float64) ** 2
    breadth = np.bincount(who[counts >= least], minlength=customers)
    return Relationship(contacts, breadth, top_staff, top_share, concentration)


def _top(who: Ints, person: Ints, counts: Ints, customers: int) -> tuple[Ints, Ints]:
    most: Ints = np.zeros(customers, dtype=np.int64)
    staff = np.full(customers, -1, dtype=np.int64)
    # Later assignments win: rising counts, and among equals the lowest staff number last.
    order = np.lexsort((-person, counts))
    most[who[order]], staff[who[order]] = counts[order], person[order]
    return most, staff


def value_at_risk(top_staff: Ints, single_threaded: Bools, value: Floats, people: int) -> Floats:
    """Value that would be at risk if each staff member left, shape (people,): single-threaded customers,
    each once.
    """
    at_risk = single_threaded & (top_staff >= 0)
    return totals(top_staff[at_risk], np.maximum(value[at_risk], 0.0), people)
