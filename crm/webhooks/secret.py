"""The secrets that sign: worked out from the server's key and a salt whenever they are needed, and kept nowhere."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets

PREFIX = "whsec_"
_PURPOSE = b"arzesh webhook secret 1\0"


def new_salt() -> str:
    return secrets.token_hex(32)


def secret(key: bytes, salt: str) -> str:
    """The signing secret in the form of Standard Webhooks: `whsec_` and 32 bytes in base64."""
    return PREFIX + base64.b64encode(hmac.digest(key, _PURPOSE + salt.encode(), hashlib.sha256)).decode()


def mark(secret: str) -> str:
    """By which a secret is recognised again, and from which nobody can work it out: 64 bits of its SHA-256."""
    return hashlib.sha256(secret.encode()).hexdigest()[:16]
