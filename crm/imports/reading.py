"""A delimited text file as rows with their line numbers."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass

from crm.errors import ValidationFailed
from crm.imports.encodings import decode
from crm.imports.refused import meant

DELIMITERS = (",", ";", "\t", "|")
MAX_COLUMNS = 200
_BEFORE_HEADER = re.compile(r"(?:[^\S\r\n]*\r?\n)*(?:sep=(?P<delimiter>[,;\t|])\r?\n)?(?:[^\S\r\n]*\r?\n)*")
"""Empty lines, and the line by which spreadsheets tell each other the delimiter."""
_FIRST_LINE = re.compile(r"[^\r\n]*")
_QUOTED = re.compile(r'"[^"]*"')


@dataclass(frozen=True)
class Line:
    """A row of the file: the line it begins at, its cells by column, and what is wrong with it, if anything."""

    number: int
    cells: dict[str, str]
    problem: str | None = None


@dataclass(frozen=True)
class Table:
    """A file that was opened: its columns, and its rows, which are read as they are asked for.

    `text` begins with the header; `above` counts the lines before it. `encoding` is the one that was found.
    """

    columns: tuple[str, ...]
    text: str
    delimiter: str
    above: int = 0
    encoding: str = "utf-8"

    def lines(self) -> Iterator[Line]:
        """The rows after the header; empty ones are passed over."""
        reader = csv.reader(io.StringIO(self.text, newline=""), delimiter=self.delimiter, strict=True)
        next(reader)
        while True:
            begins = self.above + reader.line_num + 1
            try:
                row = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield Line(begins, {}, _unreadable(error))
                continue
            if any(cell.strip() for cell in row):
                yield self._line(begins, row)

    def _line(self, number: int, row: list[str]) -> Line:
        cells = {column: meant(cell.strip()) for column, cell in zip(self.columns, row, strict=False)}
        if len(row) > len(self.columns) and any(cell.strip() for cell in row[len(self.columns) :]):
            said = f"The row has {len(row)} cells, the header {len(self.columns)}; quote a cell that holds a delimiter."
            return Line(number, cells, said)
        return Line(number, cells)


def open_table(data: bytes) -> Table:
    """Read a file's header.

    Raises ValidationFailed for a file that is no delimited text, has no header or names a column twice.
    """
    text, encoding = decode(data)
    before = _BEFORE_HEADER.match(text)
    begins = before.end() if before else 0
    header = text[begins:]
    delimiter = (before and before["delimiter"]) or delimiter_of(header)
    try:
        first = next(csv.reader(io.StringIO(header, newline=""), delimiter=delimiter, strict=True), [])
    except csv.Error as error:
        raise ValidationFailed(f"The first line cannot be read: {error}.", path=("file",)) from None
    columns = tuple(" ".join(name.split()) for name in first)
    _check(columns)
    return Table(columns, header, delimiter, text.count("\n", 0, begins), encoding)


def delimiter_of(text: str) -> str:
    """What stands most often between the cells of the first line."""
    first = _FIRST_LINE.match(text)
    outside = _QUOTED.sub("", first[0] if first else "")
    return max(DELIMITERS, key=outside.count)


def _unreadable(error: csv.Error) -> str:
    if "unexpected end" in str(error):
        return "A quotation mark opens in this row and is never closed; nothing after it was read. Close it."
    return f"The row cannot be read: {error}."


def _check(columns: tuple[str, ...]) -> None:
    if not any(columns):
        raise ValidationFailed("The file is empty; its first line must name the columns.", path=("file",))
    if len(columns) > MAX_COLUMNS:
        raise ValidationFailed(f"The file has {len(columns)} columns; at most {MAX_COLUMNS} are read.", path=("file",))
    twice = next((name for name in columns if name and columns.count(name) > 1), None)
    if twice:
        raise ValidationFailed(f"The column '{twice[:60]}' occurs twice; name each once.", path=("file",))
