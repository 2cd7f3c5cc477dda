"""What `arzesh doctor` says about the embedded server."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from crm.embedded import supervisor
from crm.embedded.lease import supervised, turn
from crm.embedded.place import find_place
from crm.settings import Settings


@dataclass(frozen=True)
class Status:
    """The server of these settings; `users` are process ids, `version` is that of the data directory."""

    home: Path
    running: bool
    state: str
    port: int | None
    version: str | None
    users: tuple[int, ...]
    error: str | None


def status(settings: Settings) -> Status:
    home = find_place(settings).home
    if not (home / "lock").exists():
        return Status(home, False, "absent", None, None, (), None)
    with turn(home):
        running = supervised(home)
        found = supervisor.read_report(home)
        alive = tuple(sorted({int(file.name.split("-")[0]) for file in supervisor.users(home)}))
    made = home / "data" / "PG_VERSION"
    version = made.read_text().strip() if made.is_file() else None
    state = str(found.get("state", "unknown")) if running else "stopped"
    return Status(home, running, state, found.get("port"), version, alive, found.get("error"))
