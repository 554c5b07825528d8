"""A daemon that asks for a login: made on the command line, used over HTTP, and no hindrance to its own commands."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import httpx

from tests.daemon.conftest import start

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.daemon.conftest import Home


def test_tokens_are_made_listed_used_and_revoked(make_home: Callable[..., Home]) -> None:
    home = make_home(settings={"server.auth": {"enabled": True}})
    daemon = start(home)
    try:
        url = f"{daemon.url}/api/photos"
        assert httpx.get(url).status_code == 401
        made = home.run("token", "create", "phone", "--scope", "read")
        assert made.returncode == 0, made.stderr
        secret = made.stdout.strip()
        assert httpx.get(url, headers={"Authorization": f"Bearer {secret}"}).status_code == 200
        (listed,) = json.loads(home.run("token", "list", "--json").stdout)
        assert (listed["name"], listed["scope"]) == ("phone", "read")
        assert secret not in home.run("token", "list").stdout
        again = home.run("token", "create", "phone")
        assert again.returncode == 1
        assert "There is a token called phone already" in again.stderr
        assert home.run("scan").returncode == 0
        assert home.run("token", "revoke", "phone").returncode == 0
        unknown = home.run("token", "revoke", "phone")
        assert unknown.returncode == 2
        assert "There is no token called phone" in unknown.stderr
        (secret_file,) = (home.data / "locks").glob("api-secret")
        assert secret_file.stat().st_mode & 0o077 == 0
    finally:
        daemon.kill()
