"""Documents that clients name instead of sending: registered by them (Apollo's protocol) or trusted from a folder."""

from __future__ import annotations

import hashlib
import re
from collections import OrderedDict
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson

from api.errors import MalformedRequest
from api.request import Parameters
from crm.errors import CrmError, SettingsInvalid

SHA256 = re.compile(r"[0-9a-f]{64}")


class PersistedQueryNotFound(CrmError):
    """PersistedQueryNotFound"""

    code = "PERSISTED_QUERY_NOT_FOUND"
    status = 400


class PersistedQueryNotSupported(CrmError):
    """PersistedQueryNotSupported"""

    code = "PERSISTED_QUERY_NOT_SUPPORTED"
    status = 400


class DocumentNotFound(CrmError):
    """There is no trusted document with this id."""

    code = "PERSISTED_DOCUMENT_NOT_FOUND"
    status = 400


class OnlyTrusted(CrmError):
    """This server answers registered documents only; send a `documentId`."""

    code = "PERSISTED_DOCUMENT_REQUIRED"
    status = 400


MARKED = 10_000
"""Characters up to which a document's mark is remembered."""


def mark_of(text: str) -> str:
    """The beginning of a document's SHA-256, by which log lines name it."""
    return _remembered_mark(text) if len(text) <= MARKED else _mark(text)


def _mark(text: str) -> str:
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()[:12]


_remembered_mark = lru_cache(maxsize=1_000)(_mark)


@dataclass(frozen=True, slots=True)
class Document:
    """A document to execute. `learn` is the hash under which to remember it, once it has proved to be valid."""

    text: str
    persisted: bool = False
    trusted: bool = False
    learn: str | None = None


@dataclass
class Documents:
    """What can be named: the trusted ones, for good, and the last ones that clients registered."""

    trusted: dict[str, str] = field(default_factory=dict)
    only_trusted: bool = False
    most: int = 1000
    most_bytes: int = 20_000_000
    learnt: OrderedDict[str, str] = field(default_factory=OrderedDict)
    learnt_bytes: int = 0

    def find(self, parameters: Parameters) -> Document:
        """The document that a request means. Raises the errors above, and MalformedRequest."""
        if parameters.document_id is not None:
            return self._trusted(parameters.document_id)
        persisted = parameters.extensions.get("persistedQuery")
        if persisted is not None:
            return self._persisted(persisted, parameters.query)
        if parameters.query is None:
            raise MalformedRequest("The parameter 'query' is missing; it holds the GraphQL document.", path=("query",))
        if self.only_trusted and parameters.query not in self.trusted.values():
            raise OnlyTrusted
        return Document(parameters.query)

    def _trusted(self, document_id: str) -> Document:
        text = self.trusted.get(document_id.removeprefix("sha256:"))
        if text is None:
            raise DocumentNotFound(f"There is no trusted document '{document_id[:80]}'.", path=("documentId",))
        return Document(text, persisted=True, trusted=True)

    def _persisted(self, persisted: Any, query: str | None) -> Document:
        if not isinstance(persisted, dict) or persisted.get("version") != 1:
            raise MalformedRequest("extensions.persistedQuery needs version 1 and a sha256Hash.", path=("extensions",))
        mark = str(persisted.get("sha256Hash", "")).lower()
        if not SHA256.fullmatch(mark):
            raise MalformedRequest("extensions.persistedQuery.sha256Hash is no SHA-256.", path=("extensions",))
        if mark in self.trusted:
            return Document(self.trusted[mark], persisted=True, trusted=True)
        if self.only_trusted:
            raise PersistedQueryNotSupported
        if query is None:
            return self._learnt(mark)
        if hashlib.sha256(query.encode()).hexdigest() != mark:
            raise MalformedRequest("provided sha does not match query", path=("extensions",))
        return Document(query, persisted=True, learn=mark)

    def _learnt(self, mark: str) -> Document:
        text = self.learnt.get(mark)
        if text is None:
            raise PersistedQueryNotFound
        self.learnt.move_to_end(mark)
        return Document(text, persisted=True)

    def learn(self, mark: str, text: str) -> None:
        """Remember a valid document, forgetting the longest unused ones beyond the bounds."""
        if mark in self.learnt:
            return
        self.learnt[mark] = text
        self.learnt_bytes += len(text)
        while len(self.learnt) > self.most or self.learnt_bytes > self.most_bytes:
            self.learnt_bytes -= len(self.learnt.popitem(last=False)[1])


def load_trusted(folder: Path) -> dict[str, str]:
    """The trusted documents of a folder by id.

    A `.graphql` file is known by the SHA-256 of its text and by its path without the ending; a `.json` file is a
    manifest, `{id: document}` or Apollo's `{"operations": [{"id", "body"}]}`. Raises SettingsInvalid.
    """
    if not folder.is_dir():
        raise SettingsInvalid(
            f"ARZESH_TRUSTED_DOCUMENTS is '{folder}': there is no such folder.", path=("ARZESH_TRUSTED_DOCUMENTS",)
        )
    found: dict[str, str] = {}
    for file in sorted(folder.rglob("*.graphql")):
        text = file.read_text(encoding="utf-8")
        found[file.relative_to(folder).with_suffix("").as_posix()] = text
        found[hashlib.sha256(text.encode()).hexdigest()] = text
    for file in sorted(folder.rglob("*.json")):
        found |= _manifest(file)
    return found


def _manifest(file: Path) -> dict[str, str]:
    try:
        content = orjson.loads(file.read_bytes())
        if "operations" in content:
            content = {each["id"]: each["body"] for each in content["operations"]}
        return {key.removeprefix("sha256:"): str(text) for key, text in content.items()}
    except (ValueError, TypeError, KeyError, AttributeError):
        raise SettingsInvalid(
            f"ARZESH_TRUSTED_DOCUMENTS: '{file}' is no manifest; use {{id: document}} or "
            '{"operations": [{"id": …, "body": …}]}.',
            path=("ARZESH_TRUSTED_DOCUMENTS",),
        ) from None
