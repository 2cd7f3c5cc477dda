"""The organisation's choices for the value engine, kept with its data; what was never chosen has its default."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from decimal import Decimal, InvalidOperation
from typing import Any

from crm import custom_fields, events
from crm.access import Actor, Scope, need
from crm.audit import plain, record
from crm.database import fetch, transaction
from crm.errors import ValidationFailed
from crm.events import EventType
from crm.value.assumptions import Assumptions
from crm.value.judging import AUTO
from crm.value.models import MODELS
from models import Channel, FieldType, InteractionKind, OrganizationSetting, Segment

PREFIX = "value."
MOST_SEGMENTS = 20


async def current() -> Assumptions:
    """The choices in force."""
    rows = await fetch("SELECT key, value FROM organization_setting WHERE key LIKE 'value.%'")
    return Assumptions.from_json({row["key"].removeprefix(PREFIX): json.loads(row["value"]) for row in rows})


async def change(actor: Actor, **choices: Any) -> Assumptions:
    """Change some of the choices; None brings a default back. They take effect with the next run.

    Raises ValidationFailed naming the choice, Forbidden.
    """
    need(actor, Scope.SETTINGS_WRITE)
    async with transaction():
        before = (await current()).to_json()
        for name, value in choices.items():
            await _choose(actor, name, value, before)
        return await current()


async def _choose(actor: Actor, name: str, value: Any, before: dict[str, Any]) -> None:
    if name not in CHECKS:
        known = ", ".join(map(_spoken, CHECKS))
        raise ValidationFailed(f"'{_spoken(name)}' is not a value setting; there are: {known}.", path=(_spoken(name),))
    standard = Assumptions().to_json()[name]
    checked = standard if value is None else plain(CHECKS[name](_spoken(name), value))
    if checked and name in EXISTING:
        await EXISTING[name](checked)
    if checked == before[name]:
        return
    text = json.dumps(checked)
    setting, _ = await OrganizationSetting.update_or_create(key=PREFIX + name, defaults={"value": text})
    changes = {name: [before[name], checked]}
    await record(actor, "setting.changed", "organization_setting", setting.id, changes=changes)
    await events.emit(actor, EventType.SETTING_CHANGED, "organization_setting", setting.id, data={name: checked})


async def _need_number(key: str) -> None:
    known = {field.key: field.type for field in await custom_fields.definitions("customer")}
    if known.get(key) is not FieldType.NUMBER:
        raise ValidationFailed(
            f"walletField is '{key}': customers have no custom field of this key that holds a number.",
            path=("walletField",),
        )


async def _need_segments(keys: list[str]) -> None:
    known = {segment.key for segment in await Segment.filter(key__in=keys, archived_at=None).only("key")}
    for key in keys:
        if key not in known:
            raise ValidationFailed(
                f"fitSegments names '{key}': there is no segment of this key.", path=("fitSegments",)
            )


EXISTING: dict[str, Callable[[Any], Awaitable[None]]] = {"wallet_field": _need_number, "fit_segments": _need_segments}
"""Choices that name what must be there."""


def _spoken(name: str) -> str:
    """A choice's name as clients write it."""
    first, *rest = name.split("_")
    return first + "".join(part.title() for part in rest)


def _whole(least: int, most: int) -> Callable[[str, Any], int]:
    def check(name: str, value: Any) -> int:
        number = _number(name, value)
        if number != int(number) or not least <= number <= most:
            raise ValidationFailed(f"{name} is {value}: a whole number from {least} to {most} is needed.", path=(name,))
        return int(number)

    return check


def _amount(least: str, most: str) -> Callable[[str, Any], Decimal]:
    def check(name: str, value: Any) -> Decimal:
        number = _number(name, value)
        if not Decimal(least) <= number <= Decimal(most):
            raise ValidationFailed(f"{name} is {value}: it must lie between {least} and {most}.", path=(name,))
        return number

    return check


def _number(name: str, value: Any) -> Decimal:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise ValidationFailed(f"{name} '{str(value)[:40]}' is not a number.", path=(name,)) from None
    if not number.is_finite():
        raise ValidationFailed(f"{name} is {value}: a finite number is needed.", path=(name,))
    return number


def _one_of(*allowed: str) -> Callable[[str, Any], str]:
    def check(name: str, value: Any) -> str:
        if value not in allowed:
            raise ValidationFailed(f"{name} is '{str(value)[:40]}': choose one of {', '.join(allowed)}.", path=(name,))
        return str(value)

    return check


def _amounts(*allowed: str) -> Callable[[str, Any], dict[str, Decimal]]:
    def check(name: str, value: Any) -> dict[str, Decimal]:
        if not isinstance(value, dict):
            raise ValidationFailed(f'{name} must be an object such as {{"{allowed[0]}": "1.50"}}.', path=(name,))
        unknown = set(value) - set(allowed)
        if unknown:
            raise ValidationFailed(
                f"{name} has '{sorted(unknown)[0]}': choose among {', '.join(sorted(set(allowed)))}.", path=(name,)
            )
        return {key: _amount("0", "1000000000")(f"{name}.{key}", amount) for key, amount in value.items()}

    return check


def _word(name: str, value: Any) -> str:
    if not str(value).strip() or len(str(value)) > 200:
        raise ValidationFailed(f"{name} must have 1 to 200 characters.", path=(name,))
    return str(value).strip()


def _keys(name: str, value: Any) -> list[str]:
    if not isinstance(value, list | tuple) or not all(isinstance(key, str) and 0 < len(key) <= 80 for key in value):
        raise ValidationFailed(f'{name} must be a list of keys of segments such as ["vip"].', path=(name,))
    if len(value) > MOST_SEGMENTS or len(set(value)) < len(value):
        raise ValidationFailed(f"{name} takes up to {MOST_SEGMENTS} segments, each once.", path=(name,))
    return list(value)


KINDS = tuple(kind.value for kind in InteractionKind)
CHANNELS = tuple(channel.value for channel in Channel)
CHECKS: dict[str, Callable[[str, Any], Any]] = {
    "horizon_days": _whole(7, 3650),
    "clv_horizon_days": _whole(30, 3650),
    "discount_rate": _amount("0", "10"),
    "margin_basis": _one_of("COSTS", "RATE"),
    "margin_rate": _amount("-1", "1"),
    "model": _one_of(AUTO, *MODELS),
    "holdout_days": _whole(14, 3650),
    "calibration_days": _whole(28, 36_500),
    "unit_days": _whole(1, 365),
    "unit_costs": _amounts(*KINDS, *CHANNELS),
    "hourly_cost": _amount("0", "1000000000"),
    "retention_success": _amount("0", "1"),
    "came_anyway": _amount("0", "1"),
    "referral_depth": _whole(1, 10),
    "referral_decay": _amount("0", "1"),
    "capture_rate": _amount("0", "1"),
    "learning_points": _amounts(*KINDS),
    "learning_outcome": _word,
    "learning_multiplier": _amount("1", "1000"),
    "learning_point_value": _amount("0", "1000000000"),
    "fit_segments": _keys,
    "price_cut": _amount("0", "1"),
    "cost_cut": _amount("0", "1000"),
    "wallet_field": _word,
    "lost_below": _amount("0", "1"),
    "strategic_share": _amount("0", "1"),
    "strategic_referrals": _whole(1, 1_000_000),
    "strategic_adoptions": _whole(1, 1_000_000),
    "strategic_cost_share": _amount("0", "1"),
    "strategic_most": _whole(1, 10_000),
    "keep_runs": _whole(1, 1000),
}
