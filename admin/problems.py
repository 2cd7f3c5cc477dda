"""Refusals of use cases as errors beside the fields of a form."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

from starlette_admin.exceptions import ActionFailed, FormValidationError

from admin import messages
from crm.errors import CrmError, Problems, ValidationFailed

GENERAL = ""
"""Where a form keeps what belongs to none of its fields."""

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def snake(name: str) -> str:
    return _HUMP.sub("_", name).lower()


def field_of(path: tuple[str, ...], names: Collection[str]) -> str:
    """The form field that a path leads to, or GENERAL."""
    for part in path:
        name = snake(part)
        for candidate in (name, name.removesuffix("_id")):
            if candidate in names:
                return candidate
    return GENERAL


def said(problem: CrmError) -> str:
    """What a refusal says, in the reader's language."""
    parts = problem.problems if isinstance(problem, Problems) else [problem]
    return " ".join(messages.read(part.message) for part in parts)


def errors_of(problem: CrmError, names: Collection[str]) -> dict[str | int, Any]:
    """Field → message, for composite fields field → {part: message}."""
    found: dict[str | int, Any] = {}
    for each in problem.problems if isinstance(problem, Problems) else [problem]:
        _place(found, field_of(each.path, names), each)
    return found


def _place(found: dict[str | int, Any], field: str, problem: CrmError) -> None:
    parts = problem.path[1:]
    if field in ("custom_fields", "identities") and parts:
        within = found.setdefault(field, {})
        key: str | int = int(parts[0]) if parts[0].isdigit() else parts[0]
        within[key] = said(problem)
        return
    found[field] = f"{found[field]} {said(problem)}" if field in found else said(problem)


def refusal(problem: CrmError, names: Collection[str]) -> FormValidationError:
    return FormValidationError(errors_of(problem, names))


@contextmanager
def leading(**fields: str) -> Iterator[None]:
    """Lead refusals about a part of the input, named as use cases name it, to the form's field for it."""
    try:
        yield
    except CrmError as problem:
        part = next((part for part in fields if part in problem.path), None)
        if part is None:
            raise
        raise ValidationFailed(problem.message, path=(fields[part],)) from problem


@contextmanager
def told() -> Iterator[None]:
    """Tell whoever asked for an action why it is refused."""
    try:
        yield
    except CrmError as problem:
        raise ActionFailed(said(problem)) from problem
