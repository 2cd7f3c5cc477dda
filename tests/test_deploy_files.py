"""The files that set up, ship and lock the program say what the program itself says."""

from __future__ import annotations

import json
import re
import shlex
import tomllib
from dataclasses import fields
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from typer.main import get_command

from crm.settings import ELSEWHERE, PREFIX, Settings

ROOT = Path(__file__).parents[1]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
INSTRUCTIONS = [
    line.split(maxsplit=1) for line in DOCKERFILE.replace("\\\n", " ").splitlines() if re.match("[A-Z]", line)
]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service.get("build")}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))


def known_variables() -> set[str]:
    return {ELSEWHERE.get(field.name, PREFIX + field.name.upper()) for field in fields(Settings)}


def commands() -> set[str]:
    """The commands behind the program that the project installs."""
    module, _, _ = PROJECT["scripts"]["arzesh"].partition(":")
    return set(get_command(import_module(module).app).commands)  # type: ignore[attr-defined]


def said(keyword: str) -> list[str]:
    return [rest for word, rest in INSTRUCTIONS if word == keyword]


def image_variables() -> dict[str, str]:
    pairs = [pair.partition("=") for line in said("ENV") for pair in shlex.split(line)]
    return {name: value for name, _, value in pairs if name.startswith(PREFIX)}


def filled_in(value: str) -> str:
    """What compose makes of a value: its default, or forty characters where it insists on one."""
    return re.sub(r"\$\{\w+:([-?])(.*?)\}", lambda found: found[2] if found[1] == "-" else "x" * 40, value)


def pinned(lock: Path) -> dict[str, str]:
    found = re.findall(r"^([a-z0-9.-]+)==([^\s;]+)", lock.read_text(encoding="utf-8"), re.MULTILINE)
    return dict(found)


def test_compose_runs_a_server_a_worker_and_postgresql_18() -> None:
    assert {"app", "worker", "postgres"} <= set(SERVICES)
    assert SERVICES["postgres"]["image"] == "postgres:18"
    assert "database:/var/lib/postgresql" in SERVICES["postgres"]["volumes"]


@pytest.mark.parametrize("name", OURS)
def test_each_service_runs_a_command_that_the_program_has(name: str) -> None:
    program, command, *_ = OURS[name]["command"]
    assert program in PROJECT["scripts"]
    assert command in commands()


@pytest.mark.parametrize("name", OURS)
def test_each_service_sets_only_variables_that_the_program_reads(name: str) -> None:
    assert set(OURS[name]["environment"]) <= known_variables()


@pytest.mark.parametrize("name", OURS)
def test_no_service_of_ours_runs_before_the_database_answers(name: str) -> None:
    waits = OURS[name]["depends_on"]
    assert waits in (
        {"postgres": {"condition": "service_healthy"}},
        {"migrate": {"condition": "service_completed_successfully"}},
    )


def test_no_secret_is_written_into_the_compose_file() -> None:
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    asked = re.findall(r"(?:POSTGRES_PASSWORD|ARZESH_SECRET_KEY): (.*)", text)
    assert asked
    assert all(value.startswith("${") and ":?" in value for value in asked)


def test_the_panel_and_the_database_are_not_offered_to_other_machines() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert ports == ["127.0.0.1:8000:8000"]


def test_the_image_is_built_in_two_stages_from_the_hashed_lock() -> None:
    assert len(said("FROM")) == 2
    installs = [line for line in said("RUN") if "pip install" in line]
    assert "--require-hashes" in installs[0]
    assert "runtime.txt" in installs[0]
    assert all("--no-deps" in line for line in installs)


def test_the_image_runs_as_an_ordinary_user() -> None:
    assert said("USER") == ["arzesh"]
    assert any(line.startswith("useradd") and line.endswith("arzesh") for line in said("RUN"))


def test_the_image_serves_and_is_asked_whether_it_is_ready() -> None:
    program, command = json.loads(said("CMD")[0])
    assert program in PROJECT["scripts"]
    assert command in commands()
    assert "/readyz" in said("HEALTHCHECK")[0]


def test_the_image_sets_only_variables_that_the_program_reads() -> None:
    assert image_variables()
    assert set(image_variables()) <= known_variables()


@pytest.mark.parametrize("name", OURS)
def test_the_program_accepts_the_variables_of_each_service(name: str) -> None:
    given = {key: filled_in(value) for key, value in OURS[name]["environment"].items()}
    settings = Settings.from_environment({**image_variables(), **given, "HOME": "/nonexistent"})
    assert settings.environment == "production"
    assert settings.host == "0.0.0.0"
    assert "@postgres:5432" in settings.database_url


def test_the_image_contains_every_package_and_no_tests() -> None:
    kept = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert {f"!{package}" for package in ("admin", "api", "crm", "models", "schema")} <= set(kept)
    assert "!tests" not in kept


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_a_lock_pins_by_hash_and_names_no_address(lock: Path) -> None:
    text = lock.read_text(encoding="utf-8")
    assert "://" not in text
    assert "-index" not in text
    assert text.count("--hash=sha256:") >= len(pinned(lock)) > 0


@pytest.mark.parametrize("requirement", PROJECT["dependencies"], ids=lambda text: Requirement(text).name)
def test_every_dependency_is_locked_at_a_version_it_allows(requirement: str) -> None:
    wanted = Requirement(requirement)
    for lock in ("runtime.txt", "dev.txt"):
        assert wanted.specifier.contains(pinned(ROOT / "requirements" / lock)[wanted.name])


def test_no_npm_lock_says_where_to_fetch_from() -> None:
    locks = [path for path in ROOT.rglob("package-lock.json") if "node_modules" not in path.parts]
    assert not [path for path in locks if '"resolved"' in path.read_text(encoding="utf-8")]


def test_the_installed_version_is_the_one_of_the_project() -> None:
    assert version("arzesh") == PROJECT["version"]
