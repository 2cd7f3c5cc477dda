"""The panel's words stand in tables by subject, each word once."""

from __future__ import annotations

from collections import Counter

import pytest

from admin import words
from admin.words import (
    contact,
    customers,
    figures,
    goals,
    records,
    sales,
    segments,
    settings,
    shared,
    stages,
    webhooks,
)

TABLES = (shared, customers, sales, contact, segments, stages, figures, goals, records, settings, webhooks)


@pytest.mark.parametrize("table", ["LABELS", "VALUES"])
def test_a_key_stands_in_one_table_only_and_none_is_left_out(table: str) -> None:
    found = Counter(key for each in TABLES for key in getattr(each, table, {}))
    assert [key for key, times in found.items() if times > 1] == []
    assert set(found) == set(getattr(words, table))


def test_a_field_without_a_word_is_called_by_its_name() -> None:
    assert (str(words.label("shoe_size")), str(words.label("customer_id"))) == ("Shoe size", "Customer")
