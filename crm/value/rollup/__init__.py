"""What orders add up to by day, customer and product, kept exact in the transaction of whoever writes an order."""

from crm.value.rollup.days import rebuild, refresh_days, refresh_pairs

__all__ = ["rebuild", "refresh_days", "refresh_pairs"]
