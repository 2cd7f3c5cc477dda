"""Settings come from the environment, and what is wrong there is named with its remedy."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from crm.errors import SettingsInvalid
from crm.settings import TABLE, Settings

KEY = "k" * 32


def read(**environ: str) -> Settings:
    return Settings.from_environment({"ARZESH_SECRET_KEY": KEY, "HOME": "/home/someone", **environ})


def test_an_empty_environment_gives_usable_defaults() -> None:
    settings = read()
    assert (settings.host, settings.port, settings.base_currency) == ("127.0.0.1", 8000, "USD")
    assert settings.data_home == Path("/home/someone/.local/share/arzesh")
    assert settings.url == "http://127.0.0.1:8000"


def test_the_data_home_follows_xdg() -> None:
    assert read(XDG_DATA_HOME="/data").data_home == Path("/data/arzesh")
    assert read(XDG_DATA_HOME="relative").data_home == Path("/home/someone/.local/share/arzesh")


def test_durations_and_sizes_are_read_with_their_units() -> None:
    settings = read(ARZESH_LOCK_TIMEOUT="250 ms", ARZESH_REQUEST_DEADLINE="1min", ARZESH_BODY_LIMIT="2 MiB")
    assert (settings.lock_timeout, settings.request_deadline, settings.body_limit) == (0.25, 60.0, 2_097_152)


@pytest.mark.parametrize(
    ("variable", "value", "remedy"),
    [
        ("ARZESH_PORT", "80000", "1 to 65535"),
        ("ARZESH_ENVIRONMENT", "staging", "development, production"),
        ("ARZESH_KEEP_POSTGRES", "perhaps", "yes or no"),
        ("ARZESH_STATEMENT_TIMEOUT", "soon", "500ms"),
        ("ARZESH_STATEMENT_TIMEOUT", "0", "1ms"),
        ("ARZESH_UPLOAD_LIMIT", "0", "1MB"),
        ("ARZESH_BASE_CURRENCY", "dollar", "three letters"),
        ("ARZESH_TIME_ZONE", "../etc/passwd", "Asia/Tehran"),
        ("ARZESH_DATA_HOME", "here", "whole path"),
        ("ARZESH_PUBLIC_URL", "crm.example.com", "https://"),
        ("ARZESH_POOL_MIN", "11", "ARZESH_POOL_MAX"),
    ],
)
def test_a_wrong_value_is_refused_with_variable_value_and_remedy(variable: str, value: str, remedy: str) -> None:
    with pytest.raises(SettingsInvalid) as refused:
        read(**{variable: value})
    assert variable in refused.value.message
    assert value in refused.value.message
    assert remedy in refused.value.message


def test_a_wrong_database_url_is_refused_without_showing_its_password() -> None:
    with pytest.raises(SettingsInvalid, match="DATABASE_URL") as refused:
        read(DATABASE_URL="mysql://root:hunter2@db/crm")
    assert "hunter2" not in refused.value.message


@pytest.mark.parametrize("url", ["postgres://a:b/c@db/crm", "postgres://a:b#c@db/crm", "postgres://a:b@db:port/crm"])
def test_an_address_with_signs_that_mean_something_else_is_refused_with_how_to_write_them(url: str) -> None:
    with pytest.raises(SettingsInvalid, match="@ as %40"):
        read(DATABASE_URL=url)


@pytest.mark.parametrize(
    "url", ["postgres://a:b%2Fc@db/crm", "postgresql://a@h1:5432,h2:5433/crm", "postgres://a@[::1]:1/x"]
)
def test_addresses_of_one_or_several_servers_are_taken(url: str) -> None:
    assert read(DATABASE_URL=url).database_url == url


def test_secrets_do_not_appear_in_the_representation() -> None:
    assert KEY not in repr(read(DATABASE_URL="postgresql://a:hunter2@db/crm"))
    assert "hunter2" not in repr(read(DATABASE_URL="postgresql://a:hunter2@db/crm"))


def test_a_misspelt_variable_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(SettingsInvalid, match="did you mean ARZESH_POOL_MAX"):
        read(ARZESH_POOL_MAXX="3")


def test_production_does_not_start_without_a_long_secret_key() -> None:
    with pytest.raises(SettingsInvalid, match="production needs one"):
        Settings.from_environment({"ARZESH_ENVIRONMENT": "production"})
    with pytest.raises(SettingsInvalid, match="has 5 characters"):
        Settings.from_environment({"ARZESH_ENVIRONMENT": "production", "ARZESH_SECRET_KEY": "short"})


def test_development_keeps_a_secret_key_that_only_its_owner_reads(tmp_path: Path) -> None:
    environ = {"ARZESH_DATA_HOME": str(tmp_path / "with space")}
    first, second = Settings.from_environment(environ), Settings.from_environment(environ)
    assert first.secret_key == second.secret_key
    assert len(first.secret_key) == 64
    assert stat.S_IMODE((tmp_path / "with space" / "secret_key").stat().st_mode) == 0o600


def test_a_secret_may_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "url").write_text("postgresql://a:b@db/crm\n")
    assert read(DATABASE_URL_FILE=str(tmp_path / "url")).database_url == "postgresql://a:b@db/crm"
    with pytest.raises(SettingsInvalid, match="cannot be read"):
        read(DATABASE_URL_FILE=str(tmp_path / "absent"))


def test_every_setting_is_listed_with_its_variable_and_help() -> None:
    assert len({row.variable for row in TABLE}) == len(TABLE)
    assert all(row.help for row in TABLE)
