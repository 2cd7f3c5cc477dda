"""`arzesh explain`: what a document comes to, from the command line."""

from pathlib import Path

from tests.crm.test_cli import Arzesh, arzesh

__all__ = ["arzesh"]


async def test_the_statement_its_parameters_and_the_plan_are_printed(arzesh: Arzesh, tmp_path: Path) -> None:
    file = tmp_path / "list.graphql"
    file.write_text("query($id: ID!) { customer(id: $id) { displayName } }")
    key = '{"id": "cus_01900000-0000-7000-8000-000000000000"}'
    said = await arzesh("explain", str(file), "--variables", key)
    assert said.code == 0, said.err
    assert "-- 1. customer; cost 1" in said.out
    assert "-- $1: uuid" in said.out
    assert "Index Scan" in said.out or "Seq Scan" in said.out
    assert "actual time" in (await arzesh("explain", str(file), "--variables", key, "--analyze")).out


async def test_what_is_wrong_is_said_in_a_line(arzesh: Arzesh, tmp_path: Path) -> None:
    file = tmp_path / "list.graphql"
    file.write_text("{ customers { nodes { nope } } }")
    for words, told in (
        ((str(file),), "line 1, column 23: Cannot query field 'nope'"),
        ((str(tmp_path / "none.graphql"),), "cannot be read: No such file"),
        ((str(file), "--variables", "[1]"), "is no JSON object"),
        ((str(file), "--variables", "{"), "is not JSON"),
    ):
        said = await arzesh("explain", *words)
        assert said.code == 1
        assert told in said.err
        assert "Traceback" not in said.err
