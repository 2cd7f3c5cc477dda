"""What can be written next in a rule: fields, operators and values, with names for people."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from crm.rules import words
from crm.rules.check import AGGREGATED
from crm.rules.fields import CUSTOMER, Catalogue, Field, FieldType, Label, Noun
from crm.rules.printer import WORDS
from crm.rules.situation import Situation, find
from crm.rules.tree import Function, Operator, Quantifier

MOST = 50
"""Suggestions that are given at once."""


class Kind(StrEnum):
    FIELD = "FIELD"
    RELATION = "RELATION"
    VERB = "VERB"
    OPERATOR = "OPERATOR"
    VALUE = "VALUE"
    WINDOW = "WINDOW"
    WORD = "WORD"


@dataclass(frozen=True, slots=True)
class Suggestion:
    """`text` stands in the rule when it is chosen, `label` is what people call it, `detail` says more, such as a
    field's type and unit."""

    kind: Kind
    text: str
    label: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Completion:
    """What may replace the characters of the text from `start` up to `end`, counted from 0; the best one first."""

    start: int
    end: int
    suggestions: tuple[Suggestion, ...]


@dataclass(frozen=True, slots=True)
class Known:
    """What an organisation has beyond its fields, each as key → name; `values` holds the common values of a field by
    (noun, field)."""

    segments: Mapping[str, str] = field(default_factory=dict)
    stages: Mapping[str, str] = field(default_factory=dict)
    lifecycles: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[tuple[str, str], Collection[str]] = field(default_factory=dict)


def complete(
    text: str,
    cursor: int,
    catalogue: Catalogue,
    *,
    scopes: Collection[str],
    known: Known | None = None,
    locale: str = "en",
    root: str = CUSTOMER,
) -> Completion:
    """What can stand at a cursor (in characters from 0) of a rule's text, finished or not. Never raises.

    Fields that the author's scopes do not allow are not told. Inside a comment there is nothing to suggest.
    """
    cursor = max(0, min(cursor, len(text)))
    here = find(text, cursor, catalogue, root=root)
    if here is None:
        return Completion(cursor, cursor, ())
    suggesting = _Suggesting(catalogue, scopes, known or Known(), locale, here)
    wanted = here.partial.rpartition(".")[2] if not here.quoted else here.partial
    found = dict.fromkeys(suggesting.all())
    return Completion(here.start, _end(text, cursor, here.quoted), _ranked(found, wanted.casefold())[:MOST])


def _end(text: str, cursor: int, quoted: bool) -> int:
    """Where the word under the cursor ends; of a text in quotes, behind the closing quote."""
    end = cursor
    while end < len(text) and (text[end].isalnum() or text[end] in "_."):
        end += 1
    return end + 1 if quoted and text[end : end + 1] == '"' else end


def _ranked(found: Iterable[Suggestion], wanted: str) -> tuple[Suggestion, ...]:
    """Those that fit what is written so far: first by their beginning, then by their name, then by any part."""

    def rank(one: Suggestion) -> int | None:
        text, label = one.text.strip('"').casefold(), one.label.casefold()
        word = text.rpartition(".")[2]
        if word.startswith(wanted) or text.startswith(wanted):
            return 0 if word != wanted else -1
        if label.startswith(wanted):
            return 1
        return 2 if wanted in text or wanted in label else None

    ranked = [(place, one) for one in found if (place := rank(one)) is not None]
    return tuple(one for _, one in sorted(ranked, key=lambda pair: pair[0]))


@dataclass(frozen=True, slots=True)
class _Suggesting:
    catalogue: Catalogue
    scopes: Collection[str]
    known: Known
    locale: str
    here: Situation

    def all(self) -> Iterator[Suggestion]:
        for terminal, suggest in _BY_TERMINAL.items():
            if terminal in self.here.accepts:
                yield from suggest(self)

    def told(self, kind: Kind, texts: Mapping[str, Label], after: str = "") -> Iterator[Suggestion]:
        for text, label in texts.items():
            yield Suggestion(kind, f"{text}{after}", label.of(self.locale))

    # conditions

    def conditions(self) -> Iterator[Suggestion]:
        """Fields and rows of the noun at the end of what is written, verbs of its rows, and words before a rule."""
        noun = self.here.noun
        if noun is None or self.here.quoted:
            return
        path, _, _ = self.here.partial.rpartition(".")
        hops = path.split(".") if path else []
        for number, hop in enumerate(hops):
            relation = noun.relations.get(hop)
            if relation is None:
                return
            if relation.many:
                yield from self.verbs(path) if number == len(hops) - 1 else ()
                return
            noun = self.catalogue.noun(relation.target)
        yield from self.of_noun(noun, f"{path}." if path else "")
        if not path:
            yield from self.told(Kind.WORD, words.BEGINNING, " ")

    def of_noun(self, noun: Noun, prefix: str) -> Iterator[Suggestion]:
        function = self.here.call[-1:]
        if function and function[0] in frozenset(Function) - {Function.COUNT}:
            yield from self.summed(noun, Function(function[0]))
            return
        yield from self.fields(noun, prefix)
        yield from self.relations(noun, prefix)
        if not prefix and self.here.partial:  # a field of a row beside is found by its own name
            for relation in noun.relations.values():
                if not relation.many and self.readable(self.catalogue.noun(relation.target)):
                    yield from self.fields(self.catalogue.noun(relation.target), f"{relation.key}.")

    def readable(self, noun: Noun, field: Field | None = None) -> bool:
        wanted = {noun.scope, field.scope if field else ""} - {""}
        return all(scope in self.scopes for scope in wanted)

    def fields(self, noun: Noun, prefix: str) -> Iterator[Suggestion]:
        for one in noun.fields.values():
            if self.readable(noun, one):
                yield self.field(one, prefix)

    def field(self, one: Field, prefix: str = "") -> Suggestion:
        detail = one.type.lower() + (f", {one.unit}" if one.unit else "")
        return Suggestion(Kind.FIELD, f"{prefix}{one.key}", one.label.of(self.locale), detail)

    def summed(self, noun: Noun, function: Function) -> Iterator[Suggestion]:
        for one in noun.fields.values():
            if one.type in AGGREGATED[function] and not one.via and self.readable(noun, one):
                yield self.field(one)

    def relations(self, noun: Noun, prefix: str) -> Iterator[Suggestion]:
        for one in noun.relations.values():
            target = self.catalogue.noun(one.target)
            if self.readable(target):
                label = one.label or target.label
                yield Suggestion(
                    Kind.RELATION, f"{prefix}{one.key}.", label.of(self.locale), target.label.of(self.locale)
                )

    def verbs(self, path: str) -> Iterator[Suggestion]:
        for verb, label in words.VERBS.items():
            kind = "condition" if verb in frozenset(Quantifier) else "figure"
            yield Suggestion(Kind.VERB, f"{path}.{verb}(", label.of(self.locale), kind)

    def membership(self) -> Iterator[Suggestion]:
        customer = self.here.noun is not None and self.here.noun.key == CUSTOMER
        if customer and not self.here.quoted and "." not in self.here.partial:
            yield from self.told(Kind.WORD, words.MEMBERSHIP, ' "')

    def joining(self) -> Iterator[Suggestion]:
        if not self.here.quoted:
            yield from self.told(Kind.WORD, words.JOINING, " ")

    # comparisons

    def operators(self) -> Iterator[Suggestion]:
        subject = self.here.subject
        if subject is None and self.here.customer:
            yield from self.told(Kind.WORD, words.MEMBERSHIP, ' "')
        for operator in subject.operators if subject else ():
            label = words.OPERATORS[operator].of(self.locale)
            if operator is Operator.IS_EMPTY:
                yield Suggestion(Kind.OPERATOR, "is empty", label)
                yield Suggestion(Kind.OPERATOR, "is not empty", words.NOT_EMPTY.of(self.locale))
            else:
                opened = "(" if operator in (Operator.IN, Operator.NOT_IN) else ""
                yield Suggestion(Kind.OPERATOR, f"{WORDS.get(operator, operator.value)} {opened}", label)

    def values(self) -> Iterator[Suggestion]:
        """Texts of all kinds: keys of segments, stages and lifecycles, choices, common values, an example."""
        keyed = {"segment": self.known.segments, "stage": self.known.stages, "of": self.known.lifecycles}
        before, subject = self.here.before, self.here.subject
        if before in keyed:
            yield from self.quoted(keyed[before])
        elif self.here.call and self.here.noun is None:
            yield from self.quoted(self.known.lifecycles if subject and subject.takes == "lifecycle" else {})
        elif subject is not None and not self.here.call:
            yield from self.of_subject(subject)

    def quoted(self, texts: Mapping[str, str]) -> Iterator[Suggestion]:
        for text, label in texts.items():
            yield Suggestion(Kind.VALUE, f'"{text}"', label)

    def of_subject(self, subject: Field) -> Iterator[Suggestion]:
        noun = self.here.noun.key if self.here.noun else ""
        if subject.takes and subject.key == "stage":
            yield from self.quoted(self.known.stages)
        elif subject.choices:
            yield from self.quoted(dict(zip(subject.choices, subject.choices, strict=True)))
        elif found := self.known.values.get((noun, subject.key)):
            yield from self.quoted(dict.fromkeys(found, ""))
        elif subject.type in (FieldType.DATE, FieldType.TIME):
            yield from self.told(Kind.VALUE, words.MOMENTS)
        elif subject.type is FieldType.BOOLEAN:
            yield from self.told(Kind.VALUE, words.TRUTHS)
        else:
            yield Suggestion(Kind.VALUE, subject.example, "", subject.unit or "")

    def windows(self) -> Iterator[Suggestion]:
        dated = not self.here.call or (self.here.noun is not None and self.here.noun.time is not None)
        if dated and not self.here.quoted:
            yield from self.told(Kind.WINDOW, words.WINDOWS)


_BY_TERMINAL: dict[str, Callable[[_Suggesting], Iterator[Suggestion]]] = {
    "EQUAL": _Suggesting.operators,
    "STRING": _Suggesting.values,
    "NAME": _Suggesting.conditions,
    "LAST": _Suggesting.windows,
    "ENTERED": _Suggesting.membership,
    "AND": _Suggesting.joining,
}
"""By a terminal of the grammar that may follow: what is suggested then, in this order."""
