"""The changes that the forms of a lifecycle's page ask for, by the last part of their address."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette_admin.i18n import gettext as _

from admin.request import actor_of, now
from crm.errors import DuplicateFound, ValidationFailed
from crm.lifecycle import definitions
from crm.lifecycle.definition import Definition, EdgeDefinition, StageDefinition
from crm.lifecycle.definitions import Change, Replacements
from models import Lifecycle, StageOutcome


def _text(form: FormData, name: str) -> str:
    return str(form.get(name) or "").strip()


def _number(form: FormData, name: str, complaint: str) -> int | None:
    text = _text(form, name)
    if not text:
        return None
    try:
        return int(text)
    except ValueError:
        raise ValidationFailed(complaint, path=(name,)) from None


async def _change(
    request: Request, lifecycle: Lifecycle, form: FormData, alter: Change, replacements: Replacements | None = None
) -> None:
    """Make a change of the version that the reader saw."""
    seen = _text(form, "expected_version")
    version = int(seen) if seen.isdigit() and len(seen) < 10 else None
    await definitions.change(
        actor_of(request), lifecycle.id, alter, expected_version=version, now=now(), replacements=replacements
    )


async def stage(request: Request, lifecycle: Lifecycle, form: FormData) -> str:
    """Add a stage, or change the one that `stage` names."""
    old, days = _text(form, "stage"), _number(form, "target_days", _("Type a whole number of days, such as 30."))
    outcome = _text(form, "outcome") or StageOutcome.OPEN.value
    if outcome not in set(StageOutcome):
        raise ValidationFailed(_("This is none of the choices."), path=("outcome",))
    name, initial = _text(form, "name"), form.get("initial") == "1"
    if not old:
        made = StageDefinition(_text(form, "key"), name, StageOutcome(outcome), days, initial)
        await _change(request, lifecycle, form, definitions.with_stage(made, before=_text(form, "before") or None))
        return _("The stage was added.")
    fields = {"name": name, "outcome": StageOutcome(outcome), "target_days": days}
    await _change(
        request, lifecycle, form, definitions.stage_changed(old, **fields, **({"initial": True} if initial else {}))
    )
    return _("The stage was changed.")


async def order(request: Request, lifecycle: Lifecycle, form: FormData) -> str:
    """Put a stage one place nearer to the beginning or the end of the path."""
    key, by = _text(form, "stage"), -1 if _text(form, "to") == "before" else 1

    def alter(definition: Definition) -> Definition:
        keys = [each.key for each in definition.stages]
        place = keys.index(definition.stage(key).key)
        other = min(max(place + by, 0), len(keys) - 1)
        keys[place], keys[other] = keys[other], keys[place]
        return definitions.stages_ordered(keys)(definition)

    await _change(request, lifecycle, form, alter)
    return _("The stages were put in another order.")


async def remove_stage(request: Request, lifecycle: Lifecycle, form: FormData) -> str:
    """Take a stage off the path; customers who stand in it go to its replacement."""
    key, to = _text(form, "stage"), _text(form, "replacement")
    await _change(request, lifecycle, form, definitions.without_stage(key), {key: to} if to else None)
    return _("The stage was taken off the path.")


async def edge(request: Request, lifecycle: Lifecycle, form: FormData) -> str:
    """Allow a move, or change how it is allowed."""
    start, end = _text(form, "from"), _text(form, "to")
    new = form.get("new") == "1"
    position = _number(form, "position", _("Type a whole number, such as 1."))

    def alter(definition: Definition) -> Definition:
        old = definition.edge(start, end)
        if old and new:
            raise DuplicateFound(_("This move is allowed already."), path=("to",))
        made = replace(
            old or EdgeDefinition(start, end),
            guard=_text(form, "guard") or None,
            automatic=form.get("automatic") == "1",
            requires_reason=form.get("requires_reason") == "1",
            required_scope=_text(form, "required_scope") or None,
        )
        return definitions.with_edge(made, position=position)(definition)

    await _change(request, lifecycle, form, alter)
    return _("The move is allowed now.") if new else _("The move was changed.")


async def remove_edge(request: Request, lifecycle: Lifecycle, form: FormData) -> str:
    await _change(request, lifecycle, form, definitions.without_edge(_text(form, "from"), _text(form, "to")))
    return _("The move is no longer allowed.")


async def rename(request: Request, lifecycle: Lifecycle, form: FormData) -> str:
    await _change(request, lifecycle, form, definitions.renamed(_text(form, "name")))
    return _("The lifecycle was renamed.")


async def revert(request: Request, lifecycle: Lifecycle, form: FormData) -> str:
    """Define the lifecycle again as an earlier version did."""
    number = _number(form, "number", _("Type a whole number, such as 1."))
    key, to = _text(form, "stage"), _text(form, "replacement")
    seen = _text(form, "expected_version")
    await definitions.revert(
        actor_of(request),
        lifecycle.id,
        number or 0,
        expected_version=int(seen) if seen.isdigit() and len(seen) < 10 else None,
        now=now(),
        replacements={key: to} if key and to else None,
    )
    return _("The earlier version is in force again.")


STEPS: dict[str, Callable[[Request, Lifecycle, FormData], Awaitable[str]]] = {
    "stage": stage,
    "order": order,
    "remove-stage": remove_stage,
    "edge": edge,
    "remove-edge": remove_edge,
    "rename": rename,
    "revert": revert,
}
