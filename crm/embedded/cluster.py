"""Making the data directory once, and the configuration at every start."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path

from crm.embedded.faults import EmbeddedFailure
from crm.embedded.place import Place, installed

ROLE = "arzesh"
DATABASE = "arzesh"

CONFIGURATION: dict[str, str] = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",  # a path above 107 bytes would be refused, and nobody needs the socket
    "max_connections": "100",
    "password_encryption": "scram-sha-256",
    "shared_preload_libraries": "pg_stat_statements",
    "shared_buffers": "256MB",
    "effective_cache_size": "2GB",
    "maintenance_work_mem": "128MB",
    "work_mem": "16MB",
    "max_wal_size": "2GB",
    "checkpoint_completion_target": "0.9",
    "random_page_cost": "1.1",
    "jit": "off",  # compiling pays for reports of seconds, not for requests of milliseconds
    "idle_in_transaction_session_timeout": "5min",
    "idle_session_timeout": "0",
    "logging_collector": "on",
    "log_filename": "postgresql-%a.log",
    "log_truncate_on_rotation": "on",
    "log_rotation_age": "1d",
    "log_rotation_size": "0",
    "log_line_prefix": "%m [%p] %a ",
    "log_min_duration_statement": "1s",
    "log_lock_waits": "on",
    "log_timezone": "UTC",
    "timezone": "UTC",
    "lc_messages": "C",
}

HBA = """\
host all all 127.0.0.1/32 scram-sha-256
host replication all 127.0.0.1/32 scram-sha-256
"""

FIRST = """\
CREATE ROLE {role} LOGIN CREATEDB PASSWORD '{password}'
GRANT pg_monitor TO {role}
CREATE DATABASE {database} OWNER {role}
"""

# Into the template, so that every database has them: an ordinary role may not make the first one.
EXTENSIONS = """\
CREATE EXTENSION pg_stat_statements
CREATE EXTENSION pg_trgm
CREATE EXTENSION unaccent
"""


def prepare(place: Place, programs: Path) -> None:
    """Have a data directory of the right version, and a fresh configuration."""
    check_version(place)
    if not place.data.is_dir():
        create(place, programs)
    settings = {**CONFIGURATION, "log_directory": str(place.log)}
    write(place.home / "server.conf", configuration_text(settings))
    write(place.home / "hba.conf", HBA)


def check_version(place: Place) -> None:
    if not place.data.is_dir():
        return
    carried = installed()[1].split(".")[0]
    try:
        found = (place.data / "PG_VERSION").read_text().strip()
    except OSError as wrong:
        raise EmbeddedFailure(
            f"'{place.data}' is not a readable PostgreSQL data directory ({wrong.strerror}): move it away, or name "
            "another folder with ARZESH_EMBEDDED_HOME."
        ) from wrong
    if found != carried:
        raise EmbeddedFailure(
            f"The data directory '{place.data}' belongs to PostgreSQL {found}, this installation carries "
            f"PostgreSQL {carried}. Write a dump with the pg_dump of the version that made it, and restore it "
            "into a new folder (ARZESH_EMBEDDED_HOME), or set DATABASE_URL to a server of your own."
        )


def create(place: Place, programs: Path) -> None:
    """Make the data directory under a passing name, so that a killed first start leaves nothing half made."""
    need_passwd_entry(place)
    passing = place.home / "data-unfinished"
    shutil.rmtree(passing, ignore_errors=True)
    passing.mkdir()
    place.own(passing, 0o700)
    superuser, password = secrets.token_hex(24), secrets.token_hex(24)
    secret = place.home / "superuser"
    write(secret, superuser, mode=0o600)
    place.own(secret, 0o600)
    run(
        place,
        *(programs / "initdb", "--pgdata", passing, "--username=postgres", f"--pwfile={secret}"),
        *("--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--locale-provider=builtin"),
        *("--builtin-locale=C.UTF-8", "--data-checksums", "--no-instructions"),
    )
    alone = (programs / "postgres", "--single", "-D", passing, "-c", "shared_preload_libraries=pg_stat_statements")
    run(place, *alone, "template1", text=EXTENSIONS)
    run(place, *alone, "postgres", text=FIRST.format(role=ROLE, database=DATABASE, password=password))
    write(place.home / "password", password, mode=0o600)
    passing.rename(place.data)


def need_passwd_entry(place: Place) -> None:
    uid = os.geteuid() if place.user is None else place.user
    try:
        pwd.getpwuid(uid)
    except KeyError:
        raise EmbeddedFailure(
            f"The user with the number {uid} has no name on this machine, which PostgreSQL's initdb asks for: "
            "run as a named user, or set DATABASE_URL."
        ) from None


def run(place: Place, *command: str | Path, text: str = "") -> None:
    """Run one step; a stand-alone back end reports errors and goes on, so its output is read as well."""
    done = place.run(*command, text=text)
    said = f"{done.stdout}\n{done.stderr}"
    if done.returncode != 0 or "ERROR:" in said or "FATAL:" in said:
        told = [line for line in said.splitlines() if line.strip()][-5:]
        raise EmbeddedFailure(
            f"The embedded database cannot be made in '{place.home}': {' / '.join(told)}", step=Path(command[0]).name
        )


def configuration_text(settings: Mapping[str, str]) -> str:
    lines = [f"{name} = '{quoted(value)}'" for name, value in settings.items()]
    note = "# Written at every start; your own settings go into custom.conf beside this file."
    return "\n".join([note, *lines, "include_if_exists = 'custom.conf'", ""])


def quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "''")


def write(file: Path, content: str, mode: int = 0o644) -> None:
    fresh = file.with_name(file.name + ".new")
    fresh.touch(mode=mode)
    fresh.write_text(content)
    fresh.chmod(mode)
    fresh.replace(file)
