"""A delimited text file as rows with their line numbers."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass

from crm.errors import ValidationFailed

DELIMITERS = (",", ";", "\t", "|")
MAX_COLUMNS = 200
# A byte order mark says it; without one it is UTF-8, or else the code page of Windows for Arabic script, which
# agrees with the western ones on ASCII.
MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
FALLBACK = "cp1256"


@dataclass(frozen=True)
class Line:
    """A row of the file: the line it begins at, its cells by column, and what is wrong with it, if anything."""

    number: int
    cells: dict[str, str]
    problem: str | None = None


@dataclass(frozen=True)
class Table:
    """A file that was opened: its columns, and its rows, which are read as they are asked for."""

    columns: tuple[str, ...]
    text: str
    delimiter: str

    def lines(self) -> Iterator[Line]:
        """The rows after the header; empty ones are passed over."""
        reader = csv.reader(io.StringIO(self.text, newline=""), delimiter=self.delimiter, strict=True)
        next(reader)
        while True:
            begins = reader.line_num + 1
            try:
                row = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield Line(begins, {}, f"The row cannot be read: {error}.")
                continue
            if any(cell.strip() for cell in row):
                yield self._line(begins, row)

    def _line(self, number: int, row: list[str]) -> Line:
        cells = {column: cell.strip() for column, cell in zip(self.columns, row, strict=False)}
        if len(row) > len(self.columns) and any(cell.strip() for cell in row[len(self.columns) :]):
            said = f"The row has {len(row)} cells, the header {len(self.columns)}; quote a cell that holds a delimiter."
            return Line(number, cells, said)
        return Line(number, cells)


def open_table(data: bytes) -> Table:
    """Read a file's header.

    Raises ValidationFailed for a file that is no delimited text, has no header or names a column twice.
    """
    text = decode(data)
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(DELIMITERS, key=first.count)
    try:
        header = next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True), [])
    except csv.Error as error:
        raise ValidationFailed(f"The first line cannot be read: {error}.", path=("file",)) from None
    columns = tuple(" ".join(name.split()) for name in header)
    _check(columns)
    return Table(columns, text, delimiter)


def decode(data: bytes) -> str:
    """The text of a file, whichever of the usual encodings it is in."""
    encoding = next((name for mark, name in MARKS if data.startswith(mark)), None)
    if encoding is None and b"\0" in data[:4096]:
        raise ValidationFailed("This is no text file; export it as CSV, in UTF-8.", path=("file",))
    for name in [encoding] if encoding else ["utf-8", FALLBACK]:
        try:
            return data.decode(name)
        except UnicodeDecodeError:
            continue
    raise ValidationFailed("The file's encoding is not known; save it as CSV in UTF-8.", path=("file",))


def _check(columns: tuple[str, ...]) -> None:
    if not any(columns):
        raise ValidationFailed("The file is empty; its first line must name the columns.", path=("file",))
    if len(columns) > MAX_COLUMNS:
        raise ValidationFailed(f"The file has {len(columns)} columns; at most {MAX_COLUMNS} are read.", path=("file",))
    twice = next((name for name in columns if name and columns.count(name) > 1), None)
    if twice:
        raise ValidationFailed(f"The column '{twice[:60]}' occurs twice; name each once.", path=("file",))
