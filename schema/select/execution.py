"""One request being carried out: its statements are made or found, sent, and told of."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from crm.access import Actor, Scope, need
from crm.database import fetch_read
from crm.errors import Forbidden, ValidationFailed
from schema.select.explain import Depth, Explained, explained
from schema.select.limits import MAX_COST, too_costly
from schema.select.plan import Plan, Texts, with_sources
from schema.select.render import Ask, Memory, Render, frozen
from schema.select.rendered import Later, Located, Rendered, Rules, RulesNeeded, located
from schema.select.request import GraphQLRequest
from schema.select.rows import Row
from schema.select.ruling import rules
from schema.select.selection import Selected
from schema.select.sources import One, Rows, Source
from schema.select.visibility import visibility

ROOT = Row("root")
KEY = "@key"


def _with_key(row: Row, target: Row, ask: Ask) -> Rows:
    return Rows((f"{target.id} = {ask.render.bind(Later(lambda variables: variables.get(KEY)), 'uuid')}",))


BACK = One(by=_with_key)
"""Where a record that was just written comes from."""


@dataclass(slots=True)
class Execution:
    """One request being carried out."""

    request: GraphQLRequest
    actor: Actor
    plan: Plan
    variables: dict[str, Any]
    rules: Rules | None = None
    cost: int = 0

    async def rendered(self, texts: Texts, fields: tuple[tuple[Selected, Source], ...]) -> Rendered:
        """The statement for some fields, made anew only if nothing kept has the same shape."""
        # Scopes belong to the key because a filter is checked against them while it is rendered.
        key = (texts.memory.key(self.variables), self.actor.scopes, frozen(self.actor.row_filter))
        found = texts.kept.get(key)
        if found is None or (found.moving and not await self.moved(found)):
            found = await self.rendered_anew(texts, fields)
        return found

    async def moved(self, rendered: Rendered) -> bool:
        """Make the values of relative times for this request; false when what they are relative to has changed."""
        known = self.rules = await rules(self.request.now)
        return all([condition.move(known, self.variables) for condition in rendered.moving])

    async def rendered_anew(self, texts: Texts, fields: tuple[tuple[Selected, Source], ...]) -> Rendered:
        known = len(texts.memory.shaping), len(texts.memory.present)
        try:
            found, settled = self.render(texts.memory, fields)
        except RulesNeeded:
            found, settled = await self.rendered_with_rules(texts.memory, fields)
        if known != (len(texts.memory.shaping), len(texts.memory.present)):
            texts.kept.clear()  # their keys lack a variable that was only now seen to matter
        if settled:
            key = (texts.memory.key(self.variables), self.actor.scopes, frozen(self.actor.row_filter))
            texts.kept.put(key, found)
        if found.moving:
            await self.moved(found)
        return found

    async def rendered_with_rules(
        self, memory: Memory, fields: tuple[tuple[Selected, Source], ...]
    ) -> tuple[Rendered, bool]:
        try:
            self.rules = self.rules or await rules(self.request.now)
            return self.render(memory, fields)
        except RulesNeeded:
            self.rules = await rules(self.request.now, fresh=True)
            return self.render(memory, fields)

    def render(self, memory: Memory, fields: tuple[tuple[Selected, Source], ...]) -> tuple[Rendered, bool]:
        render = Render(
            variables=self.variables,
            memory=memory,
            visibility=visibility,
            rules=self.rules,
            scopes=self.actor.scopes,
            row_filter=self.actor.row_filter,
        )
        columns, costs = [], dict[int, Selected]()
        for selected, source in fields:
            before = render.cost
            columns.append(_root_column(render, selected, source))
            costs.setdefault(render.cost - before, selected)
        for scope, selected in render.needs.items():
            if scope not in self.actor.scopes:
                path = ".".join(selected.path)
                raise Located(
                    Forbidden(
                        f"'{path}' needs the scope '{scope}', which your credential does not have.", missing_scope=scope
                    ),
                    selected,
                )
        text, parameters = compact("SELECT " + ", ".join(columns), render.parameters)
        made = Rendered(
            text=text,
            parameters=tuple(parameters),
            needs=render.needs,
            cost=render.cost,
            moving=tuple(render.moving),
            guards=tuple(render.guards),
            costliest=costs[max(costs)] if costs else None,
        )
        return made, render.settled

    async def read(self, rendered: Rendered, variables: Mapping[str, Any] | None = None) -> list[bytes]:
        """Send the statement; one JSON value for each of its fields."""
        values = rendered.values(variables or self.variables)
        try:
            rows = await fetch_read(rendered.text, *values)
        except ValidationFailed as failure:
            raise rendered.refused(failure) from failure
        return [_json_bytes(value) for value in rows[0]]


_PARAMETER = re.compile(r"\$(\d+)::")


def compact(text: str, parameters: list[Any]) -> tuple[str, list[Any]]:
    """The statement without parameters that nothing of it uses, such as the filter of a list of which only
    `hasPreviousPage` was selected: PostgreSQL refuses a value that has no place."""
    used = sorted({int(number) for number in _PARAMETER.findall(text)})
    if len(used) == len(parameters):
        return text, parameters
    places = {old: new for new, old in enumerate(used, start=1)}
    renumbered = _PARAMETER.sub(lambda found: f"${places[int(found[1])]}::", text)
    return renumbered, [parameters[number - 1] for number in used]


def _root_column(render: Render, selected: Selected, source: Source) -> str:
    with located(selected):
        render.need(source.scope, selected)
        return source.render(Ask(render, selected), ROOT)


def _json_bytes(value: bytes | str | None) -> bytes:
    if value is None:
        return b"null"
    return value.encode() if isinstance(value, str) else value


def check_cost(cost: int, costliest: Selected) -> None:
    """Raise the refusal of a request that may return too much, at the root field that costs the most."""
    if cost > MAX_COST:
        raise Located(too_costly(cost, costliest.key), costliest)


async def readable(execution: Execution, path: tuple[str, ...], site: Selected) -> Rendered:
    """The statement that reads a record back at a place of the document; its key comes as `@key`."""
    return await execution.rendered(execution.plan.site_texts[path], ((site, BACK),))


async def rendered_reads(execution: Execution) -> Rendered:
    """The statement for the compiled root fields."""
    return await execution.rendered(execution.plan.texts, execution.plan.fields)


async def told_of(execution: Execution, depth: Depth) -> list[Explained]:
    """The statements behind a document, for developers: of its compiled fields, and of what is read back."""
    need(execution.actor, Scope.DEVELOPER)
    fields = with_sources(execution.plan.reads)
    found = []
    if fields:
        rendered = await execution.rendered(execution.plan.texts, fields)
        places = tuple(selected.key for selected, _ in fields)
        found.append(await explained(places, rendered, execution.variables, depth))
    for path, site in execution.plan.sites.items():
        rendered = await readable(execution, path, site)
        found.append(await explained((".".join(path),), rendered, execution.variables, depth))
    return found
