"""Choices made by dice, and values written into a document in all the ways that GraphQL knows."""

from __future__ import annotations

import random
from typing import Any


class Dice:
    """What makes choices, and gathers the variables of a document with the values that come with it."""

    dice: random.Random
    variables: dict[str, Any]
    declared: list[str]

    def chance(self, one_in: int) -> bool:
        return self.dice.randint(1, one_in) == 1

    def choice(self, options: list[Any]) -> Any:
        return self.dice.choice(options)

    def some(self, options: list[Any], least: int, most: int) -> list[Any]:
        return self.dice.sample(options, min(self.dice.randint(least, most), len(options)))

    def variable(self, kind: str, value: Any, literal: str | None = None) -> str:
        """A variable that brings a value, or has it as its default."""
        name = f"v{len(self.declared)}"
        if literal is not None and self.chance(5):
            self.declared.append(f"${name}: {kind} = {literal}")
        else:
            self.declared.append(f"${name}: {kind}")
            self.variables[name] = value
        return f"${name}"

    def nothing(self, kind: str) -> str:
        """A variable that is null, or not given at all."""
        name = f"v{len(self.declared)}"
        self.declared.append(f"${name}: {kind}")
        if self.chance(2):
            self.variables[name] = None
        return f"${name}"

    def given(self, kind: str, value: Any, literal: str) -> str:
        """A value, written into the document or brought by a variable."""
        return self.variable(kind, value, literal) if self.chance(2) else literal

    def listed(self, kind: str, values: list[Any], literals: list[str]) -> str:
        """A list of such values: as a whole, or each in its own way."""
        if self.chance(2):
            return self.given(f"[{kind}!]", values, f"[{', '.join(literals)}]")
        parts = [self.given(f"{kind}!", value, text) for value, text in zip(values, literals, strict=True)]
        return f"[{', '.join(parts)}]"

    def directive(self) -> str:
        """One that leaves out what it stands at, or does not."""
        truth = self.chance(2)
        condition = self.given("Boolean!", truth, "true" if truth else "false")
        return f" @{self.choice(['skip', 'include'])}(if: {condition})"
