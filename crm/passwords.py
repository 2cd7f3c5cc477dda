"""Passwords: what is accepted, how it is kept, how it is compared."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from crm.errors import Throttled, ValidationFailed

SHORTEST = 10
LONGEST = 256

AT_ONCE = 2
"""Hashes computed at the same time: each takes 19 MiB, so many at once would be a way to exhaust the machine."""
MOST_WAITING = 50

# OWASP's Password Storage Cheat Sheet: Argon2id with 19 MiB, 2 passes and 1 lane is the least to use.
_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


def check(password: str, *, email: str, field: str = "password") -> None:
    """Raise ValidationFailed for a password that is too short, too long, or the account's own name."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise ValidationFailed(
            f"The password has {len(password)} characters; use {SHORTEST} to {LONGEST}, such as four words at random.",
            path=(field,),
        )
    if password.casefold() in (email.casefold(), email.split("@")[0].casefold()) or len(set(password)) < 4:
        raise ValidationFailed("The password is too easy to guess; use one of your own.", path=(field,))


@dataclass
class Line:
    """Those who wait for a comparison."""

    length: int = 0


_line = Line()


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(AT_ONCE, thread_name_prefix="argon2")


@cache
def _decoy() -> str:
    """What an unknown account's password is compared with, so that the answer takes as long."""
    return _hasher.hash("nobody's password")


async def hash_password(password: str) -> str:
    return await asyncio.get_running_loop().run_in_executor(_threads(), _hasher.hash, password)


async def matches(password: str, kept: str | None) -> bool:
    """Whether the password is the kept one; without a kept one it takes as long and is false.

    Raises Throttled when too many comparisons wait already.
    """
    if _line.length >= MOST_WAITING:
        raise Throttled("Too many people sign in at this moment; try again in a few seconds.", waitMs=5000)
    _line.length += 1
    try:
        return await asyncio.get_running_loop().run_in_executor(_threads(), _matches, password[: LONGEST + 1], kept)
    finally:
        _line.length -= 1


def _matches(password: str, kept: str | None) -> bool:
    try:
        _hasher.verify(kept or _decoy(), password.encode(errors="surrogatepass"))
    except (VerificationError, InvalidHashError):
        return False
    return kept is not None


def outdated(kept: str) -> bool:
    """Whether the hash was made with other parameters than today's."""
    return _hasher.check_needs_rehash(kept)
