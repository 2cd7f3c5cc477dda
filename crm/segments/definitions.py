"""Use cases of a segment's definition: create, update, archive, restore."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TypedDict
from uuid import UUID

from crm import changes, dependents, text
from crm.access import Actor, Scope, need
from crm.audit import state
from crm.database import transaction
from crm.errors import DuplicateFound, ValidationFailed
from crm.events import EventType
from crm.segments import ruling, versions
from crm.segments.ruling import Rule
from models import Segment, SegmentKind

_KEY = re.compile(r"[a-z0-9][a-z0-9_-]{0,79}")


class SegmentFields(TypedDict, total=False):
    """What can be said of a segment; a key that is absent is left as it is."""

    name: str
    description: str
    library_key: str | None


def checked_key(key: str) -> str:
    """A key that rules and links can name. Raises ValidationFailed."""
    if not _KEY.fullmatch(key):
        raise ValidationFailed(
            f"'{key[:80]}' cannot be a segment's key; use small letters, digits, - and _, at most 80.", path=("key",)
        )
    return key


async def create_static(actor: Actor, *, key: str, fields: SegmentFields) -> Segment:
    """Create a segment whose members are picked by hand. Raises ValidationFailed, DuplicateFound, Forbidden."""
    need(actor, Scope.SEGMENT_WRITE)
    async with transaction():
        await _refuse_taken(key)
        segment = Segment(key=key, name=key, kind=SegmentKind.STATIC)
        apply(segment, fields)
        return await changes.create(actor, segment, EventType.SEGMENT_CREATED)


async def create_by_rule(
    actor: Actor, *, key: str, kind: SegmentKind, rule: Rule, fields: SegmentFields, now: datetime
) -> Segment:
    """Create a segment whose members follow from a rule, given as text or tree; a SNAPSHOT takes them once.

    Its members come with the first full pass, which is due at once: `refresh.soon` makes it. Raises RuleInvalid (with
    the place), Forbidden (a field that the author may not read), ValidationFailed, DuplicateFound.
    """
    need(actor, Scope.SEGMENT_WRITE)
    if kind is SegmentKind.STATIC:
        raise ValidationFailed("A STATIC segment has no rule; its members are picked by hand.", path=("rule",))
    async with transaction():
        await ruling.hold_rules()
        await _refuse_taken(key)
        accepted = await ruling.accept(actor, rule, key=key, now=now)
        segment = Segment(
            key=key, name=key, kind=kind, rule=accepted.stored, rule_text=accepted.text, rule_version=1, due_at=now
        )
        apply(segment, fields)
        await changes.create(actor, segment, EventType.SEGMENT_CREATED)
        await versions.note(actor, segment)
        return segment


async def _refuse_taken(key: str) -> None:
    if await Segment.exists(key=checked_key(key)):
        raise DuplicateFound(f"The segment '{key}' exists already.", path=("key",))


async def update(actor: Actor, segment_id: UUID, *, expected_version: int | None, fields: SegmentFields) -> Segment:
    """Change name or description. Raises NotFound, VersionConflict, ValidationFailed, Forbidden."""
    need(actor, Scope.SEGMENT_WRITE)
    async with transaction():
        segment = await changes.load(Segment, segment_id, expected_version=expected_version)
        before = state(segment)
        apply(segment, fields)
        await changes.save(actor, segment, before, EventType.SEGMENT_UPDATED)
        return segment


async def archive(actor: Actor, segment_id: UUID, *, expected_version: int | None, now: datetime) -> Segment:
    """Put a segment aside; its history stays.

    Raises NotFound, VersionConflict, Forbidden, Blocked while rules or goals depend on it.
    """
    need(actor, Scope.SEGMENT_WRITE)
    async with transaction():
        await ruling.hold_rules()
        segment = await changes.load(Segment, segment_id, expected_version=expected_version)
        await dependents.refuse_use(f"The segment '{segment.key}'", await dependents.users_of_segment(segment.key))
        before = state(segment)
        segment.archived_at = segment.archived_at or now
        segment.due_at = None
        await changes.save(actor, segment, before, EventType.SEGMENT_ARCHIVED)
        return segment


async def restore(actor: Actor, segment_id: UUID, *, expected_version: int | None, now: datetime) -> Segment:
    """Take an archived segment into use again; a dynamic one is evaluated anew.

    Raises NotFound, VersionConflict, Forbidden, RuleInvalid when its rule asks for what is gone.
    """
    need(actor, Scope.SEGMENT_WRITE)
    async with transaction():
        await ruling.hold_rules()
        segment = await changes.load(Segment, segment_id, expected_version=expected_version)
        before = state(segment)
        segment.archived_at = None
        if segment.kind is SegmentKind.DYNAMIC and segment.rule is not None:
            await ruling.accept(actor, segment.rule, key=segment.key, now=now)
            segment.due_at = now
        await changes.save(actor, segment, before, EventType.SEGMENT_UPDATED)
        return segment


def apply(segment: Segment, fields: SegmentFields) -> None:
    if "name" in fields:
        segment.name = text.required(fields["name"], field="name", limit=200)
    if "description" in fields:
        segment.description = text.clean(fields["description"], field="description", limit=2_000, multiline=True)
    if "library_key" in fields:
        segment.library_key = fields["library_key"]
