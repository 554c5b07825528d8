"""Sends a digest as an e-mail."""

from __future__ import annotations

import asyncio
import smtplib
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate, make_msgid

from core.errors import DigestNotSent
from core.outgoing import connected

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
    """Sends plain text; raises :class:`DigestNotSent`."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, ", ".join(receivers), subject
    message["Date"], message["Message-ID"] = formatdate(), make_msgid(domain=sender.rpartition("@")[2] or "localhost")
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text)
    try:
        await asyncio.to_thread(_send, server, message)
    except (OSError, smtplib.SMTPException) as error:
        raise DigestNotSent(
            f"The mail server {server.host}:{server.port} did not take the digest: {error}. "
            "It is tried again next night."
        ) from error


class _Smtp(smtplib.SMTP):
    """Connects as everything that the owner may name is connected to."""

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return connected(host, port, timeout)


class _SmtpOverTls(smtplib.SMTP_SSL):
    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return self.context.wrap_socket(connected(host, port, timeout), server_hostname=host)


def _send(server: MailServer, message: EmailMessage) -> None:
    trust = ssl.create_default_context()
    connection = (
        _SmtpOverTls(server.host, server.port, timeout=PATIENCE_SECONDS, context=trust)
        if server.security == "tls"
        else _Smtp(server.host, server.port, timeout=PATIENCE_SECONDS)
    )
    with connection:
        if server.security == "starttls":
            connection.starttls(context=trust)
        if server.user:
            connection.login(server.user, server.password or "")
        connection.send_message(message)
