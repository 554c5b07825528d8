"""How much may one address ask?

A bucket for each address: it holds what may be asked at once, every request takes one out, and it fills up again at a
steady rate. Each request costs the same small time however many went before. (The framework's own limit keeps the time
of every request of a minute, and reads and writes that list as JSON at each request: 20,000 thumbnails would cost
20,000 lists of up to 20,000 numbers.)
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final

REQUESTS_PER_MINUTE: Final = 30_000
"""A page that shows 20,000 thumbnails may ask for all of them at once, and goes on at 500 a second."""

MOST_ADDRESSES: Final = 10_000
"""Addresses that are remembered; an attacker who has more of them pushes out the oldest."""

_IPV6_PREFIX: Final = 64
"""What one household gets at the least, so that all of it counts as one address."""

LOOPBACK: Final = ("127.0.0.0/8", "::1/128")
"""This machine."""


@dataclass(slots=True)
class _Bucket:
    left: float
    at: float


class RateLimit:
    """Counts requests by address. ``now`` is a monotonic clock in seconds.

    ``per_minute`` requests are allowed at once, and as many a minute from then on; 0 allows any number. Addresses of
    the ``exempt`` networks, ``192.168.1.0/24`` for one, are not counted.
    """

    def __init__(self, per_minute: int = REQUESTS_PER_MINUTE, exempt: Iterable[str] = ()) -> None:
        self._most = float(per_minute)
        self._per_second = per_minute / 60
        self._exempt = tuple(map(ip_network, exempt))
        self._buckets: OrderedDict[str, _Bucket | None] = OrderedDict()

    def __len__(self) -> int:
        """How many addresses are remembered."""
        return len(self._buckets)

    def wait_seconds(self, address: str, now: float) -> float:
        """Counts a request; how long its address has to wait before it may ask, 0 if it may now."""
        if not self._per_second:
            return 0.0
        name = _household(address) if ":" in address else address
        try:
            bucket = self._buckets[name]
        except KeyError:
            bucket = self._open(name, address, now)
        if bucket is None:
            return 0.0
        left = min(self._most, bucket.left + (now - bucket.at) * self._per_second)
        bucket.at = now
        if left < 1:
            bucket.left = left
            return (1 - left) / self._per_second
        bucket.left = left - 1
        return 0.0

    def _open(self, name: str, address: str, now: float) -> _Bucket | None:
        bucket = None if self._is_exempt(address) else _Bucket(self._most, now)
        self._buckets[name] = bucket
        if len(self._buckets) > MOST_ADDRESSES:
            self._buckets.popitem(last=False)
        return bucket

    def _is_exempt(self, address: str) -> bool:
        try:
            known = ip_address(address.partition("%")[0])
        except ValueError:
            return False
        mapped = known.ipv4_mapped if isinstance(known, IPv6Address) else None
        return any((mapped or known) in network for network in self._exempt)


def _household(address: str) -> str:
    """The part of an IPv6 address that all machines of one connection to the Internet share."""
    try:
        known = IPv6Address(address.partition("%")[0])
    except ValueError:
        return address
    if known.ipv4_mapped is not None or known.is_loopback:
        return address
    return str(ip_network((known, _IPV6_PREFIX), strict=False))
