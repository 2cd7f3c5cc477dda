"""What is wrong with a rule, as the editor shows it: where, what, and what was probably meant."""

from __future__ import annotations

import re
from typing import Any

from starlette_admin.i18n import gettext

from admin import formats, messages
from crm.errors import CrmError, Problems
from crm.segments.completing import Fault

_PLACE = re.compile(r"^Line \d+, column \d+: ")
_MEANT = re.compile(r"'([^']+)'.*Did you mean '([^']+)'\?", re.DOTALL)


def told(problem: CrmError) -> list[dict[str, Any]]:
    """Each fault of a refusal."""
    found = problem.problems if isinstance(problem, Problems) else [problem]
    return [
        shown(Fault(each.code, each.message, each.path, each.details.get("line"), each.details.get("column")))
        for each in found
    ]


def _said(message: str, meant: str | None) -> str:
    """In the reader's language; what was meant stays the word that is to be typed."""
    if meant is None:
        return messages.read(message)
    plain, _hint, _rest = message.partition(" Did you mean '")
    return f"{messages.read(plain)} {gettext('Did you mean %(word)s?') % {'word': formats.isolated(meant)}}"


def shown(fault: Fault) -> dict[str, Any]:
    """A fault's message, line and column where the text is at fault, path in the tree, and the word that was meant."""
    meant = _MEANT.search(fault.message)
    return {
        "message": _said(_PLACE.sub("", fault.message), meant[2] if meant else None),
        "line": fault.line,
        "column": fault.column,
        "path": list(fault.path),
        "wrong": meant[1] if meant else None,
        "meant": meant[2] if meant else None,
    }
