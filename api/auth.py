"""From a request to an actor: an API token in the header, or the session cookie of the panel."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from api.facts import Facts, named
from crm import sessions, tokens
from crm.access import Actor
from crm.credentials import digest, generation
from crm.errors import Forbidden, Unauthenticated

REMEMBERED = 2.0
"""Seconds for which an actor is remembered: another process may revoke a credential, and is heeded after these."""
MOST_REMEMBERED = 10_000

OWN_PAGES = "same-origin"
OWN_HEADER = "x-arzesh-request"

Headers = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Memory:
    actor: Actor
    until: float
    generation: int


@dataclass
class Gate:
    """Recognises credentials; `now` tells the time of day, `clock` measures."""

    cookie: str
    now: Callable[[], datetime]
    clock: Callable[[], float]
    remembered: OrderedDict[str, Memory] = field(default_factory=OrderedDict)

    async def actor(self, headers: Headers, facts: Facts) -> Actor:
        """Who asks. Raises Unauthenticated, and Forbidden for a cookie that another site's page has sent along."""
        authorization = headers.get("authorization", "")
        cookie = "" if authorization else cookie_value(headers.get("cookie", ""), self.cookie)
        facts.presented = bool(authorization or cookie)
        if authorization:
            actor = await self._token(bearer(authorization), facts.client)
        elif cookie:
            refuse_foreign_pages(headers)
            actor = await self._session(cookie)
        else:
            raise Unauthenticated
        facts.credential = named(actor)
        # Written out, for `replace` takes ten times as long.
        return Actor(actor.kind, actor.id, actor.label, actor.scopes, actor.row_filter, facts.request_id)

    async def _token(self, secret: str, address: str) -> Actor:
        key = digest(secret)
        known = self._recall(key)
        if known is None:
            born = generation.number
            known = await tokens.authenticate(secret, now=self.now(), address=address)
            self._remember(key, known, born)
        return known

    async def _session(self, secret: str) -> Actor:
        key = digest(secret)
        known = self._recall(key)
        if known is None:
            born = generation.number
            known = await sessions.authenticate(secret, now=self.now())
            self._remember(key, known, born)
        return known

    def _recall(self, key: str) -> Actor | None:
        found = self.remembered.get(key)
        if found is None or found.generation != generation.number or found.until <= self.clock():
            return None
        return found.actor

    def _remember(self, key: str, actor: Actor, born: int) -> None:
        self.remembered[key] = Memory(actor, self.clock() + REMEMBERED, born)
        self.remembered.move_to_end(key)
        if len(self.remembered) > MOST_REMEMBERED:
            self.remembered.popitem(last=False)


def bearer(authorization: str) -> str:
    """The token of `Authorization: Bearer <token>`; raises Unauthenticated for another scheme."""
    scheme, _, secret = authorization.strip().partition(" ")
    if scheme.lower() != "bearer" or not secret.strip():
        raise Unauthenticated("The header Authorization is not understood; send `Authorization: Bearer <token>`.")
    return secret.strip()


def cookie_value(header: str, name: str) -> str:
    """The value of a cookie, empty without one."""
    for part in header.split(";"):
        found, _, value = part.strip().partition("=")
        if found == name:
            return value.strip('"')
    return ""


def refuse_foreign_pages(headers: Headers) -> None:
    """Browsers send the cookie along with requests of other sites' pages too; those must not act in its name.

    Ours say so in `Sec-Fetch-Site`, which no page can forge; old browsers need the header `X-Arzesh-Request`, which
    a foreign page could send only after asking us.
    """
    site = headers.get("sec-fetch-site")
    if site == OWN_PAGES or (site is None and headers.get(OWN_HEADER)):
        return
    raise Forbidden(
        "A session cookie counts only for requests of this site's own pages; from elsewhere send an API token, "
        "or the header X-Arzesh-Request if you are such a page in an old browser."
    )
