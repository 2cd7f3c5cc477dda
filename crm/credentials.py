"""What API tokens and session cookies have in common: random secrets, their digests, and when to forget them."""

from __future__ import annotations

import hashlib
import secrets
import string
from collections.abc import Callable
from dataclasses import dataclass

BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase

Pick = Callable[[str], str]
"""Chooses one character; `secrets.choice` outside of tests."""


def random_text(length: int, pick: Pick = secrets.choice) -> str:
    """Base62 characters, 5.95 bits each."""
    return "".join(pick(BASE62) for _ in range(length))


def digest(secret: str) -> str:
    """SHA-256 in hexadecimal; a slow hash is for passwords, secrets drawn at random cannot be guessed."""
    return hashlib.sha256(secret.encode()).hexdigest()


@dataclass
class Generation:
    """Grows when a credential of this process changes, so that whoever remembers one asks again."""

    number: int = 0

    def grow(self) -> None:
        self.number += 1


generation = Generation()
