"""Webhooks and what became of each delivery; a secret is shown once, on the page that made it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette_admin import row_action
from starlette_admin.exceptions import ActionFailed
from starlette_admin.flash import flash
from starlette_admin.i18n import gettext as _
from starlette_admin.i18n import lazy_gettext as lazy

from admin import choices, event_words, formats
from admin.archiving import Archivable
from admin.base import RecordView
from admin.fields import Computed, LongText, Scopes, Structure, listed
from admin.layout import row
from admin.problems import leading, said, told
from admin.records import About, names_of
from admin.request import actor_of, may, now
from admin.rules.field import RuleText
from crm.access import Actor, Scope
from crm.errors import CrmError
from crm.webhooks import deliveries, endpoints
from crm.webhooks.choosing import ALL, KNOWN, NOUNS
from models import DeliveryStatus, WebhookDelivery, WebhookEndpoint
from models.base import Record

LATEST = 10
"""Deliveries on a webhook's own page."""
RESENT_SINCE = timedelta(days=30)


@dataclass
class Kinds(Scopes):
    """Kinds of events, as boxes to tick: all about a noun first, single ones behind a fold."""

    form_template: str = "fields/kinds_form.html"

    def broad(self, request: Request) -> list[tuple[str, str]]:
        """All events, and all about each noun, with what they are in words."""
        nouns = [(f"{noun}.*", _("Everything about: %(noun)s") % {"noun": _noun(noun)}) for noun in NOUNS]
        return [(ALL, _("Everything that happens")), *nouns]

    def single(self, request: Request) -> list[tuple[str, str]]:
        return [(kind, event_words.happened(kind)) for kind in sorted(KNOWN)]


_NAMED = {"cost": "cost_entry", "token": "api_token", "staff": "staff_member", "import": "import_run"}
_NAMED |= {"value": "value_run", "designation": "strategic_designation", "field": "field_definition"}
_NAMED |= {"webhook": "webhook_endpoint", "setting": "organization_setting"}


def _noun(word: str) -> str:
    """What the first word of a kind of event is about, in the reader's language."""
    return event_words.noun(_NAMED.get(word, word))


@dataclass
class State(Computed):
    """How an endpoint fares, in a few words."""

    async def parse_obj(self, request: Request, obj: WebhookEndpoint) -> Any:
        if obj.archived_at:
            return _("Archived")
        if not obj.enabled:
            return {
                "BY_HAND": _("Switched off by hand"),
                "GONE": _("Switched off: it wants to hear no more (410)"),
                "FAILING": _("Switched off: it took nothing for days"),
                "RULE_BROKEN": _("Switched off: its rule speaks of something that is gone"),
            }[str(obj.disabled_reason.value if obj.disabled_reason else "BY_HAND")]
        if obj.failing_since:
            return _("Fails since %(time)s") % {"time": formats.moment(obj.failing_since)}
        return _("On") if obj.last_success_at else _("On, nothing told yet")


class EndpointView(Archivable):
    """Addresses of other systems that are told of events."""

    record = WebhookEndpoint
    reads = Scope.WEBHOOK_READ
    writes = Scope.WEBHOOK_WRITE
    icon = "fa-solid fa-tower-broadcast"
    menu_label = lazy("Webhooks")
    display_name = lazy("webhook")
    empty_hint = lazy("A webhook tells another system what happens, as soon as it happens.")
    detail_template = "webhook.html"
    parts = (
        "name",
        "url",
        State("state", label=lazy("State")),
        Kinds("event_types"),
        RuleText("rule_text", help_text=lazy("Of which customers it hears; empty: of all.")),
        "personal_data",
        "enabled",
        "last_success_at",
        "previous_until",
        "api_version",
        "actor_label",
        "archived_at",
        "created_at",
    )
    form_layout = (row("name", "url"), "event_types", "rule_text", "personal_data", "enabled")
    exclude_fields_from_list = (
        *("event_types", "rule_text", "personal_data", "enabled", "previous_until", "api_version"),
        *("actor_label", "archived_at", "created_at"),
    )
    _kept = ("last_success_at", "previous_until", "api_version", "actor_label", "archived_at")
    exclude_fields_from_create = (*_kept, "enabled")
    exclude_fields_from_edit = _kept
    sortable_fields = ("name", "last_success_at")
    fields_default_sort = (("name", False),)
    found_by = ("name", "url")
    row_actions = ("view", "edit", "test", "resend", "secret", "archive")

    async def page(self, obj: Any, request: Request) -> dict[str, Any]:
        found = WebhookDelivery.filter(endpoint_id=obj.id).order_by("-id").limit(LATEST)
        return {
            **await super().page(obj, request),
            "deliveries": await found,
            "may_write": may(request, self.writes, Scope.EVENT_READ) and obj.archived_at is None,
        }

    async def create(self, request: Request, data: dict[str, Any]) -> Any:
        made = await super().create(request, data)
        request.state.instead = self._secret(request, made, made.shown_secret)
        return made

    async def add(self, actor: Actor, values: dict[str, Any], at: datetime) -> Record:
        with leading(rule="rule_text"):
            minted = await endpoints.create(actor, fields=_said(values), now=at)
        minted.endpoint.shown_secret = minted.secret  # type: ignore[attr-defined]
        return minted.endpoint

    async def change(
        self, actor: Actor, key: UUID, version: int | None, values: dict[str, Any], at: datetime
    ) -> Record:
        with leading(rule="rule_text"):
            return await endpoints.update(actor, key, expected_version=version, fields=_said(values), now=at)

    async def put_aside(self, actor: Actor, key: UUID, at: datetime) -> None:
        await endpoints.archive(actor, key, expected_version=None, now=at)

    async def is_row_action_allowed(self, request: Request, name: str) -> bool:
        if name in ("test", "resend", "secret"):
            return may(request, self.writes, Scope.EVENT_READ)
        return await super().is_row_action_allowed(request, name)

    async def is_row_action_allowed_for_obj(self, request: Request, name: str, obj: Any) -> bool:
        away = obj.archived_at is not None
        fitting = not (away and name in ("edit", "test", "resend", "secret")) and (obj.enabled or name != "resend")
        return fitting and await super().is_row_action_allowed_for_obj(request, name, obj)

    @row_action(name="test", text=lazy("Send a test"), icon_class="fa-solid fa-paper-plane", action_btn_class="btn")
    async def test(self, request: Request, pk: Any) -> None:
        with told():
            tried = await deliveries.test(actor_of(request), UUID(str(pk)), now=now())
        if tried.status is not DeliveryStatus.DELIVERED:
            raise ActionFailed(_("The test was not taken: %(reason)s") % {"reason": tried.error})
        took = formats.number(tried.duration_ms or 0)
        flash(
            request,
            _("The test was taken, with %(status)s after %(time)s ms.")
            % {"status": tried.response_status, "time": took},
            "success",
        )

    @row_action(
        name="resend",
        text=lazy("Send all failed ones again"),
        icon_class="fa-solid fa-rotate-right",
        confirmation=lazy("Everything that failed in the last 30 days is sent again."),
        submit_btn_text=lazy("Send again"),
        action_btn_class="btn",
    )
    async def resend(self, request: Request, pk: Any) -> None:
        with told():
            since = now() - RESENT_SINCE
            sent = await deliveries.retry_failed(actor_of(request), UUID(str(pk)), since=since, now=now())
        flash(request, _("%(number)s deliveries are sent again.") % {"number": formats.number(sent)}, "success")

    @row_action(
        name="secret",
        text=lazy("Replace the secret"),
        icon_class="fa-solid fa-arrows-rotate",
        confirmation=lazy("A new secret is made and shown once; the one before signs along for one more day."),
        submit_btn_text=lazy("Replace"),
        action_btn_class="btn",
        custom_response=True,
    )
    async def secret(self, request: Request, pk: Any) -> Response:
        try:
            minted = await endpoints.rotate_secret(actor_of(request), UUID(str(pk)), expected_version=None, now=now())
        except CrmError as problem:
            flash(request, said(problem), "error")
            return RedirectResponse(request.url_for("admin:list", key=self.key), 303)
        return self._secret(request, minted.endpoint, minted.secret)

    def _secret(self, request: Request, endpoint: Any, secret: str | None) -> Response:
        assert self._admin is not None
        context = {"title": endpoint.name, "endpoint": endpoint, "secret": secret}
        response: Response = self._admin._template_response(request, "webhook_secret.html", context)
        response.headers["cache-control"] = "no-store"
        return response


def _said(values: dict[str, Any]) -> Any:
    """Form values as use cases take them."""
    names = {"rule_text": "rule"}
    return {names.get(name, name): value for name, value in values.items()}


class DeliveryView(RecordView):
    """What webhooks were told, and what was answered."""

    record = WebhookDelivery
    reads = Scope.WEBHOOK_READ
    icon = "fa-solid fa-envelope-circle-check"
    menu_label = lazy("Webhook deliveries")
    display_name = lazy("delivery")
    empty_hint = lazy("What webhooks are told appears here, with what was answered.")
    parts = (
        "endpoint",
        listed("event_type", event_words.happenings, filters=choices.TEXT_FILTERS),
        About("customer"),
        "status",
        "response_status",
        "error",
        "last_attempt_at",
        "attempts",
        "next_attempt_at",
        "duration_ms",
        LongText("response_excerpt"),
        Structure("tries"),
        "created_at",
    )
    exclude_fields_from_list = ("attempts", "next_attempt_at", "duration_ms", "response_excerpt", "tries", "created_at")
    sortable_fields = ("last_attempt_at", "created_at")
    fields_default_sort = (("created_at", True),)
    found_by = ("event_type", "error")
    row_actions = ("view", "again")

    def name_of(self, obj: Any) -> str:
        return event_words.happened(str(obj.event_type))

    async def find_all(self, request: Request, *args: Any, **options: Any) -> Any:
        found = await super().find_all(request, *args, **options)
        request.state.names_of_customers = await names_of(one.customer_id for one in found if one.customer_id)
        return found

    async def is_row_action_allowed(self, request: Request, name: str) -> bool:
        if name == "again":
            return may(request, Scope.WEBHOOK_WRITE, Scope.EVENT_READ)
        return await super().is_row_action_allowed(request, name)

    @row_action(
        name="again",
        text=lazy("Send again"),
        icon_class="fa-solid fa-rotate-right",
        confirmation=lazy("The same event is told once more, with the same id."),
        submit_btn_text=lazy("Send again"),
        action_btn_class="btn",
    )
    async def again(self, request: Request, pk: Any) -> None:
        with told():
            await deliveries.retry(actor_of(request), UUID(str(pk)), now=now())
        flash(request, _("It is sent again."), "success")
