"""The doctor names what is wrong and what to do about it."""

import socket
from dataclasses import replace
from pathlib import Path

import pytest

from crm import doctor
from crm.database import execute
from crm.doctor import Finding, Level, examine
from crm.lifecycle import default
from crm.settings import Settings
from tests.factories import OWNER


def named(findings: list[Finding], subject: str) -> Finding:
    return next(finding for finding in findings if finding.subject == subject)


async def test_a_sound_installation_has_no_fault(fresh_db: str, tmp_path: Path) -> None:
    await default.install(OWNER)
    found = await examine({"DATABASE_URL": fresh_db, "ARZESH_DATA_HOME": str(tmp_path)})
    assert not [finding for finding in found if finding.level is Level.FAULT]
    assert named(found, "Migrations").said == "up to date"
    assert "PostgreSQL 18" in named(found, "Database").said


async def test_a_wrong_setting_is_named() -> None:
    found = await examine({"ARZESH_PORT": "x"})
    assert [finding.level for finding in found] == [Level.FAULT]
    assert "ARZESH_PORT" in found[0].said


async def test_a_database_that_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "PATIENCE", 0.3)
    found = await examine({"DATABASE_URL": "postgres://x@127.0.0.1:1/x", "ARZESH_DATA_HOME": str(tmp_path)})
    assert named(found, "Database").level is Level.FAULT
    assert "DATABASE_URL" in named(found, "Database").remedy


async def test_missing_and_foreign_migrations_are_named(fresh_db: str, tmp_path: Path) -> None:
    environ = {"DATABASE_URL": fresh_db, "ARZESH_DATA_HOME": str(tmp_path)}
    last = "WHERE name = (SELECT max(name) FROM tortoise_migrations)"
    await execute(f"DELETE FROM tortoise_migrations {last}")
    assert named(await examine(environ), "Migrations").remedy == "Run `arzesh migrate`."
    await execute(
        "UPDATE tortoise_migrations SET name = '9999_x' WHERE name = (SELECT max(name) FROM tortoise_migrations)"
    )
    assert "newer version" in named(await examine(environ), "Migrations").said


async def test_a_port_in_use_is_named(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        finding = doctor.port(replace(settings, port=taken.getsockname()[1]))
    assert finding.level is Level.WARNING
    assert "ARZESH_PORT" in finding.remedy


def test_a_full_disk_is_named(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "LEAST_DISK", 10**18)
    assert "ARZESH_DATA_HOME" in doctor.disk(settings).remedy


def test_a_data_home_that_cannot_be_made_is_named(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert doctor.data_home(replace(settings, data_home=tmp_path / "file")).level is Level.FAULT


async def test_nobody_who_can_sign_in_and_no_lifecycle_are_named(fresh_db: str, tmp_path: Path) -> None:
    found = await examine({"DATABASE_URL": fresh_db, "ARZESH_DATA_HOME": str(tmp_path)})
    assert "arzesh staff create" in named(found, "Staff").remedy
    assert "arzesh demo" in named(found, "Lifecycle").remedy


@pytest.mark.parametrize(
    ("said", "remedy"),
    [
        ('password authentication failed for user "a"', "%40"),
        ('database "crm" does not exist', "createdb"),
        ("[Errno -2] Name or service not known", "host in DATABASE_URL"),
        ("[Errno 111] Connect call failed ('127.0.0.1', 1)", "Start PostgreSQL"),
        ("sorry, too many clients already", "ARZESH_POOL_MAX"),
        ("something new", "whether that server runs"),
    ],
)
def test_each_reason_has_its_remedy(said: str, remedy: str) -> None:
    assert remedy in doctor.remedy_for(said)


async def test_an_older_postgresql_is_named(fresh_db: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "LEAST_VERSION", 99)
    found = await examine({"DATABASE_URL": fresh_db, "ARZESH_DATA_HOME": str(tmp_path)})
    assert "99 or later is needed" in named(found, "Database").remedy
    assert found[-1].subject == "Database"
