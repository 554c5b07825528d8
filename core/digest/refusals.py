"""What a system or a server says is wrong, in words for a sentence."""

from __future__ import annotations

import smtplib
import urllib.error


def words_of(error: OSError) -> str:
    """Without the numbers and names that errors print themselves with."""
    if isinstance(error, urllib.error.URLError):
        return words_of(error.reason) if isinstance(error.reason, OSError) else str(error.reason)
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return "; ".join(f"{receiver}: {_answer(*answer)}" for receiver, answer in error.recipients.items())
    if isinstance(error, smtplib.SMTPResponseException):
        return _answer(error.smtp_code, error.smtp_error)
    return error.strerror or str(error) or type(error).__name__


def _answer(code: int, text: bytes | str) -> str:
    return f"{code} {text if isinstance(text, str) else text.decode(errors='replace')}"
