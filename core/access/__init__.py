"""Who may use the API: tokens with a scope, the sessions that browsers open with them, and what guessing costs."""

from core.access.failures import FailureLimit
from core.access.scope import Scope
from core.access.sessions import end_session, open_session, scope_of_session
from core.access.tokens import KnownToken, all_tokens, create_token, revoke_token, scope_of_token

__all__ = [
    "FailureLimit",
    "KnownToken",
    "Scope",
    "all_tokens",
    "create_token",
    "end_session",
    "open_session",
    "revoke_token",
    "scope_of_session",
    "scope_of_token",
]
