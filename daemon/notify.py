"""Tells systemd how we are: one datagram, as sd_notify(3) describes."""

from __future__ import annotations

import os
import socket

import structlog

log = structlog.get_logger()


def notify(*lines: str) -> None:
    """Sends ``READY=1``, ``STOPPING=1``, ``STATUS=…``; does nothing when systemd did not ask for it."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as datagram:
            datagram.sendto("\n".join(lines).encode(), address)
    except OSError as error:
        # a shell that a service started hands its address on, and nobody listens there any more
        log.debug("systemd was not told", reason=error.strerror)
