"""`where`: the rule language as a filter of lists."""

from __future__ import annotations

from typing import Any

from crm.errors import CrmError, Forbidden
from crm.rules import check, json_form, reads, sql
from crm.rules.tree import Node
from crm.segments.names import refuse_unknown_names
from schema.select.moving import moving
from schema.select.render import Ask, Render
from schema.select.rendered import Rules, RulesNeeded
from schema.select.rows import Row
from schema.select.types import Table
from schema.select.wheres import NOUN_KEYS, plain


def _held(tree: Node, render: Render, noun: str) -> None:
    """Refuse a filter that speaks of what there is not; what was kept is read anew before it is held against it."""
    rules = render.reading
    try:
        check.check(tree, rules.catalogue, scopes=render.scopes, context=rules.context, root=noun)
        refuse_unknown_names(tree, rules.context)
    except Forbidden:
        raise
    except CrmError:
        if rules.fresh:
            raise
        raise RulesNeeded from None


def condition(ask: Ask, table: Table, row: Row, where: dict[str, Any]) -> str:
    """A filter as a condition on a row; raises CrmError with the path inside the filter."""
    render = ask.render
    rules = render.reading
    noun = NOUN_KEYS[table.model]
    try:
        tree = json_form.from_json(plain(where))
        _held(tree, render, noun)
        seen = json_form.from_json(render.row_filter) if render.row_filter is not None else None

        def compiled(rules: Rules, binder: sql.Binder) -> str:
            return sql.compile(
                tree,
                rules.catalogue,
                alias=row.alias_,
                binder=binder,
                context=rules.context,
                root=noun,
                shape=sql.Shape.LIST,
                row_filter=seen,
            )

        relative = reads.reads(tree, rules.catalogue, root=noun).relative or (
            seen is not None and reads.reads(seen, rules.catalogue).relative
        )
        return moving(render, compiled) if relative else compiled(rules, render)
    except CrmError as error:
        raise error.under("where") from None
