"""Holds a rule against the catalogue and the author's scopes, and names everything that does not fit."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from typing import Any

from crm.errors import CrmError, Forbidden, Problems
from crm.rules.check_values import check_count, check_past, check_value, check_window, readable
from crm.rules.contradictions import refuse_contradiction
from crm.rules.faults import RuleInvalid, check_size
from crm.rules.fields import (
    CUSTOMER,
    OPERATORS,
    Catalogue,
    Column,
    Entry,
    Field,
    FieldType,
    Label,
    Noun,
    Relation,
    find_customer,
    find_field,
    find_rows,
)
from crm.rules.hints import written
from crm.rules.tree import (
    Aggregate,
    And,
    Compare,
    EverInStage,
    FieldRef,
    Function,
    InSegment,
    Leaf,
    Node,
    Not,
    Operator,
    Or,
    Place,
    Presence,
    Quantified,
    Quantifier,
    Scalar,
)
from crm.rules.values import Context
from crm.rules.windows import Moment, Window, find_zone

JsonPath = tuple[str, ...]

COUNT = Field("count", FieldType.NUMBER, Column("count"), Label("Number", "تعداد", "数量"), "", "3", sql_type="bigint")

_SUMMED = (FieldType.NUMBER, FieldType.MONEY)
_COMPARED = (*_SUMMED, FieldType.DATE, FieldType.TIME)
AGGREGATED: dict[Function, Collection[FieldType]] = {
    Function.SUM: _SUMMED,
    Function.AVG: _SUMMED,
    Function.MIN: _COMPARED,
    Function.MAX: _COMPARED,
    Function.FIRST: frozenset(FieldType) - {FieldType.DURATION},
    Function.LAST: frozenset(FieldType) - {FieldType.DURATION},
}


def check(tree: Node, catalogue: Catalogue, *, scopes: Collection[str], context: Context, root: str = CUSTOMER) -> None:
    """Raise when a rule cannot be asked.

    RuleInvalid or Forbidden for one fault, Problems for several; each carries the path in the JSON form, and the
    line and column when the rule was written as text. Unknown fields come with the nearest known one; fields the
    author may not read name the missing scope.
    """
    found = problems(tree, catalogue, scopes=scopes, context=context, root=root)
    if len(found) == 1:
        raise found[0]
    if found:
        raise Problems(found)


def problems(
    tree: Node, catalogue: Catalogue, *, scopes: Collection[str], context: Context, root: str = CUSTOMER
) -> list[CrmError]:
    """Everything that is wrong with a rule, in reading order."""
    check_size(tree)
    checker = _Checker(catalogue, scopes, context, [])
    checker.node(tree, catalogue.noun(root), ())
    return checker.found


def figure(subject: Aggregate, noun: Noun) -> Field:
    """The field that an aggregate's value is compared as. Raises RuleInvalid for one that cannot be computed."""
    if subject.field is None:
        return COUNT
    found = noun.fields.get(subject.field)
    if found is None:
        raise AssertionError("find_field comes first")
    if found.via or not isinstance(found.source, Column):
        raise RuleInvalid(f"'{found.key}' cannot be computed over; take a field of the {noun.key} itself.")
    if found.type not in AGGREGATED[subject.function]:
        raise RuleInvalid(f"'{subject.function}' cannot be taken of '{found.key}', which is {found.type.lower()}.")
    if subject.function in (Function.FIRST, Function.LAST) and noun.time is None:
        raise RuleInvalid(f"A {noun.key} has no date, so that none is first or last.")
    if subject.function is Function.SUM:
        return replace(found, limits=None)
    return replace(found, sql_type="numeric") if subject.function is Function.AVG else found


@dataclass(slots=True)
class _Checker:
    catalogue: Catalogue
    scopes: Collection[str]
    context: Context
    found: list[CrmError]

    def node(self, node: Node, noun: Noun, path: JsonPath) -> None:
        match node:
            case And() | Or():
                self.group(node, noun, path)
            case Not():
                self.node(node.item, noun, (*path, "NOT"))
            case _:
                self.leaf(node, noun, path)

    def group(self, node: And | Or, noun: Noun, path: JsonPath) -> None:
        word = "AND" if isinstance(node, And) else "OR"
        for number, item in enumerate(node.items):
            self.node(item, noun, (*path, word, str(number)))
        if isinstance(node, And):
            self.note(lambda: refuse_contradiction(node.items, self.catalogue, noun, self.context), path, node.place)

    def leaf(self, node: Leaf, noun: Noun, path: JsonPath) -> None:
        match node:
            case Compare():
                self.compare(node, noun, path)
            case Quantified():
                self.quantified(node, noun, (*path, *node.relation))
            case InSegment():
                self.note(lambda: self.segment(node, noun), (*path, *node.path, "segment"), node.place)
            case EverInStage():
                self.note(lambda: self.stage(node, noun), (*path, *node.path, "everInStage"), node.place)

    def compare(self, node: Compare, noun: Noun, path: JsonPath) -> None:
        subject = node.subject
        if isinstance(subject, FieldRef):
            self.note(lambda: self.field(node, subject, noun), (*path, *subject.path), node.place)
        else:
            self.aggregate(node, subject, noun, (*path, *subject.relation))

    def note(self, step: Callable[[], Any], path: JsonPath, place: Place | None) -> Any:
        """Run a step and keep its fault, with path and place; the step's answer, or None."""
        try:
            return step()
        except RuleInvalid as fault:
            self.found.append(_placed(fault, path, place))
        except Forbidden as fault:
            fault.details |= {"line": place.line, "column": place.column} if place else {}
            self.found.append(fault.under(*path))
        return None

    def allow(self, scopes: Iterable[str], what: str) -> None:
        for scope in scopes:
            if scope and scope not in self.scopes:
                raise Forbidden(f"'{what}' needs the scope '{scope}', which is not granted.", missing_scope=scope)

    def allow_rows(self, relations: Iterable[Relation], what: str) -> None:
        nouns = self.catalogue.nouns
        self.allow((nouns[relation.target].scope for relation in relations if relation.target in nouns), what)

    def field(self, node: Compare, subject: FieldRef, noun: Noun) -> None:
        found = find_field(self.catalogue, noun, subject.path, subject.place)
        self.allow_rows(found.hops, ".".join(subject.path))
        self.allow((found.noun.scope, found.field.scope), ".".join(subject.path))
        _check_argument(found.field, subject.argument)
        self.comparison(found.field, node)

    def comparison(self, field: Field, node: Compare) -> None:
        operator, value = node.operator, node.value
        if operator not in OPERATORS[field.type]:
            said = written if node.place else str
            fitting = ", ".join(said(one) for one in field.operators)
            raise RuleInvalid(
                f"'{said(operator)}' does not fit '{field.key}', which is {field.type.lower()}; fitting are {fitting}."
            )
        if operator is Operator.IS_EMPTY:
            return
        for item in value if isinstance(value, tuple) else (value,):
            self.times(item, anniversary=operator is Operator.ANNIVERSARY)
        check_value(field, operator, value, self.context)

    def times(self, value: Scalar | Window, *, anniversary: bool = False) -> None:
        if isinstance(value, Window | Moment) and value.zone is not None and find_zone(value.zone) is None:
            raise RuleInvalid(f"'{value.zone[:60]}' is not a time zone; zones are named like 'Asia/Tehran'.")
        if isinstance(value, Window):
            check_window(value, self.context, anniversary=anniversary)

    def rows(self, relation: tuple[str, ...], window: Window | None, noun: Noun, place: Place | None) -> Noun:
        relations = find_rows(self.catalogue, noun, relation, place)
        self.allow_rows(relations, ".".join(relation))
        target = self.catalogue.noun(relations[-1].target)
        if window is not None:
            self.times(window)
            if target.time is None:
                raise RuleInvalid(f"'{relation[-1]}' carry no date, so that a window does not fit.")
        return target

    def aggregate(self, node: Compare, subject: Aggregate, noun: Noun, path: JsonPath) -> None:
        place = subject.place or node.place
        target = self.note(lambda: self.rows(subject.relation, subject.window, noun, place), path, place)
        if target is None:
            return
        here = (*path, subject.function.value)
        self.note(lambda: self.aggregated(node, subject, target), here, place)
        if subject.inner:
            self.node(subject.inner, target, (*here, "where"))

    def aggregated(self, node: Compare, subject: Aggregate, target: Noun) -> None:
        if subject.field is not None:
            found = find_field(self.catalogue, target, (subject.field,), subject.place)
            self.allow((found.field.scope,), subject.field)
        field = figure(subject, target)
        self.comparison(field, node)
        if field is COUNT:
            check_count(node.value)

    def quantified(self, node: Quantified, noun: Noun, path: JsonPath) -> None:
        target = self.note(lambda: self.rows(node.relation, node.window, noun, node.place), path, node.place)
        here = (*path, node.quantifier.value)
        if node.inner and target is not None:
            self.node(node.inner, target, here)
        if node.inner is None and node.quantifier is Quantifier.EVERY:
            self.found.append(_placed(RuleInvalid("'every' needs a condition."), here, node.place))

    def segment(self, node: InSegment, noun: Noun) -> None:
        find_customer(self.catalogue, noun, node.path, node.place)
        self.allow((self.catalogue.scopes["segment"],), "in segment")
        if node.window:
            self.times(node.window)
            check_past(node, self.context)
        if node.presence is Presence.AT:
            self.membership_time(node.at or "")
            check_past(node, self.context)

    def membership_time(self, at: str | Moment) -> None:
        if isinstance(at, Moment):
            self.times(at)
        elif not readable(at, self.context):
            raise RuleInvalid(f"'{at[:60]}' is not a date or time such as 2026-03-21.")

    def stage(self, node: EverInStage, noun: Noun) -> None:
        find_customer(self.catalogue, noun, node.path, node.place)
        self.allow((self.catalogue.scopes["stage"],), "ever in stage")


def _check_argument(field: Field, argument: str | None) -> None:
    if argument is not None and field.takes is None:
        raise RuleInvalid(f"'{field.key}' takes nothing in brackets.")
    if argument is None and isinstance(field.source, Entry):
        raise RuleInvalid(f"'{field.key}' needs to know which {field.takes}: write '{field.key}(\"…\")'.")


def _placed(fault: RuleInvalid, path: JsonPath, place: Place | None) -> RuleInvalid:
    """The fault with its path, and with its place unless its message tells one already."""
    if fault.place is not None or place is None:
        fault.path = (*path, *fault.path)
        return fault
    return RuleInvalid(fault.message, path=(*path, *fault.path), place=place)
