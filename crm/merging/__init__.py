"""Merging duplicates: one customer survives with everything that the others had, and their ids lead to it."""

from crm.merging.merge import Absorbed, Choice, Merged, merge, survivor_of
from crm.merging.values import Conflict

__all__ = ["Absorbed", "Choice", "Conflict", "Merged", "merge", "survivor_of"]
