"""The refused rows of an import as a file that a spreadsheet opens without running anything in it."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
LINE, REASON = "line", "reason"


def as_csv(refused: Sequence[Mapping[str, Any]]) -> str:
    """Refused rows with their line and reason first, then their cells, ready to be corrected and imported again."""
    columns = list(dict.fromkeys(column for row in refused for column in row["row"]))
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow([safe(cell) for cell in (LINE, REASON, *columns)])
    for row in refused:
        writer.writerow([row["line"], safe(row["reason"]), *(safe(row["row"].get(column, "")) for column in columns)])
    return out.getvalue()


def safe(cell: str) -> str:
    """The cell, marked as text where a spreadsheet would take it for a formula; plain numbers stay numbers."""
    if cell.startswith(_FORMULA) and not cell.removeprefix("-").replace(".", "", 1).isdecimal():
        return f"'{cell}"
    return cell


def meant(cell: str) -> str:
    """What a cell says that `safe` may have marked as text."""
    return cell[1:] if cell[:1] == "'" and cell[1:].startswith(_FORMULA) else cell
