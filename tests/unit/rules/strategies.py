"""Random rules: arbitrary ones for the two forms, and ones that fit a catalogue for their meaning."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import strategies as st

from crm.rules.check import AGGREGATED, COUNT
from crm.rules.fields import CUSTOMER, OPERATORS, Catalogue, Column, Field, FieldType, Noun
from crm.rules.tree import (
    RESERVED,
    Aggregate,
    And,
    Compare,
    EverInStage,
    FieldRef,
    Function,
    InSegment,
    Money,
    Node,
    Not,
    Operator,
    Or,
    Presence,
    Quantified,
    Quantifier,
    Scalar,
)
from crm.rules.windows import Direction, Moment, Span, Unit, Window

# -- arbitrary trees -------------------------------------------------------------------------------------------------

names = st.from_regex(r"[a-z][a-zA-Z0-9_]{0,8}", fullmatch=True).filter(lambda name: name not in RESERVED)
paths = st.lists(names, min_size=1, max_size=3).map(tuple)
strings = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12)
filled = strings.filter(bool)
isos = st.sampled_from(["2026-03-01", "2026-03-01T10:00:00Z", "2026-03-01T10:00:00.5+03:30"])
zones = st.none() | st.sampled_from(["Asia/Tehran", "UTC"])
units = st.sampled_from(Unit)
numbers = st.decimals(min_value=-(10**12), max_value=10**12, places=3)
moments = st.builds(Moment, st.integers(-90, 90), units, st.booleans(), zones)
spans = st.builds(Span, st.integers(0, 90), units)
money = st.builds(Money, numbers, st.sampled_from(["EUR", "IRR", "ALL"]))
scalars: st.SearchStrategy[Scalar] = st.one_of(strings, isos, st.booleans(), numbers, money, moments, spans)
windows = st.one_of(
    st.builds(
        Window,
        st.sampled_from([Direction.LAST, Direction.NEXT]),
        st.integers(1, 99),
        units,
        st.booleans(),
        zones,
    ),
    st.builds(Window, st.sampled_from([Direction.THIS, Direction.PREVIOUS]), unit=units, zone=zones),
    st.builds(Window, st.just(Direction.BETWEEN), start=isos | filled, end=st.none() | isos, zone=zones),
    st.builds(Window, st.just(Direction.BETWEEN), end=isos, zone=zones),
)
comments = st.lists(
    st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=12)
    .map(str.strip)
    .filter(bool),
    max_size=2,
).map(tuple)


def comparisons(subject: st.SearchStrategy[FieldRef | Aggregate]) -> st.SearchStrategy[Node]:
    listed = st.lists(scalars, min_size=1, max_size=3).map(tuple)
    plain = [op for op in Operator if op not in (*_LISTED, *_WINDOWED, Operator.BETWEEN, Operator.IS_EMPTY)]
    return st.one_of(
        st.builds(Compare, subject, st.sampled_from(plain), scalars, comments),
        st.builds(Compare, subject, st.sampled_from(_LISTED), listed, comments),
        st.builds(Compare, subject, st.just(Operator.BETWEEN), st.tuples(scalars, scalars), comments),
        st.builds(Compare, subject, st.just(Operator.IS_EMPTY), st.booleans(), comments),
        st.builds(Compare, subject, st.sampled_from(_WINDOWED), windows, comments),
    )


_LISTED = (Operator.IN, Operator.NOT_IN)
_WINDOWED = (Operator.WITHIN, Operator.ANNIVERSARY)
field_refs = st.builds(FieldRef, paths, st.none() | filled)
prefixes = st.just(()) | paths
leaves = st.one_of(
    comparisons(field_refs),
    st.builds(InSegment, filled, st.sampled_from([Presence.NOW, Presence.EVER]), path=prefixes, comments=comments),
    st.builds(InSegment, filled, st.just(Presence.AT), isos | filled | moments, path=prefixes, comments=comments),
    st.builds(
        InSegment,
        filled,
        st.sampled_from([Presence.ENTERED, Presence.LEFT]),
        window=windows,
        path=prefixes,
        comments=comments,
    ),
    st.builds(EverInStage, filled, st.none() | filled, prefixes, comments),
)


def _extended(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    items = st.lists(inner, min_size=2, max_size=3).map(tuple)
    optional = st.none() | inner
    figures = st.one_of(
        st.builds(Aggregate, paths, st.just(Function.COUNT), st.none(), st.none() | windows, optional),
        st.builds(
            Aggregate,
            paths,
            st.sampled_from([function for function in Function if function is not Function.COUNT]),
            names,
            st.none() | windows,
            optional,
        ),
    )
    return st.one_of(
        st.builds(And, items),
        st.builds(Or, items),
        st.builds(Not, inner),
        st.builds(Quantified, paths, st.sampled_from(Quantifier), optional, st.none() | windows, comments),
        comparisons(figures),
    )


trees: st.SearchStrategy[Node] = st.recursive(leaves, _extended, max_leaves=12)

# -- rules that fit a catalogue --------------------------------------------------------------------------------------

_SCALARS: dict[FieldType, st.SearchStrategy[Scalar]] = {
    FieldType.TEXT: st.sampled_from(["علي", "ALI", "li", "a_", "50%", "é"]),
    FieldType.CODE: st.sampled_from(["IR", "CN", "web", "client", "lost"]),
    FieldType.NUMBER: st.sampled_from([Decimal(number) for number in ("-1", "0", "1", "2", "2.5", "5")]),
    FieldType.MONEY: st.sampled_from([Decimal(number) for number in ("0", "10", "10.5", "99.99")]),
    FieldType.BOOLEAN: st.booleans(),
    FieldType.DATE: st.sampled_from(["2026-02-28", "2026-03-01", "2026-04-30"])
    | st.builds(Moment, st.integers(-60, 3)),
    FieldType.TIME: st.sampled_from(["2026-03-01", "2026-04-30T12:00:00Z"])
    | st.builds(Moment, st.integers(-60, 3), st.sampled_from([Unit.DAY, Unit.HOUR]), st.booleans()),
    FieldType.DURATION: st.builds(Span, st.sampled_from([0, 1, 30])),
    FieldType.ID: st.just("cus_00000000-0000-7000-8000-000000000001"),
}
fitting_windows = st.one_of(
    st.builds(Window, st.just(Direction.LAST), st.sampled_from([1, 30, 60]), st.just(Unit.DAY), st.booleans(), zones),
    st.builds(Window, st.just(Direction.NEXT), st.sampled_from([1, 30]), st.just(Unit.DAY), st.booleans(), zones),
    st.builds(
        Window, st.sampled_from([Direction.THIS, Direction.PREVIOUS]), unit=st.sampled_from([Unit.MONTH, Unit.WEEK])
    ),
    st.just(Window(Direction.BETWEEN, start="2026-03-01", end="2026-04-15")),
)
ROOT_KINDS = ("field", "one", "rows", "figure", "segment", "stage")


@st.composite
def rules(draw: st.DrawFn, catalogue: Catalogue, noun: Noun | None = None, depth: int = 3) -> Node:
    """A rule that passes the check."""
    here = noun or catalogue.noun(CUSTOMER)
    kind = draw(st.sampled_from(["leaf", "leaf", "and", "or", "not"])) if depth else "leaf"
    inner = rules(catalogue, here, depth - 1)
    if kind in ("and", "or"):
        items = tuple(draw(st.lists(inner, min_size=2, max_size=3)))
        return And(items) if kind == "and" else Or(items)
    return Not(draw(inner)) if kind == "not" else draw(_leaf(catalogue, here, depth))


@st.composite
def _leaf(draw: st.DrawFn, catalogue: Catalogue, noun: Noun, depth: int) -> Node:
    many = [relation for relation in noun.relations.values() if relation.many]
    one = [relation for relation in noun.relations.values() if not relation.many]
    kinds = ["field", "field"] + ["one"] * bool(one) + ["rows", "figure", "figure"] * (bool(many) and depth > 0)
    kinds += ["segment", "stage"] * (noun.key == CUSTOMER)
    match draw(st.sampled_from(kinds)):
        case "field":
            return draw(_comparison(FieldRef, (), draw(st.sampled_from(list(noun.fields.values())))))
        case "one":
            relation = draw(st.sampled_from(one))
            field = draw(st.sampled_from(list(catalogue.noun(relation.target).fields.values())))
            return draw(_comparison(FieldRef, (relation.key,), field))
        case "rows":
            return draw(_rows(catalogue, draw(st.sampled_from(many)).key, noun, depth))
        case "figure":
            return draw(_figure(catalogue, draw(st.sampled_from(many)).key, noun, depth))
        case "segment":
            return draw(_segment())
        case _:
            return EverInStage(draw(st.sampled_from(["client", "lost"])))


_ARGUMENTS: dict[str, list[str | None]] = {"lifecycle": [None, "other"], "attribute": ["delivery", "price"]}


@st.composite
def _comparison(draw: st.DrawFn, make: type[FieldRef], prefix: tuple[str, ...], field: Field) -> Node:
    argument = draw(st.sampled_from(_ARGUMENTS[field.takes])) if field.takes else None
    return draw(_compared(FieldRef((*prefix, field.key), argument), field))


@st.composite
def _compared(draw: st.DrawFn, subject: FieldRef | Aggregate, field: Field) -> Node:
    operator = draw(st.sampled_from(OPERATORS[field.type]))
    value = _scalar(field)
    match operator:
        case Operator.IS_EMPTY:
            return Compare(subject, operator, draw(st.booleans()))
        case Operator.IN | Operator.NOT_IN:
            return Compare(subject, operator, tuple(draw(st.lists(value, min_size=1, max_size=2))))
        case Operator.BETWEEN:
            return Compare(subject, operator, _ordered(field))
        case Operator.WITHIN:
            return Compare(subject, operator, draw(fitting_windows))
        case Operator.ANNIVERSARY:
            return Compare(subject, operator, draw(fitting_windows))
    return Compare(subject, operator, draw(value))


def _scalar(field: Field) -> st.SearchStrategy[Scalar]:
    if field.choices:
        return st.sampled_from(field.choices)
    if field is COUNT:
        return st.sampled_from([Decimal(number) for number in (0, 1, 2, 3)])
    if field.currency:
        return st.builds(Money, st.sampled_from([Decimal("0"), Decimal("10"), Decimal("99.99")]), st.just("EUR"))
    if field.prefix:
        return st.just(f"{field.prefix}_00000000-0000-7000-8000-000000000001")
    return _SCALARS[field.type]


def _ordered(field: Field) -> tuple[Scalar, Scalar]:
    match field.type:
        case FieldType.NUMBER:
            return Decimal(1), Decimal(3)
        case FieldType.MONEY:
            low, high = Decimal(5), Decimal(50)
            return (Money(low, "EUR"), Money(high, "EUR")) if field.currency else (low, high)
        case FieldType.DURATION:
            return Span(1), Span(30)
    return "2026-03-01", "2026-04-15"


@st.composite
def _rows(draw: st.DrawFn, catalogue: Catalogue, relation: str, noun: Noun, depth: int) -> Node:
    target = catalogue.noun(noun.relations[relation].target)
    quantifier = draw(st.sampled_from(Quantifier))
    window = draw(st.none() | fitting_windows) if target.time else None
    every = quantifier is Quantifier.EVERY
    inner = draw(rules(catalogue, target, depth - 1)) if every or draw(st.booleans()) else None
    return Quantified((relation,), quantifier, inner, window)


@st.composite
def _figure(draw: st.DrawFn, catalogue: Catalogue, relation: str, noun: Noun, depth: int) -> Node:
    target = catalogue.noun(noun.relations[relation].target)
    function = draw(st.sampled_from(Function))
    able = [
        field
        for field in target.fields.values()
        if function is not Function.COUNT
        and field.type in AGGREGATED[function]
        and isinstance(field.source, Column)
        and not field.via
        and (target.time or function not in (Function.FIRST, Function.LAST))
    ]
    field = draw(st.sampled_from(able)) if able else COUNT
    function = function if able else Function.COUNT
    window = draw(st.none() | fitting_windows) if target.time else None
    inner = draw(st.none() | rules(catalogue, target, depth - 1))
    key = None if field is COUNT else field.key
    subject = Aggregate((relation,), function, key, window, inner)
    return draw(_compared(subject, field))


@st.composite
def _segment(draw: st.DrawFn) -> Node:
    key = draw(st.sampled_from(["vip", "new", "unknown"]))
    presence = draw(st.sampled_from(Presence))
    at = draw(st.sampled_from(["2026-04-01", Moment(-40), Moment(0, whole=True)])) if presence is Presence.AT else None
    window = draw(fitting_windows) if presence in (Presence.ENTERED, Presence.LEFT) else None
    return InSegment(key, presence, at, window)
