"""The program: what it prints, how it fails, and that it goes through the use cases."""

import asyncio
import re
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from crm import cli
from crm.access import ALL_SCOPES
from crm.commands import serve
from crm.commands.running import operator
from crm.demo import cdnow, credentials
from crm.ids import encode
from crm.settings import Settings
from models import ApiToken, Customer, Order, StaffMember, ValueRun
from tests import factories
from tests.factories import email


@dataclass
class Said:
    code: int
    out: str
    err: str


Arzesh = Callable[..., Awaitable[Said]]


@pytest.fixture
def arzesh(
    fresh_db: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Arzesh:
    """Run the program on a database of its own; each run in a thread, for it has an event loop of its own."""
    monkeypatch.setenv("DATABASE_URL", fresh_db)
    monkeypatch.setenv("ARZESH_DATA_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "200")

    def run() -> int:
        try:
            cli.main()
        except SystemExit as ended:
            return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
        return 0

    async def call(*words: str) -> Said:
        monkeypatch.setattr(sys, "argv", ["arzesh", *words])
        capsys.readouterr()
        code = await asyncio.to_thread(run)
        said = capsys.readouterr()
        return Said(code, said.out, said.err)

    return call


async def test_help_lists_the_commands(arzesh: Arzesh) -> None:
    said = await arzesh("--help")
    assert said.code == 0
    assert all(name in said.out for name in ("serve", "demo", "migrate", "doctor", "import", "token", "staff", "value"))


async def test_a_wrong_word_is_told_in_a_line_and_code_2(arzesh: Arzesh) -> None:
    said = await arzesh("serv")
    assert (said.code, "No such command" in said.err) == (2, True)


@pytest.mark.parametrize(
    ("variable", "value", "code", "text"),
    [
        ("ARZESH_PORT", "eighty", 2, "ARZESH_PORT is 'eighty'"),
        ("ARZESH_PROT", "80", 2, "did you mean ARZESH_PORT?"),
        ("DATABASE_URL", "postgres://nobody@127.0.0.1:1/none", 1, "cannot be reached"),
    ],
)
async def test_a_fault_is_one_line(
    arzesh: Arzesh, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, code: int, text: str
) -> None:
    monkeypatch.setattr("crm.commands.running.PATIENCE", 0.3)
    monkeypatch.setenv(variable, value)
    said = await arzesh("token", "list")
    assert (said.code, said.out) == (code, "")
    assert text in said.err
    assert "Traceback" not in said.err
    assert said.err.count("\n") == 1


async def test_migrate_says_that_nothing_is_left(arzesh: Arzesh) -> None:
    assert (await arzesh("migrate")).out == "The database is up to date.\n"


async def test_a_token_is_made_listed_and_revoked(arzesh: Arzesh) -> None:
    made = await arzesh("token", "create", "Shop", "--scope", "order:read", "--days", "7")
    assert made.out.startswith("arz_")
    token = await ApiToken.get()
    assert (token.scopes, made.out.strip()[-4:]) == (["order:read"], token.last_four)
    listed = await arzesh("token", "list")
    assert "Shop" in listed.out
    assert made.out.strip() not in listed.out
    key = next(word for word in listed.out.split() if word.startswith("tok_"))
    assert (await arzesh("token", "revoke", key)).code == 0
    assert (await ApiToken.get()).revoked_at is not None
    assert "revoked" in (await arzesh("token", "list")).out


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("token", "create", "x", "--scope", "everything"), "'everything' is not a scope"),
        (("token", "revoke", "cus_1"), "not a complete id"),
        (("token", "revoke", "nonsense"), "not an id"),
        (("staff", "create", "no-address"), "not an e-mail address"),
        (("staff", "create", "a@example.com", "--role", "king"), "king"),
        (("staff", "password", "a@example.com"), "no staff member"),
    ],
)
async def test_bad_input_is_told_and_changes_nothing(arzesh: Arzesh, words: tuple[str, ...], text: str) -> None:
    said = await arzesh(*words)
    assert said.code == 1
    assert text in said.err
    assert not await ApiToken.exists()
    assert not await StaffMember.exists()


async def test_staff_are_added_listed_and_given_passwords(arzesh: Arzesh) -> None:
    made = await arzesh("staff", "create", "mina@example.com", "--name", "Mina", "--role", "manager")
    assert "may sign in as manager. Password: " in made.out
    before = (await StaffMember.get()).password_hash
    assert "Mina" in (await arzesh("staff", "list")).out
    assert "Password: " in (await arzesh("staff", "password", "mina@example.com")).out
    assert (await StaffMember.get()).password_hash != before


async def test_a_file_is_tried_out_then_imported(arzesh: Arzesh, tmp_path: Path) -> None:
    await factories.customer("Alice Example", email("a@example.com"))
    file, refused = tmp_path / "orders.csv", tmp_path / "refused.csv"
    file.write_text("email,date,total\na@example.com,2026-01-02,3\nb@example.com,2026-01-02,=1\n")
    tried = await arzesh("import", "orders", str(file), "--dry-run")
    assert "1 would be created" in tried.out
    assert not await Order.exists()
    said = await arzesh("import", "orders", str(file), "--refused", str(refused))
    assert said.code == 1
    assert said.out == "1 created, 0 updated, 0 unchanged, 1 refused\n"
    assert "amount '=1' is not a number" in said.err
    assert "3,amount '=1' is not a number." in refused.read_text("utf-8-sig")
    assert refused.read_text("utf-8-sig").endswith("b@example.com,2026-01-02,'=1\n")


async def test_where_refused_rows_cannot_be_written_nothing_is_taken_in(arzesh: Arzesh, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text("Email\na@example.com\nnot an address\n")
    said = await arzesh("import", "customers", str(file), "--refused", str(tmp_path / "nowhere" / "refused.csv"))
    assert (said.code, "cannot be written: No such file" in said.err) == (1, True)
    assert not await Customer.exists()


async def test_lists_that_go_into_a_pipe_keep_every_id_whole(arzesh: Arzesh, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    await arzesh("token", "create", "A partner's shop with quite a long name")
    listed = (await arzesh("token", "list")).out
    assert encode("tok", (await ApiToken.get()).id) in listed
    assert "A partner's shop with quite a long name" in listed


async def test_a_database_that_cannot_be_reached_is_told_with_what_to_do(
    arzesh: Arzesh, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://a:b@127.0.0.1:1/none")
    said = await arzesh("migrate")
    assert (said.code, "cannot be reached" in said.err, "arzesh doctor" in said.err) == (1, True, True)


async def test_the_version_is_told_either_way(arzesh: Arzesh) -> None:
    assert (await arzesh("--version")).out == (await arzesh("version")).out != ""


async def test_customers_are_imported_by_named_columns(arzesh: Arzesh, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text("Nr;Wer\n7;Mina\n")
    said = await arzesh("import", "customers", str(file), "-c", "Nr=identity.external", "-c", "Wer=givenName")
    assert (said.code, said.out) == (0, "1 created, 0 updated, 0 unchanged, 0 refused\n")
    assert (await Customer.get()).given_name == "Mina"


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("-c", "Nr"), "has no '='"),
        (("-c", "Nr=number"), "'number' is not known"),
        (("--date-order", "YMD"), "must be DMY or MDY"),
        (("--time-zone", "Mars"), "timeZone 'Mars'"),
        ((), "No column gives a customer"),
    ],
)
async def test_an_import_that_cannot_be_is_told(
    arzesh: Arzesh, tmp_path: Path, words: tuple[str, ...], text: str
) -> None:
    file = tmp_path / "people.csv"
    file.write_text("Nr;Wer\n7;Mina\n")
    said = await arzesh("import", "customers", str(file), *words)
    assert said.code == 1
    assert text in said.err


async def test_the_demo_is_loaded_once_and_says_where_everything_is(
    arzesh: Arzesh, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cdnow, "FILE", cdnow.SAMPLE)
    monkeypatch.setattr(cdnow.path, "__defaults__", (cdnow.SAMPLE,))
    first, again = await arzesh("demo"), await arzesh("demo")
    assert (first.code, again.code) == (0, 0), first.err
    assert "/graphql\n" in first.out
    token = (await ApiToken.get()).last_four
    assert re.search(rf"/graphiql#token=\w+{token}\n", first.out)
    assert first.out.count(token) == again.out.count(token) == 2
    assert (await StaffMember.get()).email == credentials.EMAIL
    assert "its password was told" in again.out
    assert await Order.all().count() == 6919
    assert await ValueRun.all().count() == 1


async def test_the_demo_can_be_simulated(arzesh: Arzesh) -> None:
    said = await arzesh("demo", "--simulate", "300", "--orders-per-customer", "3", "--seed", "4")
    assert said.code == 0, said.err
    assert await Customer.all().count() == 300


async def test_serving_is_told_host_and_port(arzesh: Arzesh, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[Settings, int]] = []
    monkeypatch.setattr(serve, "server", lambda: lambda settings, workers: told.append((settings, workers)))
    await arzesh("serve", "--host", "127.0.0.2", "--port", "0", "--workers", "3")
    settings, workers = told[0]
    assert (settings.host, settings.port, workers) == ("127.0.0.2", 0, 3)


def test_whoever_starts_programs_here_may_do_everything() -> None:
    assert operator().scopes == ALL_SCOPES
