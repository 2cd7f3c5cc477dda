"""The use cases of many records at once: what the singular ones check and leave behind, in sets instead of one by one.

Rows are taken in chunks, each in a transaction of its own. A row that cannot be taken is refused with its reason;
the others are kept.
"""

from crm.bulk.customers import CustomerRow, upsert_customers
from crm.bulk.interactions import InteractionRow, log_interactions
from crm.bulk.orders import OrderRow, record_orders
from crm.bulk.results import Outcome, RowResult
from crm.bulk.stages import StageMove, move_customers

__all__ = [
    "CustomerRow",
    "InteractionRow",
    "OrderRow",
    "Outcome",
    "RowResult",
    "StageMove",
    "log_interactions",
    "move_customers",
    "record_orders",
    "upsert_customers",
]
