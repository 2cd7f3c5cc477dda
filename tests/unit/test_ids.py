"""Public ids carry their kind."""

from uuid import UUID

import pytest

from crm import ids
from crm.errors import ValidationFailed, WrongKind
from models.base import new_id


def test_an_id_reads_back_with_and_without_hyphens() -> None:
    key = new_id()
    assert ids.decode("cus", ids.encode("cus", key)) == key
    assert ids.decode("cus", f"cus_{key.hex}") == key


def test_an_id_of_another_kind_is_named_as_such() -> None:
    with pytest.raises(WrongKind, match="is the id of an order; an id of a customer"):
        ids.decode("cus", ids.encode("ord", UUID(int=1)))


@pytest.mark.parametrize("typed", ["", "7", "cus_", "cus_xyz", "foo_0190c7a4", "cus-" + "0" * 32, "cus_" + "0" * 31])
def test_what_is_no_id_is_refused(typed: str) -> None:
    with pytest.raises(ValidationFailed):
        ids.decode("cus", typed)


def test_every_prefix_stands_for_one_noun() -> None:
    assert len(ids.NOUNS) == len(ids.PREFIXES)


def test_ids_are_made_in_the_order_of_time() -> None:
    made = [new_id() for _ in range(100)]
    assert made == sorted(made)
