"""Tells in the morning what the night was like: in the log, over the API, and to whoever the owner named."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
import structlog

from core.db.tables import utc_now
from core.digest.gather import Digest, gather
from core.digest.mail import MailServer, send_mail
from core.digest.page import page, subject
from core.digest.webhook import send_webhook
from core.passes import runs
from core.passes.runs import RunState
from core.passes.shape import Pass, Progress, Tools

log = structlog.get_logger()

#: The first digest is of so much time. [s]
_FIRST = 86400.0


async def begin(tools: Tools) -> Progress:
    """A slice to gather, and one for each way to tell."""
    told = tools.settings.digest
    steps = ["gather", *(["webhook"] if told.webhook else []), *(["mail"] if told.mail_to else [])]
    return Progress({"steps": steps}, 0, len(steps))


async def step(tools: Tools, progress: Progress) -> Progress:
    """Gathers since the last digest that everybody got; then tells it, each way once."""
    now, *later = progress.checkpoint["steps"]
    report = progress.report
    if now == "gather":
        digest = await _gathered(tools)
        log.info(
            "digest",
            taken_in=digest.taken_in,
            described=digest.described,
            troubles=[trouble.sentence for trouble in digest.troubles],
            **digest.waiting,
        )
        report = {"digest": msgspec.to_builtins(digest), "sent": []}
    else:
        if not tools.is_dry:
            digest = msgspec.convert(report["digest"], Digest)
            await (_to_webhook if now == "webhook" else _by_mail)(tools, digest)
        report = report | {"sent": [*report["sent"], now]}
    return Progress({"steps": later}, progress.done + 1, progress.total, not later, report)


DIGEST: Final = Pass("digest", "Tells what happened and what waits for you", begin, step)


async def _gathered(tools: Tools) -> Digest:
    now = utc_now()
    async with tools.bench.database.read() as connection:
        past = [run for run in await runs.history(connection, "digest", 30) if run.state is RunState.DONE]
        told = [_until(run.progress.report) for run in past if not run.is_dry]
        since = max(
            (when for when in told if when is not None and when <= now), default=now - timedelta(seconds=_FIRST)
        )
        return await gather(connection, since, now)


def _until(report: dict[str, Any]) -> datetime | None:
    digest = report.get("digest")
    return None if digest is None else msgspec.convert(digest, Digest).until


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
