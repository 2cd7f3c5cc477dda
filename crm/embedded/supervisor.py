"""The process that owns the embedded PostgreSQL: starts it, restarts it, stops it when nobody uses it.

Runs by file path under `python -I -S` with the standard library alone, so that it starts in milliseconds and
depends on no installed package. It is told what to do by one JSON object on its standard input.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

WAKE = {signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1}
LEAVE = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP}
LOOK_EVERY = 1.0
LONGEST_RECOVERY = 900.0
LONGEST_STOP = 120.0
LAST_CALL = 10.0
"""Seconds that users are given to end after we were told to leave."""

SAME_PORT_FOR = 10.0
"""Seconds that a restart insists on its port, which clients know, before it takes another."""

DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG
LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


TELLING = ("FATAL", "PANIC", "ERROR", "HINT", "could not", "invalid", "unrecognized", "requires")


class Failed(Exception):
    """PostgreSQL cannot be started; the text is for people."""


def main() -> int:
    signal.pthread_sigmask(signal.SIG_BLOCK, WAKE)
    spec = json.load(sys.stdin)
    home = Path(spec["home"])
    try:
        server = begin(spec, home)
    except Failed as failed:
        report(home, state="failed", error=str(failed))
        return 1
    return watch(server, spec, home)


def begin(spec: dict[str, Any], home: Path) -> subprocess.Popen[bytes]:
    """Start the server on the port it had before, or on another that is free."""
    clear_leftovers(Path(spec["data"]))
    port, tries = spec["port"], 5
    while True:
        if not (port and is_free(port)):
            port = free_port()
        server = launch(spec, home, port)
        problem = wait_until_ready(server, spec)
        if problem is None:
            report(home, state="ready", port=port, pid=server.pid)
            return server
        tries -= 1
        if tries == 0 or not passing(problem):
            raise Failed(problem)
        time.sleep(0.3)
        port = 0 if "could not bind" in problem else port


def passing(problem: str) -> bool:
    """Whether the same start may work a moment later: port taken meanwhile, remains of a killed server."""
    return any(
        sign in problem for sign in ("could not bind", "pre-existing shared memory", "lock file", "being removed")
    )


def launch(spec: dict[str, Any], home: Path, port: int) -> subprocess.Popen[bytes]:
    options = [word for name, value in spec["parameters"].items() for word in ("-c", f"{name}={value}")]
    with open(home / "log" / "startup.log", "wb") as log:
        return subprocess.Popen(
            [spec["postgres"], "-D", spec["data"], "-c", f"config_file={home / 'server.conf'}"]
            + ["-c", f"hba_file={home / 'hba.conf'}", "-c", f"port={port}", *options],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            env={"LC_ALL": "C", "TZ": "UTC", "PATH": os.defpath, "HOME": spec["data"]},
            user=spec["user"],
            group=spec["group"],
            extra_groups=None if spec["user"] is None else [],
            preexec_fn=prepare_child,
            start_new_session=True,
        )


def prepare_child() -> None:
    """In the child: signals as usual, and a fast shutdown should the supervisor itself be killed."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, WAKE)
    if LIBC is not None:
        LIBC.prctl(DEATH_SIGNAL, signal.SIGINT, 0, 0, 0)


def wait_until_ready(server: subprocess.Popen[bytes], spec: dict[str, Any]) -> str | None:
    """None once the server accepts connections (crash recovery may take minutes), else what it said."""
    until = time.monotonic() + LONGEST_RECOVERY
    while time.monotonic() < until:
        if server.poll() is not None:
            return last_words(Path(spec["home"])) or f"postgres ended with status {server.returncode}"
        if pid_file(Path(spec["data"]))[7:8] == ["ready"]:
            return None
        time.sleep(0.01)
    stop(server)
    return f"the server was not ready after {LONGEST_RECOVERY:.0f} s"


def pid_file(data: Path) -> list[str]:
    try:
        return [line.strip() for line in (data / "postmaster.pid").read_text().splitlines()]
    except OSError:
        return []


def last_words(home: Path) -> str:
    """What the server wrote before it ended, wherever its logging stood."""
    logs = sorted((home / "log").glob("*.log"), key=lambda file: file.stat().st_mtime)
    lines = [line for file in logs[-2:] for line in file.read_text(errors="replace").splitlines()[-30:]]
    told = [line for line in lines if any(sign in line for sign in TELLING)]
    return "\n".join((told or lines)[-6:])


def watch(server: subprocess.Popen[bytes], spec: dict[str, Any], home: Path) -> int:
    leave_at = None
    while True:
        got = signal.sigtimedwait(WAKE, LOOK_EVERY)
        if got is not None and got.si_signo in LEAVE and leave_at is None:
            leave_at = time.monotonic() + LAST_CALL
        if server.poll() is not None:
            revived = revive(spec, home)
            if revived is None:
                return 1
            server = revived
        if end_if_unused(server, spec, home, told=leave_at is not None, now=past(leave_at)):
            return 0


def past(moment: float | None) -> bool:
    return moment is not None and time.monotonic() >= moment


def revive(spec: dict[str, Any], home: Path) -> subprocess.Popen[bytes] | None:
    """After the server was killed: the same port again, for clients know it."""
    known = read_report(home).get("port")
    report(home, state="restarting", port=known)
    until = time.monotonic() + SAME_PORT_FOR
    while known and not is_free(known) and time.monotonic() < until:
        time.sleep(0.1)
    try:
        return begin({**spec, "port": known}, home)
    except Failed as failed:
        report(home, state="failed", error=str(failed), port=known)
        return None


def end_if_unused(server: subprocess.Popen[bytes], spec: dict[str, Any], home: Path, *, told: bool, now: bool) -> bool:
    """Stop the server when its last user is gone; under the lock, so that nobody arrives meanwhile."""
    with open(home / "lock", "rb") as guard:
        if not taken(guard.fileno()) and not now:
            return False
        kept = (home / "keep").exists() and not told
        if not now and (kept or users(home)):
            return False
        stop(server)
        report(home, state="stopped", port=read_report(home).get("port"))
        if spec["remove"]:
            shutil.rmtree(home, ignore_errors=True)
        return True


def users(home: Path) -> list[Path]:
    """The users alive. Each holds a lock on its file, which the system drops however the user ends."""
    alive = []
    for file in (home / "users").iterdir():
        with open(file, "rb") as handle:
            if taken(handle.fileno()):
                file.unlink(missing_ok=True)
            else:
                alive.append(file)
    return alive


def taken(handle: int) -> bool:
    """Lock an open file if nobody else holds it."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def stop(server: subprocess.Popen[bytes]) -> None:
    """Fast shutdown: sessions end, a checkpoint is written; the immediate one if that takes too long."""
    for sign, patience in ((signal.SIGINT, LONGEST_STOP), (signal.SIGQUIT, 10.0), (signal.SIGKILL, None)):
        if server.poll() is not None:
            return
        server.send_signal(sign)
        try:
            server.wait(patience)
        except subprocess.TimeoutExpired:
            continue


def clear_leftovers(data: Path) -> None:
    """End what a killed supervisor or postmaster left in this data directory, then its stale pid file.

    The pid file is removed only when its number now belongs to somebody else: otherwise PostgreSQL itself
    decides, which also knows about shared memory still in use.
    """
    until = time.monotonic() + LONGEST_STOP
    while left := processes_in(data):
        main_process = [pid for pid in left if pid_file(data)[:1] == [str(pid)]]
        for pid in main_process or left:
            signal_quietly(pid, signal.SIGINT if main_process and time.monotonic() < until else signal.SIGQUIT)
        time.sleep(0.1)
        if time.monotonic() > until + 30:
            raise Failed(f"processes {left} of an earlier server do not end; end them and start again")
    named = pid_file(data)[:1]
    if named and sys.platform == "linux" and Path(f"/proc/{named[0]}").exists():
        (data / "postmaster.pid").unlink(missing_ok=True)


def signal_quietly(pid: int, sign: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, sign)


def processes_in(data: Path) -> list[int]:
    """Processes whose working directory is the data directory: a postmaster and its children, nobody else."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if (entry / "cwd").samefile(data) and (entry / "comm").read_text().startswith("postgres"):
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def report(home: Path, **facts: Any) -> None:
    """Publish the state in one step, so that readers never see half of it."""
    fresh = home / "server.json.new"
    fresh.write_text(json.dumps({"supervisor": os.getpid(), **facts}))
    fresh.replace(home / "server.json")


def read_report(home: Path) -> dict[str, Any]:
    try:
        return dict(json.loads((home / "server.json").read_text()))
    except (OSError, ValueError):
        return {}


if __name__ == "__main__":
    sys.exit(main())
