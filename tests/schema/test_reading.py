"""What reading promises beyond equal answers."""

from __future__ import annotations

from tests.schema.asking import ask
from tests.schema.world import World


async def test_everything_that_is_selected_comes_in_one_statement(world: World) -> None:
    answer = await ask("{ customers(first: 5) { nodes { orders { nodes { lines { nodes { product { sku } } } } } } } }")
    assert len(answer.statements) == 1
    assert len(answer.data["customers"]["nodes"]) == 5
