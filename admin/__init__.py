"""The back office: generated pages over the models, and a few finished by hand."""

from __future__ import annotations

from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette_admin import DropDown, I18nConfig, TimezoneConfig
from starlette_admin.i18n import lazy_gettext as lazy
from starlette_admin.importers import ImportConfig
from starlette_admin.views import BaseView
from tortoise import Tortoise
from tortoise.context import TortoiseContext

from admin import (
    catalogues,
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
from admin.auth import StaffSignIn
from admin.bulk import BulkPages
from admin.customer_actions import CustomerActions
from admin.customers import CustomerView
from admin.dashboard import Home
from admin.finding import FindPage
from admin.imports import ImportPages
from admin.lifecycle import views as lifecycle
from admin.lifecycle.board import BoardPage
from admin.lifecycle.pages import LifecyclePages
from admin.lifecycle.reports import ReportsPage
from admin.organisation import OrganisationPage
from admin.panel import Panel
from admin.preferences import PreferencesMiddleware
from admin.rules.pages import RuleDesk
from admin.saved_views import ViewPages
from admin.segments import views as segments
from admin.segments.pages import LibraryPage, SegmentPages
from admin.segments.sharing import OverlapPage
from admin.shield import Shield
from admin.theme import ArzeshTheme
from admin.touch.handover import HandOverPage
from admin.touch.page import TouchReports
from crm.settings import Settings

HERE = Path(__file__).parent
MOST_IMPORTED = 5_000


def views() -> list[BaseView]:
    """Every page in the order of the menu; a new noun is one more line."""
    kept = value.Kept()
    return [
        CustomerView(),
        DropDown(
            lazy("Segments"),
            [segments.SegmentView(), LibraryPage(), OverlapPage(), segments.MembershipView()],
            "fa-solid fa-object-group",
        ),
        DropDown(
            lazy("Lifecycle"),
            [
                BoardPage(),
                ReportsPage(),
                lifecycle.TransitionView(),
                lifecycle.StageView(),
                lifecycle.EdgeView(),
                lifecycle.LifecycleView(),
            ],
            "fa-solid fa-route",
        ),
        DropDown(lazy("Value"), [*value.menu(kept), value.RunView(), goals.GoalView()], "fa-solid fa-gem"),
        DropDown(
            lazy("Sales"),
            [sales.OrderView(), sales.ProductView(), sales.CostView()],
            "fa-solid fa-cart-shopping",
        ),
        DropDown(
            lazy("Contact"),
            [followups.FollowUpView(), contact.InteractionView(), contact.RelationshipView(), TouchReports()],
            "fa-solid fa-comments",
        ),
        DropDown(
            lazy("Records"),
            [records.ImportView(), ImportPages(), records.EventView(), records.AuditView()],
            "fa-solid fa-clipboard-list",
        ),
        DropDown(
            lazy("Settings"),
            [
                OrganisationPage(),
                definitions.FieldView(),
                exchange_rates.RateView(),
                people.StaffView(),
                people.RoleView(),
                tokens.TokenView(),
                webhooks.EndpointView(),
                webhooks.DeliveryView(),
            ],
            "fa-solid fa-gear",
        ),
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
        *value.unlisted(kept),
    ]


def resolve_relations() -> None:
    """Resolve the models' relations before the first connection: the pages are built from them."""
    with TortoiseContext():
        Tortoise.init_models(["models"], "models")


def build_admin(settings: Settings) -> Starlette:
    """The panel as an application, to be mounted at /admin under the name `admin`."""
    catalogues.install()
    resolve_relations()
    admin = Panel(
        title="Arzesh",
        base_url="/admin",
        route_name="admin",
        # Our files stand before the library's, under the library's own names where they replace one.
        static_dir=str(HERE / "static"),
        templates_dir=str(HERE / "templates"),
        theme=ArzeshTheme(),
        index_view=Home(),
        auth_provider=StaffSignIn(settings),
        secret_key=settings.secret_key,
        i18n_config=I18nConfig(language_switcher=list(catalogues.LANGUAGES)),
        timezone_config=TimezoneConfig(use_user_locale_timezone=True),
        import_config=ImportConfig(max_upload_size=settings.upload_limit, max_rows=MOST_IMPORTED),
    )
    admin.middlewares.insert(0, Middleware(Shield, page=admin._render_error))
    # After the library's own readers of cookies, whose answers ours replace.
    admin.middlewares.insert(3, Middleware(PreferencesMiddleware))
    for view in views():
        admin.add_view(view)
    admin.mount_to(Starlette())
    return admin.app
