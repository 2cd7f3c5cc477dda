"""Lifecycles as files: JSON or YAML, the same shape in both."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import yaml

from crm.errors import ValidationFailed
from crm.lifecycle.definition import Definition, EdgeDefinition, StageDefinition
from models import StageOutcome

FORMAT = "arzesh.lifecycle/1"
MAX_BYTES = 1_000_000

_TOP = frozenset({"format", "key", "name", "stages", "edges"})
_STAGE = frozenset({"key", "name", "outcome", "targetDays", "initial"})
_EDGE = frozenset({"from", "to", "guard", "automatic", "requiresReason", "requiredScope"})


def to_plain(definition: Definition, *, guard_text: Callable[[dict[str, Any]], str] | None = None) -> dict[str, Any]:
    """The definition as JSON values; what is as usual is left out. Guards become texts if `guard_text` is given."""
    return {
        "format": FORMAT,
        "key": definition.key,
        "name": definition.name,
        "stages": [_stage_to_plain(stage) for stage in definition.stages],
        "edges": [_edge_to_plain(edge, guard_text) for edge in definition.edges],
    }


def _stage_to_plain(stage: StageDefinition) -> dict[str, Any]:
    usual = {"outcome": StageOutcome.OPEN.value, "targetDays": None, "initial": False}
    said = {"outcome": stage.outcome.value, "targetDays": stage.target_days, "initial": stage.initial}
    return {"key": stage.key, "name": stage.name} | {key: value for key, value in said.items() if value != usual[key]}


def _edge_to_plain(edge: EdgeDefinition, guard_text: Callable[[dict[str, Any]], str] | None) -> dict[str, Any]:
    guard = guard_text(edge.guard) if guard_text and isinstance(edge.guard, dict) else edge.guard
    said = {
        "guard": guard,
        "automatic": edge.automatic,
        "requiresReason": edge.requires_reason,
        "requiredScope": edge.required_scope,
    }
    return {"from": edge.start, "to": edge.end} | {key: value for key, value in said.items() if value}


def from_plain(data: Any) -> Definition:
    """Read JSON values; raises ValidationFailed with the place of what does not fit."""
    top = _mapping(data, _TOP, ())
    if top.get("format", FORMAT) != FORMAT:
        raise ValidationFailed(f"format is '{str(top['format'])[:60]}'; '{FORMAT}' is read here.", path=("format",))
    return Definition(
        _text(top, "key", ()),
        _text(top, "name", ()),
        tuple(_stage(entry, ("stages", str(n))) for n, entry in enumerate(_list(top, "stages"))),
        tuple(_edge(entry, ("edges", str(n))) for n, entry in enumerate(_list(top, "edges"))),
    )


def _stage(data: Any, path: tuple[str, ...]) -> StageDefinition:
    entry = _mapping(data, _STAGE, path)
    outcome = entry.get("outcome", StageOutcome.OPEN.value)
    if outcome not in set(StageOutcome):
        known = ", ".join(StageOutcome)
        raise ValidationFailed(f"'{str(outcome)[:40]}' is no outcome; there are: {known}.", path=(*path, "outcome"))
    days = entry.get("targetDays")
    if days is not None and (not isinstance(days, int) or isinstance(days, bool)):
        raise ValidationFailed(f"targetDays '{str(days)[:40]}' is not a whole number.", path=(*path, "targetDays"))
    key = _text(entry, "key", path)
    name = _text(entry, "name", path) if "name" in entry else key
    return StageDefinition(key, name, StageOutcome(outcome), days, _flag(entry, "initial", path))


def _edge(data: Any, path: tuple[str, ...]) -> EdgeDefinition:
    entry = _mapping(data, _EDGE, path)
    guard = entry.get("guard")
    if guard is not None and not isinstance(guard, str | dict):
        raise ValidationFailed("guard is neither a rule's text nor its tree.", path=(*path, "guard"))
    scope = entry.get("requiredScope")
    return EdgeDefinition(
        _text(entry, "from", path),
        _text(entry, "to", path),
        guard,
        _flag(entry, "automatic", path),
        _flag(entry, "requiresReason", path),
        None if scope is None else str(scope),
    )


def _mapping(data: Any, known: frozenset[str], path: tuple[str, ...]) -> Mapping[str, Any]:
    if not isinstance(data, dict):
        raise ValidationFailed(f"A mapping with the keys {', '.join(sorted(known))} is expected here.", path=path)
    unknown = sorted(str(key) for key in data if key not in known)
    if unknown:
        raise ValidationFailed(
            f"'{unknown[0][:60]}' is not known here; the keys are: {', '.join(sorted(known))}.",
            path=(*path, unknown[0]),
        )
    return data


def _text(entry: Mapping[str, Any], key: str, path: tuple[str, ...]) -> str:
    value = entry.get(key)
    if not isinstance(value, str) or not value.strip():
        raise ValidationFailed(f"{key} must be a text that is not empty.", path=(*path, key))
    return value


def _flag(entry: Mapping[str, Any], key: str, path: tuple[str, ...]) -> bool:
    value = entry.get(key, False)
    if not isinstance(value, bool):
        raise ValidationFailed(f"{key} is true or false, not '{str(value)[:40]}'.", path=(*path, key))
    return value


def _list(entry: Mapping[str, Any], key: str) -> list[Any]:
    value = entry.get(key) or []
    if not isinstance(value, list):
        raise ValidationFailed(f"{key} is a list.", path=(key,))
    return value


# -- text ------------------------------------------------------------------------------------------------------------


class _Loader(yaml.SafeLoader):
    """Plain YAML without aliases: a short file must not grow into a large one."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise ValidationFailed("Aliases (*name) are not read; write the value out.", path=("file",))
        return super().compose_node(parent, index)


def read(content: str) -> Definition:
    """The definition that a JSON or YAML file holds; raises ValidationFailed with line and column, or the place."""
    if len(content.encode()) > MAX_BYTES:
        raise ValidationFailed(f"The file is larger than {MAX_BYTES:,} bytes.", path=("file",))
    try:
        data = yaml.load(content, Loader=_Loader)  # noqa: S506 - a safe loader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f"Line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise ValidationFailed(f"{place}{error.problem or 'this is not YAML'}.", path=("file",)) from None
    except (yaml.YAMLError, ValueError, RecursionError):
        raise ValidationFailed("The file is neither JSON nor YAML.", path=("file",)) from None
    return from_plain(data)


def write(plain: dict[str, Any], *, as_json: bool = False) -> str:
    """A file that `read` understands."""
    if as_json:
        return json.dumps(plain, ensure_ascii=False, indent=2) + "\n"
    return str(yaml.safe_dump(plain, allow_unicode=True, sort_keys=False, width=120))
