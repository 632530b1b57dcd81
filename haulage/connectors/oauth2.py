"""OAuth2 client credentials (RFC 6749, 4.4): the token that requests to an API carry.

Promises: a token is kept until a minute before its end, one request for a new one is under way at a
time, and a token that was refused is not used again. The secret and the token are in no log and in
no error.
"""

import asyncio
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import quote, urlencode

from authlib.oauth2.auth import ClientAuth

from haulage.connectors.source import OAuth2Body
from haulage.connectors.wire import Answer, Wire, check_status
from haulage.domain.errors import NotRetryable, Retryable
from haulage.telemetry import logs

log = logs.get(__name__)

EARLY_S = 60.0
# Of a token that does not say how long it lives.
UNSAID_S = 300.0
MAX_TOKEN_BYTES = 64 * 1024
MAX_TOKEN_CHARACTERS = 16_384


class ClientCredentials:
    """The token of one client at one server."""

    def __init__(
        self, body: OAuth2Body, wire: Wire, *, timeout_s: float, now: Callable[[], datetime]
    ) -> None:
        self._body = body
        self._wire = wire
        self._timeout_s = timeout_s
        self._now = now
        self._asking = asyncio.Lock()
        self._token: str | None = None
        self._until: datetime | None = None

    async def token(self) -> str:
        """A token that is good for a while. Raises `Retryable`, and `NotRetryable` when the server
        does not let this client in."""
        async with self._asking:
            if self._token is None or (self._until is not None and self._now() >= self._until):
                self._token, lives_s = await self._ask()
                # One that lives for a minute or less is used for half of its life.
                kept_s = max(lives_s - EARLY_S, lives_s / 2)
                self._until = self._now() + timedelta(seconds=kept_s)
                log.debug("oauth2.renewed", url=self._body.token_url, kept_s=round(kept_s))
            return self._token

    def forget(self, token: str) -> None:
        """It was refused. Whoever comes with an older one has nothing to say about ours."""
        if self._token == token:
            self._token = None

    async def _ask(self) -> tuple[str, float]:
        body = self._body
        words = {"grant_type": "client_credentials", "scope": body.scope, "audience": body.audience}
        form = urlencode({name: word for name, word in words.items() if word})
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        url, headers, content = self._auth().prepare("POST", body.token_url, headers, form)
        answer = await self._wire.send(
            "POST",
            url,
            headers=headers,
            content=content.encode(),
            timeout_s=self._timeout_s,
            max_bytes=MAX_TOKEN_BYTES,
            endpoint="oauth2/token",
        )
        return _read(answer)

    def _auth(self) -> ClientAuth:
        secret = self._secret()
        if self._body.method == "client_secret_basic":
            # The standard has both encoded as in a form before they are put together.
            encoded = quote(self._body.client_id, safe=""), quote(secret, safe="")
            return ClientAuth(*encoded, self._body.method)
        return ClientAuth(self._body.client_id, secret, self._body.method)

    def _secret(self) -> str:
        if self._body.client_secret is not None:
            return self._body.client_secret.get_secret_value()
        assert self._body.client_secret_file is not None
        try:
            return self._body.client_secret_file.read_text().strip()
        except (OSError, UnicodeDecodeError) as error:
            raise Retryable(
                f"The file of the client's secret can't be read ({type(error).__name__}).",
                code="oauth2_secret_unreadable",
            ) from error


def _read(answer: Answer) -> tuple[str, float]:
    """The token and how long it lives, in seconds."""
    if 400 <= answer.status < 500 and answer.status != 429:
        raise NotRetryable(
            f"The token server refuses this client ({answer.status}).", code="oauth2_refused"
        )
    check_status(answer)
    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError):
        found = None
    token = found.get("access_token") if isinstance(found, dict) else None
    if (
        not isinstance(token, str)
        or not 0 < len(token) <= MAX_TOKEN_CHARACTERS
        or not all("!" <= letter <= "~" for letter in token)
        or str(found.get("token_type", "")).lower() != "bearer"
    ):
        raise Retryable("The token server's answer holds no bearer token.", code="oauth2_garbled")
    lives_s = found.get("expires_in")
    if isinstance(lives_s, bool) or not isinstance(lives_s, int | float) or not lives_s > 0:
        lives_s = UNSAID_S
    return token, min(float(lives_s), 86_400.0)
