"""Tells in the morning what the night was like: in the log, over the API, and to whoever the owner named."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec
import structlog

from core.db.tables import utc_now
from core.digest.gather import Digest, gather
from core.digest.mail import MailServer, send_mail
from core.digest.page import page, subject
from core.digest.told import told_until, ways
from core.digest.webhook import send_webhook
from core.errors import DigestNotSent
from core.passes.shape import Pass, Progress, Tools

log = structlog.get_logger()


async def begin(tools: Tools) -> Progress:
    """A slice to gather, one for each way to tell, and one to say which of them failed."""
    named = ways(tools.settings.digest)
    steps = ["gather", *named, *(["judge"] if named else [])]
    return Progress({"steps": steps}, 0, len(steps))


async def step(tools: Tools, progress: Progress) -> Progress:
    """Gathers what not everybody was told yet; then tells it, each way once and each what it was not told yet.

    One way that fails keeps the next from nothing. In the end the run fails with what each of them said, and the next
    night those that failed are told of both nights, the others of one (:mod:`core.digest.told`).
    """
    now, *later = progress.checkpoint["steps"]
    checkpoint, report = progress.checkpoint | {"steps": later}, progress.report
    if now == "gather":
        until = utc_now()
        async with tools.bench.database.read() as connection:
            told = await told_until(connection, ways(tools.settings.digest), until)
            digest = await gather(connection, tools.bench.layout.locks, min(told.values()), until)
        log.info(
            "digest",
            taken_in=digest.taken_in,
            described=digest.described,
            troubles=[trouble.sentence for trouble in digest.troubles],
            **digest.waiting,
        )
        checkpoint |= {"told": msgspec.to_builtins(told)}
        report = {"digest": msgspec.to_builtins(digest), "sent": [], "failed": []}
    elif now == "judge":
        if report["failed"]:
            raise DigestNotSent(" ".join(report["failed"]))
    else:
        try:
            if not tools.is_dry:
                since = msgspec.convert(checkpoint["told"][now], datetime)
                digest = await _since(tools, msgspec.convert(report["digest"], Digest), since)
                await (_to_webhook if now == "webhook" else _by_mail)(tools, digest)
            report = report | {"sent": [*report["sent"], now]}
        except DigestNotSent as error:
            log.warning("the digest was not sent", way=now, reason=str(error))
            report = report | {"failed": [*report["failed"], str(error)]}
    return Progress(checkpoint, progress.done + 1, progress.total, not later, report)


DIGEST: Final = Pass("digest", "Tells what happened and what waits for you", begin, step, asked_is_extra=True)


async def _since(tools: Tools, digest: Digest, since: datetime) -> Digest:
    if since == digest.since:
        return digest
    async with tools.bench.database.read() as connection:
        return await gather(connection, tools.bench.layout.locks, since, digest.until)


async def _to_webhook(tools: Tools, digest: Digest) -> None:
    settings = tools.settings.digest
    assert settings.webhook is not None
    secret = None if settings.webhook_secret is None else settings.webhook_secret.get_secret_value()
    body = msgspec.json.encode({"kind": "digest", "subject": subject(digest), "digest": digest})
    await send_webhook(settings.webhook.get_secret_value(), secret, body, int(utc_now().timestamp()))


async def _by_mail(tools: Tools, digest: Digest) -> None:
    settings = tools.settings.digest
    password = None if settings.smtp_password is None else settings.smtp_password.get_secret_value()
    server = MailServer(
        settings.smtp_host, settings.smtp_port, settings.smtp_security, settings.smtp_user or None, password
    )
    text = page(digest, tools.bench.home_zone or "UTC")
    await send_mail(server, settings.mail_from or settings.mail_to[0], settings.mail_to, subject(digest), text)
