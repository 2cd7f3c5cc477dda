"""Brings the rows of a statement as an array, by binary COPY, without making an object of any."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crm.database import connection, translated
from crm.value.book import ENTRY

PATIENCE = 3600.0
"""Seconds that reading everybody may take."""

# A binary COPY row: the number of fields, then the length of each before its value, all in network byte order.
_WIRE = np.dtype(
    [("count", ">i2")]
    + [
        part
        for name in ENTRY.names or ()
        for part in ((f"{name}_length", ">i4"), (name, ENTRY[name].newbyteorder(">")))
    ]
)
_HEADER = 19
_CHUNK = 1 << 22
# PostgreSQL sends 8 KB at a time. To wait a little lets them gather: both sides wake an eighth as often, which spares
# each a quarter of its time; the buffers of the socket hold more than comes meanwhile.
_GATHERING = 0.003


async def copied(statement: str, arguments: list[Any]) -> NDArray[np.void]:
    """The rows of a statement whose columns are those of `ENTRY`, none of them null, by binary COPY."""
    reader = _Reader()
    with translated():
        async with connection() as driver:
            await driver.copy_from_query(statement, *arguments, output=reader.take, format="binary", timeout=PATIENCE)
    return reader.rows()


class _Reader:
    """Turns the stream into an array while it comes, so that it is never held whole."""

    def __init__(self) -> None:
        self.waiting = bytearray()
        self.found = np.empty(0, dtype=ENTRY)
        self.count = 0
        self.begun = False

    async def take(self, data: bytes) -> None:
        self.waiting += data
        if not self.begun and len(self.waiting) >= _HEADER:
            del self.waiting[:_HEADER]
            self.begun = True
        if len(self.waiting) >= _CHUNK:
            self.turn()
        await asyncio.sleep(_GATHERING)

    def turn(self) -> None:
        count = len(self.waiting) // _WIRE.itemsize
        end = self.count + count
        if end > len(self.found):
            self.found.resize(end + end // 8, refcheck=False)
        read = np.frombuffer(bytes(self.waiting[: count * _WIRE.itemsize]), dtype=_WIRE)
        for name in ENTRY.names or ():
            self.found[name][self.count : end] = read[name]
        self.count = end
        del self.waiting[: count * _WIRE.itemsize]

    def rows(self) -> NDArray[np.void]:
        self.turn()
        self.found.resize(self.count, refcheck=False)
        return self.found
