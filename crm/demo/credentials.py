"""Ways into a demonstration: a staff login whose password is told once, and a token that is kept for the next time."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from crm import roles, staff, tokens
from crm.access import READ_SCOPES, Actor, Scope
from crm.credentials import random_text
from crm.errors import Unauthenticated
from models import StaffMember

EMAIL = "admin@arzesh.example"
TOKEN_FILE = "demo-token"
TOKEN_LIFE = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Credentials:
    """`password` is known only when it was just made."""

    email: str
    password: str | None
    token: str


async def have_credentials(actor: Actor, data_home: Path, *, now: datetime) -> Credentials:
    """The staff login and the read-only token, made if they are not there."""
    await roles.install_built_in(actor)
    return Credentials(EMAIL, await _have_staff(actor), await _have_token(actor, data_home / TOKEN_FILE, now))


async def _have_staff(actor: Actor) -> str | None:
    if await StaffMember.exists(email=EMAIL):
        return None
    password = random_text(16)
    fields: staff.StaffFields = {"email": EMAIL, "name": "Demo administrator", "role": "administrator"}
    await staff.create(actor, fields=fields, password=password)
    return password


async def _have_token(actor: Actor, file: Path, now: datetime) -> str:
    kept = kept_in(file)
    try:
        await tokens.authenticate(kept, now=now)
    except Unauthenticated:
        scopes = [scope.value for scope in READ_SCOPES | {Scope.AUDIT_READ}]
        minted = await tokens.create(actor, name="Demo, read-only", scopes=scopes, now=now, expires_at=now + TOKEN_LIFE)
        kept = minted.secret or ""
        keep(file, kept)
    return kept


def kept_in(file: Path) -> str:
    return file.read_text().strip() if file.is_file() else ""


def keep(file: Path, secret: str) -> None:
    """Write a secret to a file that only its owner can read, also while it is being written."""
    file.parent.mkdir(parents=True, exist_ok=True)
    passing = file.with_suffix(f".{os.getpid()}")
    passing.touch(mode=0o600)
    passing.write_text(f"{secret}\n")
    passing.replace(file)
