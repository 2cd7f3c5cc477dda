"""Carries out GraphQL requests: by one statement where the document compiles, else through the executor."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from graphql import (
    ExecutionResult,
    GraphQLError,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    execute,
    get_variable_values,
)

from crm.access import Actor, Scope, need
from crm.database import fetch_read
from crm.errors import CrmError, Forbidden, ValidationFailed
from schema.context import Context
from schema.select.answer import crm_errors, graphql_error, hidden, place_of, refused, spliced
from schema.select.cache import Recent
from schema.select.documents import Documents, Invalid, Prepared, deciding_variables
from schema.select.executor import SplicingExecutor
from schema.select.explain import Depth, Explained, explained
from schema.select.givens import taken
from schema.select.limits import check_cost, check_variables
from schema.select.render import Ask, Later, Located, Memory, Render, Rendered, Rules, RulesNeeded, frozen, located
from schema.select.request import GraphQLRequest, GraphQLResponse
from schema.select.rows import Row
from schema.select.ruling import rules
from schema.select.selection import Selected, Spread, collect
from schema.select.sources import One, Rows, Source
from schema.select.types import source_behind, table_or_none
from schema.select.visibility import visibility

MAX_TEXTS = 100
MUTATION_COST = 10
ROOT = Row("root")


KEY = "@key"


def _with_key(row: Row, target: Row, ask: Ask) -> Rows:
    return Rows((f"{target.id} = {ask.render.bind(Later(lambda variables: variables.get(KEY)), 'uuid')}",))


BACK = One(by=_with_key)
"""Where a record that was just written comes from."""


class MethodNotAllowed(CrmError):
    """A mutation changes things; send it by POST."""

    code = "METHOD_NOT_ALLOWED"
    status = 405


class NotServedHere(CrmError):
    """Subscriptions are served over WebSocket, or with `Accept: text/event-stream`."""

    code = "BAD_REQUEST"


@dataclass(slots=True)
class Texts:
    """The statements of one set of selected fields, by what shapes them."""

    memory: Memory = field(default_factory=Memory)
    kept: Recent[Any, Rendered] = field(default_factory=lambda: Recent(MAX_TEXTS))


@dataclass(frozen=True, slots=True)
class Plan:
    """What one operation of a document comes to.

    `reads` are the root fields that compile. `sites` are the places under other fields where a record is read back,
    by their path; each has a statement of its own.
    """

    operation: OperationDefinitionNode
    roots: tuple[Selected, ...]
    reads: tuple[Selected, ...]
    sites: Mapping[tuple[str, ...], Selected]
    heads: Mapping[str, bytes]
    fields: tuple[tuple[Selected, Source], ...] = ()
    texts: Texts = field(default_factory=Texts)
    site_texts: Mapping[tuple[str, ...], Texts] = field(default_factory=dict)

    @property
    def fast(self) -> bool:
        """Whether the statement is the whole answer."""
        return len(self.reads) == len(self.roots)


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
            self.rules = await rules(self.request.now)
            found, settled = self.render(texts.memory, fields)
        if known != (len(texts.memory.shaping), len(texts.memory.present)):
            texts.kept.clear()  # their keys lack a variable that was only now seen to matter
        if settled:
            key = (texts.memory.key(self.variables), self.actor.scopes, frozen(self.actor.row_filter))
            texts.kept.put(key, found)
        if found.moving:
            await self.moved(found)
        return found

    def render(self, memory: Memory, fields: tuple[tuple[Selected, Source], ...]) -> tuple[Rendered, bool]:
        render = Render(
            variables=self.variables,
            memory=memory,
            visibility=visibility,
            rules=self.rules,
            scopes=self.actor.scopes,
            row_filter=self.actor.row_filter,
        )
        columns = [_root_column(render, selected, source) for selected, source in fields]
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
        made = Rendered(text, tuple(parameters), render.needs, render.cost, tuple(render.moving), tuple(render.guards))
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


def failed(error: Exception, request_id: str | None) -> GraphQLResponse:
    """The answer to a request that could not be carried out; what nobody expected is hidden."""
    match error:
        case Invalid():
            found = [entry for part in error.errors for entry in graphql_error(part, error.code, request_id)]
            return refused(found, 400)
        case Located():
            return refused(crm_errors(error.error, place_of(error)), error.error.status)
        case CrmError():
            return refused(crm_errors(error), error.status)
    return hidden(error, request_id)


class Reader:
    """Carries out requests against one schema."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self.schema = schema
        self.documents = Documents(schema)

    async def execute(self, request: GraphQLRequest, actor: Actor) -> GraphQLResponse:
        """Answer one request; every failure that a client can cause or expect is in the answer, none is raised."""
        try:
            return await self.carry_out(request, actor)
        except Exception as error:  # noqa: BLE001 - the last line before the client
            return failed(error, actor.request_id)

    async def carry_out(self, request: GraphQLRequest, actor: Actor) -> GraphQLResponse:
        prepared, execution = self.prepare(request, actor)
        operation = execution.plan.operation.operation
        if operation is OperationType.SUBSCRIPTION:
            raise NotServedHere
        if operation is OperationType.MUTATION and request.queries_only:
            raise MethodNotAllowed
        return await self.run(prepared, execution)

    def prepare(self, request: GraphQLRequest, actor: Actor) -> tuple[Prepared, Execution]:
        """The document and what carrying it out needs; raises Invalid and CrmError."""
        check_variables(request.variables)
        prepared = self.documents.prepared(request.document)
        operation = prepared.operation(request.operation_name)
        plain = taken(prepared.givens.get(operation.name.value if operation.name else ""), request.variables)
        variables = self.coerced(operation, request.variables) if plain is None else plain
        plan = self.plan(prepared, operation, variables)
        return prepared, Execution(request, actor, plan, {**variables, "@actor": actor})

    async def explain(self, request: GraphQLRequest, actor: Actor, depth: Depth) -> list[Explained]:
        """Tell of a document's statements without carrying it out; raises Invalid, Located and CrmError."""
        _, execution = self.prepare(request, actor)
        return await told_of(execution, depth)

    def coerced(self, operation: OperationDefinitionNode, given: Mapping[str, Any]) -> dict[str, Any]:
        definitions = operation.variable_definitions
        if not definitions:
            return {}
        found = get_variable_values(self.schema, definitions, dict(given), max_errors=20)
        if isinstance(found, list):
            raise Invalid(found, "BAD_USER_INPUT")
        return found.coerced

    def plan(self, prepared: Prepared, operation: OperationDefinitionNode, variables: Mapping[str, Any]) -> Plan:
        deciding = prepared.plans.get("deciding")
        if deciding is None:
            deciding = prepared.plans["deciding"] = deciding_variables(prepared)
        # Another operation of the document may have other variables; what is absent decides nothing here.
        truths = {name: variables[name] for name in deciding if name in variables}
        key = (operation.name.value if operation.name else "", *truths.values())
        found: Plan | None = prepared.plans.get(key)
        if found is None:
            found = prepared.plans[key] = self.planned(prepared, operation, truths)
        return found

    def planned(self, prepared: Prepared, operation: OperationDefinitionNode, truths: Mapping[str, bool]) -> Plan:
        kind = self.schema.get_root_type(operation.operation)
        assert kind
        roots = collect(Spread(self.schema, prepared.fragments, truths), kind, [operation.selection_set], ())
        typename = {root.key: kind.name for root in roots if root.name == "__typename"}
        reads = tuple(root for root in roots if source_behind(root.definition) or root.key in typename)
        sites = {site.path: site for root in roots if root not in reads for site in _sites(root)}
        heads = {root.key: orjson.dumps(root.key) + b":" for root in roots}
        return Plan(
            operation, roots, reads, sites, heads, _with_sources(reads), Texts(), {path: Texts() for path in sites}
        )

    async def run(self, prepared: Prepared, execution: Execution) -> GraphQLResponse:
        plan, request = execution.plan, execution.request
        fields = plan.fields
        rendered = await execution.rendered(plan.texts, fields)
        cost = rendered.cost + await self.cost_of_sites(execution)
        if plan.operation.operation is OperationType.MUTATION:
            cost += MUTATION_COST * len(plan.roots)
        check_cost(cost)
        told = request.charge(cost) if request.charge else None
        extensions: dict[str, Any] = {"cost": {"requested": cost, **(told or {})}}
        if request.explain:
            extensions["plan"] = [one.shown() for one in await told_of(execution, request.explain)]
        found = iter(await execution.read(rendered) if fields else ())
        answers = {
            root.key: orjson.dumps(self.schema.query_type.name if self.schema.query_type else "")
            if root.name == "__typename"
            else next(found)
            for root in plan.reads
        }
        if plan.fast and plan.operation.operation is OperationType.QUERY:
            body = spliced([(plan.heads[key], value) for key, value in answers.items()], extensions)
            return GraphQLResponse(body, False, 200, cost)
        return await self.executed(prepared, execution, answers, extensions, cost)

    async def cost_of_sites(self, execution: Execution) -> int:
        """Render what will be read back before anything is changed, so that a missing scope refuses the change."""
        total = 0
        for path, site in execution.plan.sites.items():
            total += (await readable(execution, path, site)).cost
        return total

    async def executed(
        self,
        prepared: Prepared,
        execution: Execution,
        answers: Mapping[str, bytes],
        extensions: dict[str, Any],
        cost: int,
    ) -> GraphQLResponse:
        request, actor = execution.request, execution.actor
        fragments = {key: orjson.Fragment(value) for key, value in answers.items()}
        outcome: Any = execute(
            self.schema,
            prepared.node,
            context_value=Context(actor, request.now, execution, request.idempotency_key, fragments),
            variable_values=dict(request.variables),
            operation_name=request.operation_name,
            executor_class=SplicingExecutor,
        )
        result: ExecutionResult = outcome if isinstance(outcome, ExecutionResult) else await outcome
        body: dict[str, Any] = {"data": result.data, "extensions": extensions}
        if result.errors:
            body["errors"] = [entry for error in result.errors for entry in _resolver_error(error, actor)]
        operation = execution.plan.operation.operation.value
        return GraphQLResponse(orjson.dumps(body), bool(result.errors), 200, cost, operation)


def _resolver_error(error: GraphQLError, actor: Actor) -> list[dict[str, Any]]:
    return graphql_error(error, "FAILED", actor.request_id)


def _with_sources(fields: tuple[Selected, ...]) -> tuple[tuple[Selected, Source], ...]:
    return tuple((one, source) for one in fields if (source := source_behind(one.definition)) is not None)


def _sites(selected: Selected) -> Iterator[Selected]:
    """The places at or under a field with a resolver of its own where a record is read back."""
    if not isinstance(selected.named, GraphQLObjectType) or selected.name.startswith("__"):
        return
    if table_or_none(selected.named):
        yield selected
        return
    for child in selected.children:
        yield from _sites(child)


async def readable(execution: Execution, path: tuple[str, ...], site: Selected) -> Rendered:
    """The statement that reads a record back at a place of the document; its key comes as `@key`."""
    return await execution.rendered(execution.plan.site_texts[path], ((site, BACK),))


async def rendered_reads(execution: Execution) -> Rendered:
    """The statement for the compiled root fields."""
    return await execution.rendered(execution.plan.texts, execution.plan.fields)


async def told_of(execution: Execution, depth: Depth) -> list[Explained]:
    """The statements behind a document, for developers: of its compiled fields, and of what is read back."""
    need(execution.actor, Scope.DEVELOPER)
    fields = _with_sources(execution.plan.reads)
    found = []
    if fields:
        rendered = await execution.rendered(execution.plan.texts, fields)
        places = tuple(selected.key for selected, _ in fields)
        found.append(await explained(places, rendered, execution.variables, depth))
    for path, site in execution.plan.sites.items():
        rendered = await readable(execution, path, site)
        found.append(await explained((".".join(path),), rendered, execution.variables, depth))
    return found
