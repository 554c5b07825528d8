"""To whom may this machine connect, because somebody named them?

Models, webhooks, servers for mail and for places: all of them are connected to through here. Who may choose an address
may make this machine ask it. So only http and https are asked, nobody is followed to another address, and the addresses
under which clouds tell machines their secrets (link-local) are not asked at all; this machine and the own network are
where Ollama lives.
"""

from __future__ import annotations

import asyncio
import http.client
import ipaddress
import re
import socket
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final
from urllib.parse import urlsplit

_SECRETS: Final = frozenset(map(ipaddress.ip_address, ("fd00:ec2::254", "100.100.100.200", "168.63.129.16")))
"""Where Amazon (by IPv6), Alibaba and Microsoft tell machines secrets; they are not link-local."""

_TRANSLATED: Final = ipaddress.IPv6Network("64:ff9b::/96")
"""IPv4 through a translator (RFC 6052)."""

_NEVER_IN_AN_ADDRESS: Final = re.compile(r"[\x00-\x20\x7f]")
"""What ``http.client`` sends to nobody."""

_HOST: Final = re.compile(r"[^\s/@:\[\]?#\\]+")


async def addresses_to_ask(host: str, port: int, *, only_this_machine: bool = False) -> list[str]:
    """The addresses of a host that may be connected to, in the resolver's order; none where nothing of it may be.

    With ``only_this_machine`` those of the loopback interface alone. Raises :class:`OSError` for a name that is not
    known.
    """
    found = await asyncio.to_thread(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    texts = dict.fromkeys(str(place[0]) for *_, place in found)
    return [text for text in texts if _may_be_asked(text, only_this_machine=only_this_machine)]


def _may_be_asked(text: str, *, only_this_machine: bool) -> bool:
    address = ipaddress.ip_address(text.partition("%")[0])
    return not _is_refused(address) and (_is_of_this_machine(address) or not only_this_machine)


def _is_of_this_machine(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """The loopback interface alone: other addresses of this machine may be another's tomorrow.

    An address that a translator or a relay makes of 127.0.0.1 leads to them first.
    """
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback


def problem_with(base_url: str) -> str | None:
    """Why an address is not asked, in words that continue "The address …"; ``None`` if it may be."""
    if _NEVER_IN_AN_ADDRESS.search(base_url):
        return "has a blank or a control character in it"
    try:
        parts = urlsplit(base_url)
        host = parts.hostname
        _ = parts.port, (host or "").encode("idna")
    except ValueError:
        return "cannot be read"
    if parts.scheme not in ("http", "https") or not host:
        return "must begin with http:// or https:// and a host"
    if parts.username is not None or parts.password is not None:
        return "must not hold a name or password"
    return "is one that machines keep secrets at" if _is_refused_host(host) else None


def problem_with_host(host: str) -> str | None:
    """Why a host is not connected to, in words that continue its name; ``None`` if it may be. An IPv6 address stands
    without brackets.
    """
    if _is_refused_host(host):
        return "is an address that machines keep secrets at"
    is_address = ":" in host and _address_in(host) is not None
    if not is_address and not _HOST.fullmatch(host):
        return 'must be a name or an address alone, such as "mail.example.org"'
    return None


def _is_refused_host(host: str) -> bool:
    address = _address_in(host)
    return address is not None and _is_refused(address)


def _address_in(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address that a host is, in any way of writing that resolvers read: ``169.254.1.1``, ``0xA9FE0101``, with
    other digits or with a dot at its end (inet_aton(3)); ``None`` for a name.
    """
    plain = host.partition("%")[0]
    if ":" not in plain:
        with suppress(UnicodeError):
            plain = plain.encode("idna").decode()
        with suppress(OSError, UnicodeError):
            return ipaddress.IPv4Address(socket.inet_aton(plain.removesuffix(".")))
    try:
        return ipaddress.ip_address(plain)
    except ValueError:
        return None


def get(url: str, headers: Mapping[str, str], *, timeout: float, most: int) -> bytes:
    """The first ``most`` bytes of what an address answers with status 200; blocks for a few times ``timeout``
    seconds.

    Raises :class:`OSError`, :class:`ValueError` or :class:`http.client.HTTPException` where it is not to be asked, does
    not answer, or says anything else. Nobody is followed to another address.
    """
    if (problem := problem_with(url)) is not None:
        raise ValueError(f"The address {url} {problem}.")
    request = urllib.request.Request(url, headers=dict(headers))  # noqa: S310 - see problem_with
    with _opener().open(request, timeout=timeout) as response:
        if response.status != 200:
            raise OSError(f"{url} answers with status {response.status}")
        ends = time.monotonic() + timeout
        answer = b""
        while len(answer) < most and (piece := response.read1(most - len(answer))):
            answer += piece
            if time.monotonic() > ends:
                raise TimeoutError(f"{url} answers too slowly")
        return answer


def post(url: str, body: bytes, headers: dict[str, str], timeout: float) -> int:
    """Posts to an address that :func:`problem_with` has nothing against; the status of the answer. Blocks.

    Nobody is followed to another address. Raises :class:`OSError`.
    """
    request = urllib.request.Request(url, body, {"User-Agent": "Pictallion"} | headers)  # noqa: S310 - see problem_with
    try:
        with _opener().open(request, timeout=timeout) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code
    except (http.client.HTTPException, ValueError) as error:
        raise OSError(f"its answer makes no sense: {error}") from error


def _opener() -> urllib.request.OpenerDirector:
    opener = urllib.request.OpenerDirector()
    for handler in (_Http(), _Https(), urllib.request.HTTPErrorProcessor(), urllib.request.HTTPDefaultErrorHandler()):
        opener.add_handler(handler)
    return opener


def connected(host: str, port: int, timeout: float | None) -> socket.socket:
    """A connection to an address that may be asked; the address is looked at, not the name, which may change. Blocks.

    Raises :class:`OSError`.
    """
    last: OSError = OSError(f"{host} has no address")
    for family, kind, protocol, _, place in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        if not _may_be_asked(str(place[0]), only_this_machine=False):
            last = OSError(f"{host} is at {place[0]}, which is not asked")
            continue
        connection = socket.socket(family, kind, protocol)
        connection.settimeout(timeout)
        try:
            connection.connect(place)
        except OSError as error:
            connection.close()
            last = error
        else:
            return connection
    raise last


def _is_refused(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    one = _meant(address)
    return one.is_link_local or one.is_multicast or one.is_unspecified or one in _SECRETS


def _meant(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """The IPv4 address that an IPv6 address stands for, where it stands for one."""
    if not isinstance(address, ipaddress.IPv6Address):
        return address
    if address in _TRANSLATED:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


class _Connection(http.client.HTTPConnection):
    def connect(self) -> None:
        self.sock = connected(self.host, self.port, self.timeout)


class _SecureConnection(http.client.HTTPSConnection):
    def connect(self) -> None:
        plain = connected(self.host, self.port, self.timeout)
        self.sock = ssl.create_default_context().wrap_socket(plain, server_hostname=self.host)


class _Http(urllib.request.HTTPHandler):
    def http_open(self, req: urllib.request.Request) -> Any:
        return self.do_open(_Connection, req)


class _Https(urllib.request.HTTPSHandler):
    def https_open(self, req: urllib.request.Request) -> Any:
        return self.do_open(_SecureConnection, req)
