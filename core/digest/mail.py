"""Sends a digest as an e-mail."""

from __future__ import annotations

import asyncio
import smtplib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate, make_msgid

from core.errors import DigestNotSent

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


def _send(server: MailServer, message: EmailMessage) -> None:
    trust = ssl.create_default_context()
    connection = (
        smtplib.SMTP_SSL(server.host, server.port, timeout=PATIENCE_SECONDS, context=trust)
        if server.security == "tls"
        else smtplib.SMTP(server.host, server.port, timeout=PATIENCE_SECONDS)
    )
    with connection:
        if server.security == "starttls":
            connection.starttls(context=trust)
        if server.user:
            connection.login(server.user, server.password or "")
        connection.send_message(message)
