"""Taking in files of customers, orders and interactions: read, map, try out, write, say what was refused and why."""

from crm.imports.correcting import correct
from crm.imports.files import import_file, understand
from crm.imports.mapping import ImportKind
from crm.imports.refused import as_csv
from crm.imports.rows import Options
from crm.imports.runs import Entry, Source, take_in
from crm.imports.style import Style
from crm.imports.trying import try_out

__all__ = [
    "Entry",
    "ImportKind",
    "Options",
    "Source",
    "Style",
    "as_csv",
    "correct",
    "import_file",
    "take_in",
    "try_out",
    "understand",
]
