"""What rules can speak about: nouns, their fields and relations, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from crm.rules.faults import RuleInvalid, nearest
from crm.rules.hints import meant
from crm.rules.tree import Operator, Path, Place

CUSTOMER = "customer"


class FieldType(StrEnum):
    TEXT = "TEXT"
    CODE = "CODE"
    ENUM = "ENUM"
    NUMBER = "NUMBER"
    MONEY = "MONEY"
    BOOLEAN = "BOOLEAN"
    DATE = "DATE"
    TIME = "TIME"
    DURATION = "DURATION"
    ID = "ID"


_EQUAL = (Operator.EQ, Operator.NE)
_LISTED = (*_EQUAL, Operator.IN, Operator.NOT_IN)
_ORDERED = (Operator.LT, Operator.LTE, Operator.GT, Operator.GTE, Operator.BETWEEN)
_TEXT = (Operator.CONTAINS, Operator.STARTS_WITH, Operator.ENDS_WITH)

OPERATORS: dict[FieldType, tuple[Operator, ...]] = {
    FieldType.TEXT: (*_LISTED, *_TEXT, Operator.IS_EMPTY),
    FieldType.CODE: (*_LISTED, Operator.STARTS_WITH, Operator.IS_EMPTY),
    FieldType.ENUM: (*_LISTED, Operator.IS_EMPTY),
    FieldType.NUMBER: (*_LISTED, *_ORDERED, Operator.IS_EMPTY),
    FieldType.MONEY: (*_EQUAL, *_ORDERED, Operator.IS_EMPTY),
    FieldType.BOOLEAN: (*_EQUAL, Operator.IS_EMPTY),
    FieldType.DATE: (*_EQUAL, *_ORDERED, Operator.WITHIN, Operator.ANNIVERSARY, Operator.IS_EMPTY),
    FieldType.TIME: (*_EQUAL, *_ORDERED, Operator.WITHIN, Operator.IS_EMPTY),
    FieldType.DURATION: (*_ORDERED, Operator.IS_EMPTY),
    FieldType.ID: (*_LISTED, Operator.IS_EMPTY),
}


@dataclass(frozen=True, slots=True)
class Label:
    """A name for people."""

    en: str
    fa: str
    zh: str

    def of(self, locale: str) -> str:
        return {"fa": self.fa, "zh": self.zh}.get(locale[:2], self.en)


@dataclass(frozen=True, slots=True)
class Column:
    """The value stands in a column."""

    name: str


@dataclass(frozen=True, slots=True)
class Custom:
    """The value stands under a key of a JSONB column."""

    column: str
    key: str


@dataclass(frozen=True, slots=True)
class Entry:
    """The value stands in a JSONB column under the key that the rule names in brackets."""

    column: str


@dataclass(frozen=True, slots=True)
class Since:
    """The value is the time passed since a column's, in seconds."""

    name: str


Source = Column | Custom | Entry | Since


@dataclass(frozen=True, slots=True)
class Is:
    """A row counts only with this constant in this column; None means null."""

    column: str
    constant: str | bool | None


@dataclass(frozen=True, slots=True)
class Chosen:
    """A row counts only when it belongs to the flagged row of another table, or to the one whose key is given."""

    column: str
    table: str
    flag: str
    key: str | None = None


Condition = Is | Chosen


@dataclass(frozen=True, slots=True)
class Relation:
    """Rows of another noun: those whose `remote` column equals this noun's `local` column."""

    key: str
    target: str
    table: str
    local: str
    remote: str
    many: bool
    conditions: tuple[Condition, ...] = ()
    label: Label | None = None

    @property
    def same_row(self) -> bool:
        """The other noun is another view of this very row, so that nothing is joined."""
        return not self.many and self.local == self.remote


@dataclass(frozen=True, slots=True)
class Field:
    """One thing that a rule can ask of a noun.

    `via` leads through further rows to the one that holds the value. `currency` is the column beside an amount, or
    None for one in the base currency. `upper` fields are compared in capitals; `prefix` belongs to public ids; no value
    lies outside `limits`.
    """

    key: str
    type: FieldType
    source: Source
    label: Label
    scope: str
    example: str
    unit: str | None = None
    choices: tuple[str, ...] = ()
    currency: str | None = None
    sql_type: str = "text"
    via: tuple[Relation, ...] = ()
    takes: str | None = None
    upper: bool = False
    prefix: str | None = None
    limits: tuple[int, int] | None = None

    @property
    def operators(self) -> tuple[Operator, ...]:
        return OPERATORS[self.type]


@dataclass(frozen=True, slots=True)
class Noun:
    """A kind of row: its table, the column that dates it for windows, its fields and relations, by key."""

    key: str
    table: str
    time: str | None
    scope: str
    label: Label
    fields: Mapping[str, Field]
    relations: Mapping[str, Relation] = field(default_factory=dict)

    def words(self) -> list[str]:
        return [*self.fields, *self.relations]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Everything that rules can speak about, and the currency of amounts that name none."""

    nouns: Mapping[str, Noun]
    base_currency: str
    scopes: Mapping[str, str]

    def noun(self, key: str) -> Noun:
        return self.nouns[key]


@dataclass(frozen=True, slots=True)
class Found:
    """Where a path leads: the rows on the way, the noun that owns the field, the field."""

    hops: tuple[Relation, ...]
    noun: Noun
    field: Field

    @property
    def rows(self) -> tuple[Relation, ...]:
        return (*self.hops, *self.field.via)


def find_field(catalogue: Catalogue, root: Noun, path: Path, place: Place | None = None) -> Found:
    """The field at the end of a path; raises RuleInvalid for an unknown word, with the nearest known one."""
    hops, noun = _one_hops(catalogue, root, path[:-1], place)
    found = noun.fields.get(path[-1])
    if found is None:
        raise _not_scalar(catalogue, noun, path[-1], place)
    return Found(hops, noun, found)


def find_rows(catalogue: Catalogue, root: Noun, path: Path, place: Place | None = None) -> tuple[Relation, ...]:
    """The relations along a path that ends in many rows."""
    hops, noun = _one_hops(catalogue, root, path[:-1], place)
    relation = noun.relations.get(path[-1])
    if relation is None:
        raise _unknown(catalogue, noun, path[-1], place)
    if not relation.many:
        raise RuleInvalid(f"'{path[-1]}' is one row and is not counted; ask its fields directly.", place=place)
    return (*hops, relation)


def find_customer(catalogue: Catalogue, root: Noun, path: Path, place: Place | None = None) -> tuple[Relation, ...]:
    """The relations along a path that ends at one customer; an empty path means that the root is one."""
    hops, noun = _one_hops(catalogue, root, path, place)
    if noun.key != CUSTOMER:
        ways = [relation.key for relation in noun.relations.values() if relation.target == CUSTOMER]
        raise RuleInvalid(
            f"Only customers are in segments and stages; write '{(*ways, 'customer')[0]} …' before.", place=place
        )
    return hops


def _one_hops(catalogue: Catalogue, noun: Noun, path: Path, place: Place | None) -> tuple[tuple[Relation, ...], Noun]:
    hops: list[Relation] = []
    for word in path:
        relation = noun.relations.get(word)
        if relation is None:
            raise _unknown(catalogue, noun, word, place)
        if relation.many:
            raise RuleInvalid(
                f"'{word}' has many rows; ask '{word}.some(…)', '{word}.every(…)' or '{word}.count(…)'.", place=place
            )
        hops += [] if relation.same_row else [relation]
        noun = catalogue.noun(relation.target)
    return tuple(hops), noun


def _not_scalar(catalogue: Catalogue, noun: Noun, word: str, place: Place | None) -> RuleInvalid:
    relation = noun.relations.get(word)
    if relation is None:
        return _unknown(catalogue, noun, word, place)
    first = next(iter(catalogue.noun(relation.target).fields), "…")
    example = f"{word}.count() >= 1" if relation.many else f"{word}.{first} is empty"
    return RuleInvalid(f"'{word}' is not compared by itself; write for example '{example}'.", place=place)


def _unknown(catalogue: Catalogue, noun: Noun, word: str, place: Place | None) -> RuleInvalid:
    way = meant(noun.key, word)
    hint = f" Write {way}." if way else _elsewhere(catalogue, noun, word) or nearest(word, noun.words())
    if noun.key == "custom":
        return RuleInvalid(f"There is no custom field '{word[:60]}'.{hint}", place=place)
    return RuleInvalid(f"'{word[:60]}' is not a field of '{noun.key}'.{hint}", place=place)


def _elsewhere(catalogue: Catalogue, noun: Noun, word: str) -> str:
    """A hint at the same word in a related noun."""
    for relation in noun.relations.values():
        if word in catalogue.noun(relation.target).fields:
            way = f"{relation.key}.some({word} …)" if relation.many else f"{relation.key}.{word}"
            return f" Did you mean '{way}'?"
    return ""
