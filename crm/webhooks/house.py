"""What webhooks need of the settings, handed over once by whatever starts the process."""

from __future__ import annotations

from dataclasses import dataclass

from crm.settings import Settings


@dataclass(frozen=True)
class House:
    """`key` is that of the server, from which the secrets of endpoints follow; `private` whether addresses of this
    machine and of private networks may be called."""

    key: bytes
    private: bool = False


_chosen: list[House] = []


def configure(settings: Settings) -> None:
    """Take the settings of this process; the last one counts."""
    _chosen[:] = [House(settings.secret_key.encode(), settings.webhook_private_addresses)]


def configured() -> bool:
    return bool(_chosen)


def house() -> House:
    if not _chosen:
        raise RuntimeError("crm.webhooks.house.configure() has to be called before webhooks are used")
    return _chosen[0]
