"""Which addresses may be called: public ones, by HTTPS; looked at again at the moment of connecting."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from urllib.parse import SplitResult, urlsplit

from crm.errors import ValidationFailed

PORTS = frozenset({443, 8443})
LONGEST = 2000
PATH = ("url",)
_LOCAL_NAMES = (".localhost", ".local", ".internal", ".home.arpa")
# Public by their number, but answered by the machines of a cloud itself.
_OF_THE_CLOUD = frozenset({ipaddress.ip_address("168.63.129.16")})
_TRANSLATED = ipaddress.ip_network("64:ff9b::/96")
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Refused(Exception):
    """The address must not be called, or cannot be found."""


def accepted(url: str, *, private: bool) -> str:
    """An address that an endpoint may have.

    What its name leads to is looked up only when it is called, each time, and checked then. Raises ValidationFailed.
    """
    url = url.strip()
    try:
        parts = urlsplit(url)
        fault = _shape(url, parts) or (None if private else _reach(parts, parts.port))
    except ValueError:
        fault = _no_address(url)
    if fault:
        raise fault
    return url


def _no_address(url: str) -> ValidationFailed:
    clip = url[:80]
    return ValidationFailed(f"'{clip}' is not an address such as https://example.com/hook.", path=PATH)


def _shape(url: str, parts: SplitResult) -> ValidationFailed | None:
    if len(url) > LONGEST:
        length = len(url)
        return ValidationFailed(f"The address has {length} characters; at most {LONGEST} are possible.", path=PATH)
    if parts.scheme not in ("https", "http") or not parts.hostname or not url.isascii() or not url.isprintable():
        return _no_address(url)
    if " " in url or parts.fragment:
        return ValidationFailed("An address has no spaces and no part behind #.", path=PATH)
    if parts.username is not None or parts.password is not None:
        return ValidationFailed(
            "Leave name and password out of the address: the signature shows who is calling.", path=PATH
        )
    return None


def _reach(parts: SplitResult, port: int | None) -> ValidationFailed | None:
    """What is wrong with an address where only public ones may be called."""
    host = (parts.hostname or "").rstrip(".").lower()
    if parts.scheme != "https":
        return ValidationFailed(
            "Only https is safe enough; ARZESH_WEBHOOK_PRIVATE_ADDRESSES=yes allows http where one develops.", path=PATH
        )
    if port not in (None, *PORTS):
        return ValidationFailed(
            f"Port {port} is not for the web: use 443 or 8443; ARZESH_WEBHOOK_PRIVATE_ADDRESSES=yes allows others "
            "where one develops.",
            path=PATH,
        )
    if host == "localhost" or host.endswith(_LOCAL_NAMES) or _is_private(host):
        return ValidationFailed(
            f"'{host}' is not a public address; ARZESH_WEBHOOK_PRIVATE_ADDRESSES=yes allows it where one develops.",
            path=PATH,
        )
    return None


def _is_private(host: str) -> bool:
    try:
        return not public(ipaddress.ip_address(host))
    except ValueError:
        # 127.1 or 0x7f000001 are numbers, too, for those who connect.
        return host.replace(".", "").isdigit() or host.startswith("0x")


def public(address: Address) -> bool:
    """Whether an address is one of the open internet, looking through what only wraps another one."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if address in _TRANSLATED:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return public(inner)
    return address.is_global and not address.is_multicast and address not in _OF_THE_CLOUD


async def resolve(host: str, port: int, *, private: bool) -> list[str]:
    """The addresses behind a name; raises Refused unless all of them may be called.

    One that is private among public ones is a trap, so it spoils all. Whoever connects takes these addresses and does
    not ask the name again.
    """
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Refused(f"the name '{host[:80]}' cannot be found ({error})") from None
    addresses = list(dict.fromkeys(str(each[4][0]) for each in found))
    for address in addresses:
        if not private and not public(ipaddress.ip_address(address.partition("%")[0])):
            # Which one it is, is nobody's business who only may have webhooks.
            raise Refused(f"'{host[:80]}' leads to what is not a public address")
    return addresses
