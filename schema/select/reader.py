"""Carries out GraphQL requests: by one statement where the document compiles, else through the executor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from graphql import (
    ExecutionResult,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    execute,
    get_variable_values,
)

from crm.access import Actor
from crm.errors import CrmError
from schema.context import Context
from schema.select.answer import crm_errors, graphql_error, hidden, place_of, refused, spliced
from schema.select.documents import Documents, Invalid, Prepared
from schema.select.execution import Execution, check_cost, readable, told_of
from schema.select.executor import SplicingExecutor
from schema.select.explain import Depth, Explained
from schema.select.givens import taken
from schema.select.limits import check_variables
from schema.select.plan import plan_of
from schema.select.rendered import Located
from schema.select.request import GraphQLRequest, GraphQLResponse


class MethodNotAllowed(CrmError):
    """A mutation changes things; send it by POST."""

    code = "METHOD_NOT_ALLOWED"
    status = 405


class NotServedHere(CrmError):
    """Subscriptions are served over WebSocket, or with `Accept: text/event-stream`."""

    code = "BAD_REQUEST"


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
        prepared = self.documents.prepared(request.document)
        operation = prepared.operation(request.operation_name)
        try:
            check_variables(operation, request.variables)
        except GraphQLError as error:
            raise Invalid([error], "BAD_USER_INPUT") from None
        plain = taken(prepared.givens.get(operation.name.value if operation.name else ""), request.variables)
        variables = self.coerced(operation, request.variables) if plain is None else plain
        plan = plan_of(self.schema, prepared, operation, variables)
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

    async def run(self, prepared: Prepared, execution: Execution) -> GraphQLResponse:
        plan, request = execution.plan, execution.request
        fields = plan.fields
        rendered = await execution.rendered(plan.texts, fields)
        cost = rendered.cost + plan.surcharge + await self.cost_of_sites(execution)
        if plan.roots:  # all of them may be skipped
            check_cost(cost, rendered.costliest or plan.roots[0])
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
