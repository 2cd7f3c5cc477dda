"""One process's use of the embedded server: from the first to the last user it runs, then it stops."""

from __future__ import annotations

import fcntl
import itertools
import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from crm.embedded import supervisor
from crm.embedded.cluster import DATABASE, ROLE, prepare
from crm.embedded.faults import EmbeddedFailure
from crm.embedded.place import Place, binaries, find_place, make_home
from crm.settings import Settings

LONGEST_START = 900.0
LONGEST_STOP = 150.0
LONGEST_TURN = 300.0
KEEP_LOOKING = 1.0

log = logging.getLogger(__name__)
numbers = itertools.count()


@dataclass
class Lease:
    """The right to use the server. While it is held a supervisor that was killed is replaced."""

    dsn: str
    place: Place
    presence: IO[str]
    parameters: Mapping[str, str]
    remove: bool
    ended: threading.Event = field(default_factory=threading.Event)

    def stop(self) -> None:
        """Give the server back; returns when it has stopped, if nobody else uses it. May be called twice."""
        if self.ended.is_set():
            return
        self.ended.set()
        try:
            last = give_back(self)
        except FileNotFoundError:
            return  # the folder is gone, and the server with it
        if last:
            wait_for_end(self.place.home)

    def __enter__(self) -> str:
        return self.dsn

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def start(settings: Settings, *, parameters: Mapping[str, str] | None = None, remove: bool = False) -> Lease:
    """Use the embedded server, starting it (and making it, the first time) if it does not run.

    `parameters` are PostgreSQL settings for a server that this call starts; `remove` deletes its folder when the
    last user is gone, for tests. Raises EmbeddedFailure with the reason and the remedy.
    """
    place = find_place(settings)
    make_home(place)
    with turn(place.home):
        presence = register(place.home)
        try:
            port = ensure(place, parameters or {}, remove)
            password = (place.home / "password").read_text()
            if settings.keep_postgres:
                (place.home / "keep").touch()
        except BaseException:
            sign_off(presence)
            raise
    dsn = f"postgresql://{ROLE}:{password}@127.0.0.1:{port}/{DATABASE}"
    lease = Lease(dsn, place, presence, parameters or {}, remove)
    threading.Thread(target=keep_supervised, args=(lease,), name="embedded-postgres", daemon=True).start()
    return lease


@contextmanager
def turn(home: Path) -> Iterator[None]:
    """Whoever starts, stops or counts waits for its turn; a first start or a recovery may hold it for minutes."""
    until = time.monotonic() + LONGEST_TURN
    with open(home / "lock", "a") as guard:
        while not supervisor.taken(guard.fileno()):
            if time.monotonic() > until:
                raise EmbeddedFailure(f"Another process has been starting the server in '{home}' for too long.")
            time.sleep(0.01)
        yield


def register(home: Path) -> IO[str]:
    """Be known as a user: a file that we keep locked, which the system unlocks however we end."""
    presence = open(home / "users" / f"{os.getpid()}-{next(numbers)}-{time.time_ns()}", "w")  # noqa: SIM115
    fcntl.flock(presence, fcntl.LOCK_EX)
    return presence


def sign_off(presence: IO[str]) -> None:
    Path(presence.name).unlink(missing_ok=True)
    presence.close()


def ensure(place: Place, parameters: Mapping[str, str], remove: bool) -> int:
    """Have a running server and return its port; the caller has its turn."""
    with open(place.home / "supervisor.lock", "a") as guard:
        free = supervisor.taken(guard.fileno())
        while not free and supervisor.read_report(place.home).get("state") == "failed":
            time.sleep(0.01)  # an earlier supervisor has given up and is about to end
            free = supervisor.taken(guard.fileno())
        if free:
            launch(place, parameters, remove, guard)
    return wait_until_ready(place.home)


def launch(place: Place, parameters: Mapping[str, str], remove: bool, guard: IO[str]) -> None:
    """Start a supervisor, which inherits the lock that says so."""
    programs = binaries(place)
    prepare(place, programs)
    before = supervisor.read_report(place.home)
    supervisor.report(place.home, state="starting", port=before.get("port"))
    order = {
        "home": str(place.home),
        "data": str(place.data),
        "postgres": str(programs / "postgres"),
        "user": place.user,
        "group": place.group,
        "parameters": dict(parameters),
        "port": before.get("port"),
        "remove": remove,
    }
    with open(place.home / "supervisor.log", "wb") as said:
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", supervisor.__file__],
            stdin=subprocess.PIPE,
            stdout=said,
            stderr=said,
            cwd="/",
            pass_fds=[guard.fileno()],
            start_new_session=True,
        )
    with process.stdin or open(os.devnull, "wb") as told:
        told.write(json.dumps(order).encode())
    threading.Thread(target=process.wait, name="embedded-supervisor", daemon=True).start()


def wait_until_ready(home: Path) -> int:
    until = time.monotonic() + LONGEST_START
    while time.monotonic() < until:
        alive = supervised(home)  # looked at first: a state written just before its end is still read
        found = supervisor.read_report(home)
        if found.get("state") == "ready":
            return int(found["port"])
        if found.get("state") == "failed" or not alive:
            raise EmbeddedFailure(f"The embedded database in '{home}' does not start: {reason(home, found)}")
        time.sleep(0.01)
    raise EmbeddedFailure(f"The embedded database in '{home}' was not ready after {LONGEST_START:.0f} s.")


def reason(home: Path, found: Mapping[str, Any]) -> str:
    return str(found.get("error") or (home / "supervisor.log").read_text(errors="replace")[-500:] or "it was ended")


def supervised(home: Path) -> bool:
    """Whether a supervisor lives; the caller has its turn, or its look would pass for a supervisor."""
    with open(home / "supervisor.lock", "a") as guard:
        return not supervisor.taken(guard.fileno())


def keep_supervised(lease: Lease) -> None:
    """Replace a supervisor that was killed, as long as the lease is held."""
    while not lease.ended.wait(KEEP_LOOKING):
        try:
            with open(lease.place.home / "lock", "a") as guard:
                if not supervisor.taken(guard.fileno()) or lease.ended.is_set() or supervised(lease.place.home):
                    continue
                log.warning("The supervisor of the embedded PostgreSQL was ended; starting another.")
                ensure(lease.place, lease.parameters, lease.remove)
        except FileNotFoundError:
            return
        except (OSError, EmbeddedFailure) as wrong:
            log.error("The embedded PostgreSQL cannot be restarted: %s", wrong)


def give_back(lease: Lease) -> bool:
    """Sign off and wake the supervisor; True if the server is going to stop."""
    home = lease.place.home
    with turn(home):
        sign_off(lease.presence)
        if not supervised(home):
            return False
        last = not supervisor.users(home) and not (home / "keep").exists()
        if last:
            os.kill(supervisor.read_report(home)["supervisor"], signal.SIGUSR1)
        return last


def wait_for_end(home: Path) -> None:
    until = time.monotonic() + LONGEST_STOP
    while time.monotonic() < until:
        try:
            with turn(home):
                if not supervised(home) or supervisor.users(home):
                    return
        except FileNotFoundError:
            return
        time.sleep(0.02)
    raise EmbeddedFailure(f"The embedded database in '{home}' does not stop; see its log there.")


def shut_down(settings: Settings) -> bool:
    """Stop a server that was left running; False if none runs. Its users are given ten seconds to end."""
    home = find_place(settings).home
    if not (home / "lock").exists():
        return False
    with turn(home):
        (home / "keep").unlink(missing_ok=True)
        if not supervised(home):
            return False
        os.kill(supervisor.read_report(home)["supervisor"], signal.SIGTERM)
    wait_until_unsupervised(home)
    return True


def wait_until_unsupervised(home: Path) -> None:
    until = time.monotonic() + LONGEST_STOP
    while time.monotonic() < until:
        with turn(home):
            if not supervised(home):
                return
        time.sleep(0.02)


def remove_server(settings: Settings) -> None:
    """Stop the server and delete its folder with all data in it."""
    shut_down(settings)
    shutil.rmtree(find_place(settings).home, ignore_errors=True)
