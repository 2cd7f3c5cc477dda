"""For whom the passing of time can have turned a rule: rows whose time a bound of a window has passed over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from crm.rules.fields import CUSTOMER, Catalogue, Field, FieldType, Relation, Since
from crm.rules.sql import Binder, Compiler, Context, Shape, name
from crm.rules.sql.fields import expression
from crm.rules.sql.rows import chain as joined
from crm.rules.tree import Operator, Value
from crm.rules.values import day_range, time_range, typed
from crm.rules.ways import Chain, Timed
from crm.rules.windows import TICK, Window, anniversaries

Bound = datetime | date | None


def turned(timed: Timed, catalogue: Catalogue, *, since: datetime, binder: Binder, context: Context) -> str | None:
    """A SELECT of the ids of all customers for whom the comparison can have turned after `since`, up to the
    context's now; None when it can have turned for nobody. It finds too many rather than too few."""
    compiler = Compiler(catalogue, binder, context, Shape.EACH)
    tables, conditions, alias = reached(timed.chain, compiler)
    column = _column(timed.field, compiler, alias)
    passed = _passed(timed.field, timed.operator, timed.value, column, since, context, binder)
    if not passed:
        return None
    where = " AND ".join([*conditions, f"({' OR '.join(passed)})"])
    return f"SELECT c.id FROM {tables} WHERE {where}"


def reached(chain: Chain, compiler: Compiler) -> tuple[str, list[str], str]:
    """FROM, conditions and the last alias of the rows at the end of a way from the customers `c`."""
    customers = f"{name(compiler.catalogue.noun(CUSTOMER).table)} c"
    if not chain:
        return customers, [], "c"
    found = joined(compiler, _plain(chain), "c")
    return f"{customers}, {found.tables}", found.conditions, found.alias


def _plain(chain: Sequence[Relation]) -> Sequence[Relation]:
    """The relations without what a lifecycle's name in brackets would choose: any may have been meant."""
    return [
        replace(relation, conditions=tuple(one for one in relation.conditions if getattr(one, "key", None) is None))
        for relation in chain
    ]


def _column(field: Field, compiler: Compiler, alias: str) -> str:
    if isinstance(field.source, Since):
        return f"{alias}.{name(field.source.name)}"
    return expression(compiler, field, alias)


def _passed(
    field: Field, operator: Operator, value: Value, column: str, since: datetime, context: Context, binder: Binder
) -> list[str]:
    before = replace(context, now=since)
    if operator is Operator.ANNIVERSARY:
        return _marks(column, value, before, context, binder)
    if field.type is FieldType.DURATION:
        assert not isinstance(value, Window)
        items = value if isinstance(value, tuple) else (value,)
        lengths = [timedelta(seconds=int(str(typed(field, item, context)))) for item in items]
        pairs: list[tuple[Bound, Bound]] = [(since - length, context.now - length + TICK) for length in lengths]
        return _between(column, pairs, "timestamptz", binder)
    if field.type is FieldType.TIME:
        old, new = (time_range(field, operator, value, each) for each in (before, context))
        return _between(column, [(old.low, new.low), (old.high, new.high)], "timestamptz", binder)
    first, last = (day_range(field, operator, value, each) for each in (before, context))
    # A last day is included: the days that it moves over are those after it.
    ends = [day + timedelta(days=1) if day else None for day in (first.last, last.last)]
    return _between(column, [(first.first, last.first), (ends[0], ends[1])], "date", binder)


def _between(column: str, pairs: Sequence[tuple[Bound, Bound]], sql_type: str, binder: Binder) -> list[str]:
    """Conditions for the values that a moving bound has passed over."""
    moved = [sorted((old, new)) for old, new in pairs if old is not None and new is not None and old != new]
    return [
        f"({column} >= {binder.bind(low, sql_type)} AND {column} < {binder.bind(high, sql_type)})"
        for low, high in moved
    ]


def _marks(column: str, value: Value, before: Context, after: Context, binder: Binder) -> list[str]:
    assert isinstance(value, Window)
    old, new = (set(anniversaries(value, each.now, each.zone)) for each in (before, after))
    changed: list[Any] = sorted(old ^ new)
    if not changed:
        return []
    mark = f"extract(month FROM {column})::int * 100 + extract(day FROM {column})::int"
    return [f"{mark} = ANY({binder.bind(changed, 'int[]')})"]
