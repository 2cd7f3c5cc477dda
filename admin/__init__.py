"""The back office: generated pages over the models, and a few finished by hand."""

from __future__ import annotations

from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette_admin import I18nConfig, TimezoneConfig
from starlette_admin.importers import ImportConfig
from tortoise import Tortoise
from tortoise.context import TortoiseContext

from admin import catalogues
from admin.auth import StaffSignIn
from admin.dashboard import Home
from admin.menu import views
from admin.panel import Panel
from admin.preferences import PreferencesMiddleware
from admin.shield import Shield
from admin.theme import ArzeshTheme
from crm.settings import Settings

__all__ = ["build_admin", "resolve_relations", "views"]

HERE = Path(__file__).parent
MOST_IMPORTED = 5_000


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
