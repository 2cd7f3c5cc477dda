"""What is wrong with a rule, as the editor shows it: where, what, and what was probably meant."""

from __future__ import annotations

import re
from typing import Any

from admin import messages
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


def shown(fault: Fault) -> dict[str, Any]:
    """A fault's message, line and column where the text is at fault, path in the tree, and the word that was meant."""
    meant = _MEANT.search(fault.message)
    return {
        "message": messages.read(_PLACE.sub("", fault.message)),
        "line": fault.line,
        "column": fault.column,
        "path": list(fault.path),
        "wrong": meant[1] if meant else None,
        "meant": meant[2] if meant else None,
    }
