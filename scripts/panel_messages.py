"""List what a catalogue of a language does not translate yet: the panel's messages, starlette-admin's, and the
sentences of use cases that a form can show."""

from __future__ import annotations

import sys
from importlib.resources import files
from pathlib import Path

from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from crm.access import SCOPE_HELP
from scripts.crm_sentences import sentences

ROOT = Path(__file__).parents[1] / "admin"
KEYWORDS = {"_": None, "gettext": None, "lazy": None, "lazy_gettext": None, "ngettext": (1, 2)}
METHODS = [("static/**", "ignore"), ("**.py", "python"), ("templates/**.html", "jinja2")]


def ours() -> set[str | tuple[str, ...]]:
    """The messages in the panel's code and templates."""
    found = extract_from_dir(str(ROOT), METHODS, {"**.html": {"silent": "false"}}, KEYWORDS)
    written = {message for _file, _line, message, _comments, _context in found if message}
    return written | set(SCOPE_HELP.values())


def theirs() -> set[str | tuple[str, ...]]:
    """The messages of starlette-admin."""
    with (files("starlette_admin") / "translations/en/LC_MESSAGES/admin.po").open("rb") as file:
        return {message.id for message in read_po(file) if message.id}


def translated(language: str) -> dict[str, str | tuple[str, ...]]:
    """Message → translation, as our catalogue has it; by the singular where there is a plural."""
    with (ROOT / "locales" / f"{language}.po").open("rb") as file:
        entries = [message for message in read_po(file, locale=language) if message.id and message.string]
    return {entry.id if isinstance(entry.id, str) else entry.id[0]: entry.string for entry in entries}


def their_translations(language: str) -> dict[str, str | tuple[str, ...]]:
    """What starlette-admin itself brings of a language; nothing for Persian."""
    file = files("starlette_admin") / f"translations/{language}/LC_MESSAGES/admin.po"
    if not file.is_file():
        return {}
    with file.open("rb") as stream:
        entries = [message for message in read_po(stream, locale=language) if message.id and message.string]
    return {entry.id if isinstance(entry.id, str) else entry.id[0]: entry.string for entry in entries}


def missing(language: str) -> list[str]:
    known = {**their_translations(language), **translated(language)}
    wanted = {message if isinstance(message, str) else message[0] for message in ours() | theirs()}
    return sorted(message for message in wanted if not known.get(message))


def unspoken(language: str) -> list[str]:
    """The sentences of use cases that nobody has translated yet; readers would see them in English."""
    with (ROOT / "locales" / f"problems.{language}.po").open("rb") as file:
        known = {message.id for message in read_po(file, locale=language) if message.id and message.string}
    return sorted(sentences() - known)


if __name__ == "__main__":
    lacking = {language: missing(language) + unspoken(language) for language in sys.argv[1:] or ("fa", "zh")}
    for language, messages in lacking.items():
        print(*(f"{language}: {message!r}" for message in messages), sep="\n")
    sys.exit(any(lacking.values()))
