"""Whoever reads the schema, in an editor or by introspection, is told what each thing of it means."""

from __future__ import annotations

from collections.abc import Iterator

from graphql import GraphQLSchema, build_schema

from schema import schema
from schema.words import OWN, describe, parts

BUILT: GraphQLSchema = schema._schema


def elements() -> Iterator[tuple[str, str | None]]:
    """Every type, field, argument, input field and enum value, with its description."""
    for name, kind in BUILT.type_map.items():
        if name.startswith("__"):
            continue
        yield name, kind.description
        for part, declared in parts(kind).items():
            yield f"{name}.{part}", declared.description
            for argument, given in getattr(declared, "args", {}).items():
                yield f"{name}.{part}({argument}:)", given.description


def test_everything_in_the_schema_is_described() -> None:
    assert [name for name, said in elements() if not said] == []


def test_descriptions_are_sentences() -> None:
    odd = [name for name, said in elements() if said and (not said.strip().endswith((".", "?", ")")) or len(said) < 4)]
    assert odd == []


def test_no_description_is_kept_for_what_is_not_in_the_schema() -> None:
    known = {name: set(parts(kind)) for name, kind in BUILT.type_map.items()}
    shared = {"ReportGroup", "FeedbackGroup", "QualityGroup", "CohortGrain", "ReportGrain"}  # have some of theirs
    gone = [f"{kind}.{name}" for kind, words in OWN.items() if kind not in shared for name in words
            if name not in known.get(kind, set()) and not kind.endswith("Entry")]  # fmt: skip
    assert gone == []


def test_a_filter_says_of_a_field_what_the_record_says() -> None:
    made = build_schema(
        'type Customer { "When." birthday: String } input CustomerWhere { birthday: Int } type Query { a: Customer }'
    )
    describe(made)
    assert parts(made.type_map["CustomerWhere"])["birthday"].description == "When."


def test_a_description_at_its_own_place_stays() -> None:
    made = build_schema('type Query { "Mine." customers: Int }')
    describe(made)
    assert parts(made.type_map["Query"])["customers"].description == "Mine."


def description(kind: str, part: str | None = None) -> str:
    found = parts(BUILT.type_map[kind])[part] if part else BUILT.type_map[kind]
    return str(found.description)


def test_a_figure_of_customers_is_not_taken_for_a_list_of_theirs() -> None:
    assert description("CustomerSortField", "ORDERS") == description("ValueMetrics", "orders")
    assert description("CustomerFigure", "ORDERS") == description("ValueMetrics", "orders")


def test_a_field_that_records_and_value_metrics_both_have_is_described_by_the_record() -> None:
    assert "run" not in description("CostEntryRowsField", "currency")


def test_a_comparison_says_what_it_is_about() -> None:
    assert description("AttributeNumberComparison").endswith("`of` names the attribute.")
    assert "`acquiredAt`" in description("CustomerGroup")
    assert "`placedAt`" in description("OrderGroup")
