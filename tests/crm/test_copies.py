"""A backup holds everything as of one moment; it is restored into an empty database, as a whole or not at all."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from crm import embedded
from crm.database import connected, copies, execute, fetch, fetch_value, transaction
from crm.settings import Settings
from crm.tail import Tail
from models import Event
from tests.conftest import address, closing
from tests.crm.test_cli import Arzesh, arzesh
from tests.factories import customer, order

__all__ = ["arzesh"]


@pytest.fixture
async def empty(server: str) -> AsyncIterator[str]:
    """The address of a database without anything in it."""
    async with closing(await asyncpg.connect(server)) as administration:
        await administration.execute("CREATE DATABASE emptied")
        yield address(server, "emptied")
        await administration.execute("DROP DATABASE emptied WITH (FORCE)")


async def rows() -> dict[str, int]:
    """How many rows every table holds."""
    tables = await fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
    return {each["tablename"]: await fetch_value(f'SELECT count(*) FROM "{each["tablename"]}"') for each in tables}


async def test_what_was_backed_up_is_restored_into_an_empty_database(
    arzesh: Arzesh, empty: str, base_settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await order(await customer("علی Rezaei"), "12.50")
    file, before = tmp_path / "copy.dump", await rows()
    said = await arzesh("backup", str(file))
    assert (said.code, "ARZESH_SECRET_KEY" in said.out, file.stat().st_mode & 0o777) == (0, True, 0o600)
    monkeypatch.setenv("DATABASE_URL", empty)
    said = await arzesh("restore", str(file))
    assert said.code == 0, said.err
    async with connected(empty, base_settings):
        assert await rows() == before
        assert await fetch_value("SELECT display_name FROM customer WHERE search_text LIKE '%rezaei%'") == "علی Rezaei"


async def test_a_database_that_holds_something_is_not_restored_into(arzesh: Arzesh, tmp_path: Path) -> None:
    await customer("Alice")
    await arzesh("backup", str(tmp_path / "copy"))
    said = await arzesh("restore", str(tmp_path / "copy"))
    assert (said.code, "holds tables already" in said.err) == (1, True)


async def test_a_file_that_is_there_is_not_written_over(arzesh: Arzesh, tmp_path: Path) -> None:
    kept = tmp_path / "copy"
    kept.write_text("yesterday's")
    said = await arzesh("backup", str(kept))
    assert (said.code, "is there already" in said.err, kept.read_text()) == (1, True, "yesterday's")
    said = await arzesh("backup", str(tmp_path / "nowhere" / "copy"))
    assert (said.code, "cannot be written: No such file" in said.err) == (1, True)
    assert ".copy.unfinished" not in os.listdir(tmp_path)


async def test_a_file_that_is_no_backup_leaves_the_database_empty(empty: str, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("not a backup")
    for name, told in (("text", "valid archive"), ("missing", "No such file")):
        with pytest.raises(copies.CopyFailed, match=told):
            copies.load(embedded.programs(), empty, tmp_path / name)


async def test_events_of_another_server_do_not_come_again_as_new_ones(fresh_db: str) -> None:
    """Its transactions had higher numbers than the server's own will have for long."""
    for name in ("Alice", "Bob"):
        await customer(name)
    order_of_writing = await Event.all().order_by("position").values_list("id", flat=True)
    await execute("UPDATE event SET transaction_id = transaction_id + 1000000")
    async with transaction():
        assert await copies.settle_events() == len(order_of_writing)
        assert await copies.settle_events() == 0
    assert await Event.all().order_by("transaction_id", "position").values_list("id", flat=True) == order_of_writing
    tail = Tail("test", "me")
    assert await tail.claim()
    assert await tail.read(100) == []
    await customer("Carol")
    assert {happened.type for happened in await tail.read(100)} >= {"customer.created"}


async def test_a_password_is_on_no_command_line() -> None:
    bare, secret = copies.without_password("postgresql://crm:p%40ss@db.example:5433/crm?sslmode=require")
    assert (bare, secret) == ("postgresql://crm@db.example:5433/crm?sslmode=require", {"PGPASSWORD": "p@ss"})
    assert copies.without_password("postgresql://crm@db/crm") == ("postgresql://crm@db/crm", {})


async def test_migrating_settles_what_was_restored_by_hand(
    arzesh: Arzesh, fresh_db: str, empty: str, base_settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await customer("Alice")
    await execute("UPDATE event SET transaction_id = transaction_id + 1000000")
    copies.dump(embedded.programs(), fresh_db, tmp_path / "copy")
    copies.load(embedded.programs(), empty, tmp_path / "copy")
    monkeypatch.setenv("DATABASE_URL", empty)
    assert (await arzesh("migrate")).code == 0
    async with connected(empty, base_settings):
        assert await fetch_value("SELECT count(*) FROM event WHERE transaction_id > 3") == 0
