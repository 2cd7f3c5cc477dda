"""A small organisation with everything in it that is hard to read: nulls, ties, empty lists, scripts, extremes."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import models

START = datetime(2024, 2, 28, 23, 59, 59, 999999, tzinfo=UTC)
NAMES = [
    "علی رضایی",
    "李小龍",
    "Zoë O’Neil",
    "e\u0301",
    'quo"te \\ back',
    "𝒳 emoji 🦊",
    "tab\tline\nend",
    "A",
    "a",
    "Ä",
]
AMOUNTS = ["0", "0.0001", "10.5", "10.50", "9999999999999999.9999", "123456.789", "7"]


class World:
    """The rows, as the ORM made them, by model."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311 - repeatable data, no secret
        self.rows: dict[type[models.Record], list[Any]] = {}

    def of(self, model: type[models.Record]) -> list[Any]:
        return self.rows.get(model, [])

    def maybe(self, value: Any, chance: float = 0.6) -> Any:
        return value if self.random.random() < chance else None

    def when(self) -> datetime:
        """A moment; often one that another row has as well."""
        return START + timedelta(days=self.random.randrange(4), microseconds=self.random.choice([0, 0, 1, 250_000]))

    def day(self) -> date:
        return self.when().date()

    def amount(self) -> Decimal:
        return Decimal(self.random.choice(AMOUNTS))

    def pick(self, model: type[models.Record]) -> Any:
        return self.random.choice(self.of(model))

    def add(self, model: type[models.Record], count: int, **values: Any) -> None:
        made = [model(**{name: make() for name, make in values.items()}) for _ in range(count)]
        for row in made:
            row.created_at, row.updated_at = self.when(), self.when()
        self.rows[model] = [*self.of(model), *made]

    async def save(self) -> None:
        for model, rows in self.rows.items():
            await model.bulk_create(rows)
            for row in rows:  # bulk_create puts the present into times that set themselves
                await model.filter(id=row.id).update(created_at=row.created_at, updated_at=row.updated_at)
