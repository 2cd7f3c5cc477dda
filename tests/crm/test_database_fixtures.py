"""The promises that every other test relies on."""

from __future__ import annotations

from crm.database import execute, fetch_value, transaction
from models import Role
from tests.queries import counting

INSERT = "INSERT INTO {table} DEFAULT VALUES"


async def test_a_test_finds_nothing_of_the_one_before(db: str) -> None:
    await execute("CREATE TABLE remains (id int)")
    assert await fetch_value("SELECT to_regclass('remains')") == "remains"


async def test_a_test_leaves_nothing_to_the_one_after(db: str) -> None:
    assert await fetch_value("SELECT to_regclass('remains')") is None


async def test_transactions_of_the_code_under_test_become_savepoints(db: str) -> None:
    async with counting(transaction_control=True) as statements, transaction(isolation="serializable"):
        await fetch_value("SELECT 1")
    assert [sent.split()[0] for sent in statements] == ["SAVEPOINT", "SELECT", "RELEASE"]


async def test_the_models_work_on_the_migrated_database(db: str) -> None:
    async with counting() as statements:
        assert await Role.all().count() == await fetch_value("SELECT count(*) FROM role")
    assert len(statements) == 2


async def test_a_fresh_database_commits(fresh_db: str) -> None:
    async with counting(transaction_control=True) as statements, transaction():
        await execute("CREATE TABLE remains (id int)")
    assert [sent.split()[0].rstrip(";") for sent in statements] == ["BEGIN", "CREATE", "COMMIT"]


async def test_a_fresh_database_is_fresh(fresh_db: str) -> None:
    assert await fetch_value("SELECT to_regclass('remains')") is None
