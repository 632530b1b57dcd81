"""JSON Web Tokens: whose they are, if they count.

Which key checks a token is decided by the kind of its algorithm, never by the token: a secret of
ours checks HS256 alone, public keys of the issuer everything else. So a public key can't be passed
off as a secret, and `none` is no algorithm. A token that was checked is remembered for `FRESH_S`,
never past its end.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import Key, OctKey

from haulage.accounts.jwks import Jwks
from haulage.accounts.principal import Principal, known_scopes
from haulage.domain.clock import Clock
from haulage.domain.errors import NotAuthenticated
from haulage.domain.job import DEFAULT_TENANT, JobCaller

SYMMETRIC = "HS256"
ASYMMETRIC = frozenset({"RS256", "ES256", "EdDSA", "Ed25519"})
# Before a scope's name, for issuers that serve several APIs: `haulage:read`.
PREFIX = "haulage:"
FRESH_S = 60.0
REMEMBERED = 10_000
MAX_NAME = 200


@dataclass(frozen=True, slots=True)
class TokenRules:
    """What a token must say. An empty `tenant_claim`: all callers are of the tenant `default`."""

    issuer: str
    audience: str
    leeway_s: int = 30
    max_life_s: int = 86_400
    tenant_claim: str = "tenant"
    scope_claim: str = "scope"


class Tokens:
    """Checks tokens, for one event loop."""

    def __init__(
        self, rules: TokenRules, clock: Clock, *, secret: str | None = None, jwks: Jwks | None
    ) -> None:
        self._rules = rules
        self._clock = clock
        self._secret = None if secret is None else OctKey.import_key(secret)
        self._jwks = jwks
        self._known: dict[bytes, tuple[Principal, float]] = {}

    async def check(self, text: str, *, address: str) -> Principal:
        """Whose `text` is; raises `NotAuthenticated`, and `Unavailable` before the first keys."""
        now_s = self._clock.now().timestamp()
        digest = hashlib.sha256(text.encode()).digest()
        principal, until_s = self._known.get(digest, (None, 0.0))
        if principal is None or now_s >= until_s or principal.address != address:
            claims = await self._claims(text)
            principal = self._principal(claims, address)
            self._remember(digest, principal, min(claims["exp"], now_s + FRESH_S))
        return principal

    async def _claims(self, text: str) -> Mapping[str, Any]:
        try:
            header = jws.extract_compact(text.encode()).headers()
            algorithm, kid = header.get("alg"), header.get("kid")
            key = await self._key(algorithm, kid)
            claims = jwt.decode(text, key, algorithms=[str(algorithm)]).claims
            self._require(claims)
        except (JoseError, ValueError, TypeError, RecursionError) as error:
            raise _refusal(getattr(error, "error", "") or "not a token") from error
        return claims

    async def _key(self, algorithm: object, kid: object) -> Key:
        if algorithm == SYMMETRIC and self._secret is not None:
            return self._secret
        if algorithm in ASYMMETRIC and self._jwks is not None:
            found = await self._jwks.find(kid) if isinstance(kid, str) else None
            if found is not None:
                return found
            raise _refusal("it names no key of the issuer")
        raise _refusal("its algorithm does not count here")

    def _require(self, claims: dict[str, Any]) -> None:
        """Raise `JoseError` or `NotAuthenticated` unless they say what they must."""
        rules, now_s = self._rules, int(self._clock.now().timestamp())
        jwt.JWTClaimsRegistry(
            now=now_s,
            leeway=rules.leeway_s,
            iss={"essential": True, "value": rules.issuer},
            aud={"essential": True, "value": rules.audience},
            exp={"essential": True},
            sub={"essential": True},
        ).validate(claims)
        # Whoever overhears a token can use it until it ends: that must not be for ever.
        if not claims["exp"] - now_s <= rules.max_life_s + rules.leeway_s:  # NaN is refused too
            raise _refusal("it counts for too long")

    def _principal(self, claims: Mapping[str, Any], address: str) -> Principal:
        rules = self._rules
        tenant = claims.get(rules.tenant_claim) if rules.tenant_claim else DEFAULT_TENANT
        subject = claims["sub"]
        for name, value in (("sub", subject), (rules.tenant_claim, tenant)):
            if not isinstance(value, str) or not 0 < len(value) <= MAX_NAME or "\0" in value:
                raise _refusal(f"its claim {name!r} names nobody")
        said = claims.get(rules.scope_claim, "")
        names = said.split() if isinstance(said, str) else said if isinstance(said, list) else ()
        scopes = known_scopes(str(name).removeprefix(PREFIX) for name in names)
        return Principal(
            tenant=str(tenant),
            subject=subject,
            scopes=scopes,
            address=address,
            caller=JobCaller(user=subject),
        )

    def _remember(self, digest: bytes, principal: Principal, until_s: float) -> None:
        if len(self._known) >= REMEMBERED:
            self._known.pop(next(iter(self._known)))
        self._known[digest] = principal, until_s


def _refusal(why: str) -> NotAuthenticated:
    return NotAuthenticated(f"This token does not count: {why}.")
