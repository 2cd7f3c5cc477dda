"""The settings of one process, read once from the environment; the dataclass is the table of them."""

from __future__ import annotations

import difflib
import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any, cast

from crm.errors import SettingsInvalid
from crm.settings_values import (
    boolean,
    choice,
    count,
    currency,
    domain_list,
    duration,
    path,
    port_number,
    postgres_url,
    public_address,
    size,
    text,
    zone,
)

PREFIX = "ARZESH_"
ELSEWHERE = {"database_url": "DATABASE_URL"}
"""Settings whose variable carries a name of its own, because other tools use the same."""

SHORTEST_SECRET = 32


def setting(default: Any, reads: Callable[[str], Any], help: str, *, secret: bool = False) -> Any:
    return field(default=default, repr=not secret, metadata={"reads": reads, "help": help, "secret": secret})


def default_data_home(environ: Mapping[str, str]) -> Path:
    """`$XDG_DATA_HOME/arzesh`, or `~/.local/share/arzesh` when that is unset or, against its rules, relative."""
    base = Path(environ.get("XDG_DATA_HOME", ""))
    return (base if base.is_absolute() else Path(environ.get("HOME") or Path.home()) / ".local/share") / "arzesh"


@dataclass(frozen=True)
class Settings:
    """Everything a process may be told from outside; durations are seconds, sizes are bytes."""

    environment: str = setting(
        "development",
        choice("development", "production"),
        "development makes a secret key by itself; production asks for one",
    )
    host: str = setting("127.0.0.1", text, "address to listen on")
    port: int = setting(8000, port_number, "port to listen on")
    public_url: str = setting("", public_address, "how clients reach the server; empty: http://host:port")
    trusted_proxies: tuple[str, ...] = setting((), domain_list, "addresses whose X-Forwarded-* headers count")
    data_home: Path = setting(
        Path(), path, "folder of the embedded database, uploads and keys; empty: $XDG_DATA_HOME/arzesh"
    )
    secret_key: str = setting(
        "", text, "signs sessions and cursors, 32 characters or more; development stores one", secret=True
    )
    base_currency: str = setting("USD", currency, "currency that every amount is also kept in (ISO 4217)")
    time_zone: str = setting("UTC", zone, "zone of days and months in reports (IANA name)")

    database_url: str = setting("", postgres_url, "PostgreSQL 18 to use; empty: the embedded server", secret=True)
    embedded_home: Path = setting(Path(), path, "folder of the embedded server; empty: postgres/ under the data home")
    embedded_user: str = setting("nobody", text, "ordinary user that runs the embedded server when we are root")
    keep_postgres: bool = setting(False, boolean, "leave the embedded server running after the last process")
    pool_min: int = setting(1, count(0, 1000), "connections kept open for writing")
    pool_max: int = setting(10, count(1, 1000), "most connections for writing, per process")
    read_pool_max: int = setting(10, count(1, 1000), "most connections for compiled reads, per process")
    acquire_timeout: float = setting(2.0, duration, "longest wait for a free connection, then 503")
    statement_timeout: float = setting(5.0, duration, "longest statement of a request")
    job_statement_timeout: float = setting(60.0, duration, "longest statement of a background job")
    lock_timeout: float = setting(1.0, duration, "longest wait for a row or table lock")
    idle_in_transaction_timeout: float = setting(10.0, duration, "longest pause inside a transaction")
    statement_cache_size: int = setting(
        1000, count(0, 100_000), "prepared statements per connection; 0 behind PgBouncer in transaction mode"
    )

    body_limit: int = setting(1_000_000, size, "largest request body")
    upload_limit: int = setting(50_000_000, size, "largest uploaded file")
    request_deadline: float = setting(10.0, duration, "longest a request may take")
    cost_bucket: int = setting(
        100_000, count(0, 10**9), "cost that a credential may spend at once, per process; 0: no limit"
    )
    cost_refill: int = setting(10_000, count(1, 10**9), "cost that a credential regains each second, per process")
    allowed_origins: tuple[str, ...] = setting(
        (), domain_list, "web origins whose pages may call the API with a token, such as https://shop.example.com"
    )
    trusted_documents: Path = setting(
        Path(), path, "folder of GraphQL documents that clients may name instead of sending"
    )
    only_trusted: bool = setting(False, boolean, "serve no other documents than the trusted ones")
    graphiql: bool = setting(True, boolean, "serve the GraphQL playground")
    open_metrics: bool = setting(False, boolean, "let everybody who reaches the server read /metrics")
    webhook_private_addresses: bool = setting(
        False, boolean, "let webhooks call this machine and private networks, by http and any port too: for development"
    )
    drain_pause: float = setting(
        0.0, duration, "how long readiness is red before a stopping server refuses connections"
    )
    shutdown_grace: float = setting(15.0, duration, "how long a stopping server waits for requests to end")
    log_level: str = setting("info", choice("debug", "info", "warning", "error"), "least severe line to log")
    log_format: str = setting("text", choice("text", "json"), "shape of log lines")

    @property
    def production(self) -> bool:
        return self.environment == "production"

    @property
    def url(self) -> str:
        """Where clients reach the server, without a trailing slash."""
        return self.public_url.rstrip("/") or f"http://{self.host}:{self.port}"

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> Settings:
        """Read and check every setting.

        Raises SettingsInvalid naming the variable, its value and the remedy. In development a missing secret
        key is made once and kept in the data home, readable by its owner only.
        """
        _refuse_unknown(environ)
        values = {row.name: _read(row, environ) for row in TABLE}
        if values["data_home"] == Path():
            values["data_home"] = default_data_home(environ)
        values["secret_key"] = _secret_key(values)
        return _coherent(cls(**values))


@dataclass(frozen=True)
class Row:
    """One setting as the documentation and `arzesh doctor` list it."""

    name: str
    variable: str
    kind: str
    default: Any
    help: str
    secret: bool
    reads: Callable[[str], Any]


TABLE: tuple[Row, ...] = tuple(
    Row(
        name=each.name,
        variable=ELSEWHERE.get(each.name, PREFIX + each.name.upper()),
        kind=each.metadata["reads"].__name__.replace("_", " "),
        default=None if each.default is MISSING else each.default,
        help=each.metadata["help"],
        secret=each.metadata["secret"],
        reads=each.metadata["reads"],
    )
    for each in fields(Settings)
)


def _read(row: Row, environ: Mapping[str, str]) -> Any:
    raw = _raw(row, environ).strip()
    if not raw:
        return row.default
    try:
        return row.reads(raw)
    except ValueError as wrong:
        shown = "(a secret)" if row.secret else f"'{raw[:80]}'"
        raise SettingsInvalid(f"{row.variable} is {shown}: {wrong}", path=(row.variable,)) from None


def _raw(row: Row, environ: Mapping[str, str]) -> str:
    """The value, or for a secret the content of the file that `<VARIABLE>_FILE` names."""
    file = environ.get(f"{row.variable}_FILE", "") if row.secret else ""
    if not file:
        return environ.get(row.variable, "")
    try:
        return Path(file).read_text()
    except OSError as wrong:
        raise SettingsInvalid(
            f"{row.variable}_FILE is '{file}': it cannot be read ({wrong.strerror}).", path=(row.variable,)
        ) from None


def _refuse_unknown(environ: Mapping[str, str]) -> None:
    known = {row.variable for row in TABLE} | {f"{row.variable}_FILE" for row in TABLE if row.secret}
    for name in environ:
        if name.startswith(PREFIX) and name not in known:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.8)
            hint = f"did you mean {near[0]}?" if near else "unset it; `arzesh doctor --settings` lists all there are."
            raise SettingsInvalid(f"{name} is not a setting; {hint}", path=(name,))


def _secret_key(values: Mapping[str, Any]) -> str:
    key = cast(str, values["secret_key"])
    if key and len(key) < SHORTEST_SECRET:
        raise SettingsInvalid(
            f"ARZESH_SECRET_KEY has {len(key)} characters: {SHORTEST_SECRET} or more are needed, "
            "for example from `openssl rand -hex 32`.",
            path=("ARZESH_SECRET_KEY",),
        )
    if key or values["environment"] == "development":
        return key or stored_secret(values["data_home"])
    raise SettingsInvalid(
        "ARZESH_SECRET_KEY is missing: production needs one, for example from `openssl rand -hex 32`.",
        path=("ARZESH_SECRET_KEY",),
    )


def stored_secret(data_home: Path) -> str:
    """The secret key kept in the data home; made at the first call, whichever process comes first."""
    file = data_home / "secret_key"
    try:
        data_home.mkdir(parents=True, exist_ok=True)
        if not file.exists():
            fresh = data_home / f"secret_key.{os.getpid()}.{secrets.token_hex(4)}"
            fresh.touch(mode=0o600)
            fresh.write_text(secrets.token_hex(32))
            _publish(fresh, file)
        return file.read_text().strip()
    except OSError as wrong:
        raise SettingsInvalid(
            f"ARZESH_DATA_HOME is '{data_home}': the secret key cannot be kept there ({wrong.strerror}); "
            "name a folder that you may write, or set ARZESH_SECRET_KEY.",
            path=("ARZESH_DATA_HOME",),
        ) from None


def _publish(fresh: Path, file: Path) -> None:
    """Give the file its name unless another process was first."""
    try:
        os.link(fresh, file)
    except FileExistsError:
        pass
    finally:
        fresh.unlink()


def _coherent(settings: Settings) -> Settings:
    if settings.pool_min > settings.pool_max:
        raise SettingsInvalid(
            f"ARZESH_POOL_MIN is {settings.pool_min}: it must not be above ARZESH_POOL_MAX ({settings.pool_max}).",
            path=("ARZESH_POOL_MIN",),
        )
    return settings
