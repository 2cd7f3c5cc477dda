"""Every page of the panel in the order of its menu; a new noun is one more line."""

from __future__ import annotations

from starlette_admin import DropDown
from starlette_admin.i18n import lazy_gettext as lazy
from starlette_admin.views import BaseView

from admin import (
    contact,
    definitions,
    exchange_rates,
    followups,
    goal_progress,
    goals,
    people,
    records,
    sales,
    tokens,
    value,
    webhooks,
)
from admin.account import AccountPage
from admin.bulk import BulkPages
from admin.customer_actions import CustomerActions
from admin.customers import CustomerView
from admin.finding import FindPage
from admin.imports import ImportPages
from admin.lifecycle import views as lifecycle
from admin.lifecycle.board import BoardPage
from admin.lifecycle.pages import LifecyclePages
from admin.lifecycle.reports import ReportsPage
from admin.organisation import OrganisationPage
from admin.rules.pages import RuleDesk
from admin.saved_views import ViewPages
from admin.segments import views as segments
from admin.segments.pages import LibraryPage, SegmentPages
from admin.segments.sharing import OverlapPage
from admin.touch.handover import HandOverPage
from admin.touch.page import TouchReports

Entries = list[type[BaseView] | BaseView]


def views() -> list[BaseView]:
    """New instances of all of them: first what the menu lists, then what is reached from other pages."""
    kept = value.Kept()
    return [
        CustomerView(),
        DropDown(lazy("Segments"), _segments(), "fa-solid fa-object-group"),
        DropDown(lazy("Lifecycle"), _lifecycle(), "fa-solid fa-route"),
        DropDown(lazy("Value"), [*value.menu(kept), value.RunView(), goals.GoalView()], "fa-solid fa-gem"),
        DropDown(lazy("Sales"), _sales(), "fa-solid fa-cart-shopping"),
        DropDown(lazy("Contact"), _contact(), "fa-solid fa-comments"),
        DropDown(lazy("Records"), _records(), "fa-solid fa-clipboard-list"),
        DropDown(lazy("Settings"), _settings(), "fa-solid fa-gear"),
        *_unlisted(),
        *value.unlisted(kept),
    ]


def _segments() -> Entries:
    return [segments.SegmentView(), LibraryPage(), OverlapPage(), segments.MembershipView()]


def _lifecycle() -> Entries:
    return [
        BoardPage(),
        ReportsPage(),
        lifecycle.TransitionView(),
        lifecycle.StageView(),
        lifecycle.EdgeView(),
        lifecycle.LifecycleView(),
    ]


def _sales() -> Entries:
    return [sales.OrderView(), sales.ProductView(), sales.CostView()]


def _contact() -> Entries:
    return [followups.FollowUpView(), contact.InteractionView(), contact.RelationshipView(), TouchReports()]


def _records() -> Entries:
    return [records.ImportView(), ImportPages(), records.EventView(), records.AuditView()]


def _settings() -> Entries:
    return [
        OrganisationPage(),
        definitions.FieldView(),
        exchange_rates.RateView(),
        people.StaffView(),
        people.RoleView(),
        tokens.TokenView(),
        webhooks.EndpointView(),
        webhooks.DeliveryView(),
    ]


def _unlisted() -> list[BaseView]:
    return [
        tokens.TokenPages(),
        CustomerActions(),
        HandOverPage(),
        goal_progress.GoalProgress(),
        BulkPages(),
        FindPage(),
        ViewPages(),
        RuleDesk(),
        SegmentPages(),
        LifecyclePages(),
        AccountPage(),
    ]
