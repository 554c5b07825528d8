"""Sends a digest as an e-mail."""

from __future__ import annotations

import asyncio
import smtplib
import socket
import ssl
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate, make_msgid

import structlog

from core.digest.refusals import words_of
from core.errors import DigestNotSent
from core.outgoing import connected

log = structlog.get_logger()

#: How long the server may take for each answer. [s]
PATIENCE_SECONDS = 20.0


@dataclass(frozen=True)
class MailServer:
    """Where e-mails are handed in. ``security`` is ``starttls``, ``tls`` or ``none``."""

    host: str
    port: int
    security: str
    user: str | None
    password: str | None


async def send_mail(server: MailServer, sender: str, receivers: Sequence[str], subject: str, text: str) -> None:
    """Sends plain text; raises :class:`DigestNotSent` where nobody gets it. Who alone does not is told in the log."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, ", ".join(receivers), subject
    message["Date"], message["Message-ID"] = formatdate(), make_msgid(domain=sender.rpartition("@")[2] or "localhost")
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text)
    try:
        refused = await asyncio.to_thread(_send, server, message)
    except OSError as error:  # smtplib's errors are among them
        raise DigestNotSent(
            f"The mail server {server.host}:{server.port} did not take the digest: {words_of(error)}. "
            "It is tried again next night."
        ) from error
    if refused:
        log.warning("the mail server did not take the digest for everybody", refused=refused)


class _Smtp(smtplib.SMTP):
    """Connects as everything that the owner may name is connected to."""

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return connected(host, port, timeout)


class _SmtpOverTls(smtplib.SMTP_SSL):
    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return self.context.wrap_socket(connected(host, port, timeout), server_hostname=host)


def _send(server: MailServer, message: EmailMessage) -> dict[str, str]:
    """Hands it in; returns who is refused, with what the server says of them."""
    trust = ssl.create_default_context()
    connection = (
        _SmtpOverTls(server.host, server.port, timeout=PATIENCE_SECONDS, context=trust)
        if server.security == "tls"
        else _Smtp(server.host, server.port, timeout=PATIENCE_SECONDS)
    )
    # its own "with" would take an odd answer to QUIT for a failure, and the mail is handed in by then
    with closing(connection):
        if server.security == "starttls":
            connection.starttls(context=trust)
        if server.user:
            connection.login(server.user, server.password or "")
        refused = connection.send_message(message)
        try:
            connection.quit()
        except OSError as error:
            log.info("the mail server took the digest and did not say goodbye", reason=words_of(error))
    return {receiver: f"{code} {text.decode(errors='replace')}" for receiver, (code, text) in refused.items()}
