"""Use cases of a segment's definition: create, update, archive."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TypedDict
from uuid import UUID

from crm import changes, text
from crm.access import Actor, Scope, need
from crm.audit import state
from crm.database import transaction
from crm.errors import DuplicateFound, ValidationFailed
from crm.events import EventType
from models import Segment, SegmentKind

_KEY = re.compile(r"[a-z0-9][a-z0-9_-]{0,79}")


class SegmentFields(TypedDict, total=False):
    """What can be said of a segment; a key that is absent is left as it is."""

    name: str
    description: str


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
        if await Segment.exists(key=checked_key(key)):
            raise DuplicateFound(f"The segment '{key}' exists already.", path=("key",))
        segment = Segment(key=key, name=key, kind=SegmentKind.STATIC)
        apply(segment, fields)
        return await changes.create(actor, segment, EventType.SEGMENT_CREATED)


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
    """Put a segment aside; its history stays. Raises NotFound, VersionConflict, Forbidden."""
    need(actor, Scope.SEGMENT_WRITE)
    async with transaction():
        segment = await changes.load(Segment, segment_id, expected_version=expected_version)
        before = state(segment)
        segment.archived_at = segment.archived_at or now
        await changes.save(actor, segment, before, EventType.SEGMENT_ARCHIVED)
        return segment


def apply(segment: Segment, fields: SegmentFields) -> None:
    if "name" in fields:
        segment.name = text.required(fields["name"], field="name", limit=200)
    if "description" in fields:
        segment.description = text.clean(fields["description"], field="description", limit=2_000, multiline=True)
