"""Tokens that count, and all the ways in which one does not."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, Key, OctKey, OKPKey, RSAKey

from haulage.accounts.jwks import FRESH_S, PAUSE_S, Jwks
from haulage.accounts.principal import Principal
from haulage.accounts.tokens import TokenRules, Tokens
from haulage.domain.errors import NotAuthenticated, Unavailable
from haulage.domain.scope import Scope
from tests.conftest import TestClock

SECRET = "0123456789abcdef" * 4
RULES = TokenRules(issuer="https://id.example", audience="haulage")
RSA = RSAKey.generate_key(2048, {"kid": "rsa", "use": "sig"})
EC = ECKey.generate_key("P-256", {"kid": "ec"})
ED = OKPKey.generate_key("Ed25519", {"kid": "ed"})
STRANGER = RSAKey.generate_key(2048, {"kid": "rsa"})


class Issuer:
    """Its document of keys, and how often it was asked for."""

    def __init__(self, *keys: Key) -> None:
        self.document: Any = {"keys": [key.as_dict(private=False) for key in keys]}
        self.asked = 0
        self.now_s = 1000.0
        self.away = False

    async def fetch(self) -> bytes:
        self.asked += 1
        if self.away:
            raise OSError("gone")
        return json.dumps(self.document).encode()

    def jwks(self) -> Jwks:
        return Jwks(self.fetch, now_s=lambda: self.now_s)


@pytest.fixture
def issuer() -> Issuer:
    return Issuer(RSA, EC, ED)


@pytest.fixture
def tokens(clock: TestClock, issuer: Issuer) -> Tokens:
    return Tokens(RULES, clock, secret=SECRET, jwks=issuer.jwks())


@pytest.fixture
def claims(clock: TestClock) -> dict[str, Any]:
    return {
        "iss": "https://id.example",
        "aud": "haulage",
        "sub": "ada",
        "tenant": "acme",
        "scope": "submit haulage:read openid",
        "exp": int((clock.now() + timedelta(hours=1)).timestamp()),
    }


def signed(claims: dict[str, Any], key: Key, algorithm: str, **header: Any) -> str:
    named = {"kid": key.kid} if key.kid else {}
    return jwt.encode({"alg": algorithm, **named, **header}, claims, key, algorithms=[algorithm])


def by_secret(claims: dict[str, Any], secret: str = SECRET) -> str:
    return signed(claims, OctKey.import_key(secret), "HS256")


def raw(header: dict[str, Any], claims: Any, signature: bytes = b"") -> str:
    parts = [json.dumps(header).encode(), json.dumps(claims).encode(), signature]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


async def check(tokens: Tokens, text: str) -> Principal:
    return await tokens.check(text, address="203.0.113.7")


async def refused(tokens: Tokens, text: str) -> str:
    with pytest.raises(NotAuthenticated) as caught:
        await check(tokens, text)
    return str(caught.value)


@pytest.mark.parametrize(
    "make",
    [
        by_secret,
        lambda claims: signed(claims, RSA, "RS256"),
        lambda claims: signed(claims, EC, "ES256"),
        lambda claims: signed(claims, ED, "EdDSA"),
    ],
    ids=["HS256", "RS256", "ES256", "EdDSA"],
)
async def test_a_good_token_says_who_calls(
    tokens: Tokens, claims: dict[str, Any], make: Callable[[dict[str, Any]], str]
) -> None:
    caller = await check(tokens, make(claims))
    assert (caller.tenant, caller.subject, caller.caller.user) == ("acme", "ada", "ada")
    assert caller.scopes == {Scope.SUBMIT, Scope.READ}, "of other APIs' scopes nothing is kept"


@pytest.mark.parametrize(
    "change",
    [
        {"iss": "https://evil.example"}, {"iss": None}, {"aud": "other"}, {"aud": []},
        {"aud": None}, {"sub": None}, {"sub": ""}, {"sub": 7}, {"sub": "x" * 201},
        {"tenant": None}, {"tenant": ""}, {"tenant": ["acme"]}, {"tenant": "a\0b"},
        {"exp": None}, {"exp": "never"}, {"exp": float("nan")}, {"exp": float("inf")},
        {"exp": 99_999_999_999}, {"nbf": 99_999_999_999}, {"exp": 1},
    ],
    ids=str,
)  # fmt: skip
async def test_claims_that_do_not_fit_are_refused(
    tokens: Tokens, claims: dict[str, Any], change: dict[str, Any]
) -> None:
    changed = {name: value for name, value in (claims | change).items() if value is not None}
    await refused(tokens, by_secret(changed))


async def test_the_issuers_clock_may_be_off_a_little(
    tokens: Tokens, claims: dict[str, Any], clock: TestClock
) -> None:
    token = by_secret(claims)
    await check(tokens, token)
    clock.advance(hours=1, seconds=29)
    await check(tokens, token)
    clock.advance(seconds=2)
    assert "expired" in await refused(tokens, token)


async def test_a_token_without_a_signature_is_refused(
    tokens: Tokens, claims: dict[str, Any]
) -> None:
    for algorithm in ("none", "None", "NONE", "", None, ["HS256"], {}):
        await refused(tokens, raw({"alg": algorithm}, claims))


async def test_a_public_key_is_no_secret(tokens: Tokens, claims: dict[str, Any]) -> None:
    """HS/RS confusion: a token signed by HS256 with the bytes of the public key."""
    for key in (RSA.as_pem(private=False), json.dumps(RSA.as_dict(private=False)).encode()):
        text = raw({"alg": "HS256", "kid": "rsa"}, claims).rpartition(".")[0]
        mac = hmac.new(key, text.encode(), hashlib.sha256).digest()
        forged = f"{text}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"
        assert "bad_signature" in await refused(tokens, forged)


async def test_without_a_secret_hs256_does_not_count(
    clock: TestClock, issuer: Issuer, claims: dict[str, Any]
) -> None:
    tokens = Tokens(RULES, clock, jwks=issuer.jwks())
    await refused(tokens, by_secret(claims))
    await check(tokens, signed(claims, RSA, "RS256"))


@pytest.mark.parametrize("algorithm", ["RS384", "PS256", "HS512", "ES384"])
async def test_other_algorithms_do_not_count(
    tokens: Tokens, claims: dict[str, Any], algorithm: str
) -> None:
    assert "algorithm" in await refused(tokens, raw({"alg": algorithm, "kid": "rsa"}, claims))


async def test_a_key_signs_with_its_own_kind_of_algorithm(
    tokens: Tokens, claims: dict[str, Any]
) -> None:
    token = signed(claims, RSA, "RS256")
    for kid, algorithm in (("ec", "RS256"), ("rsa", "ES256"), ("ed", "ES256")):
        _, payload, signature = token.split(".")
        header = raw({"alg": algorithm, "kid": kid}, {}).split(".")[0]
        await refused(tokens, f"{header}.{payload}.{signature}")


async def test_keys_that_a_token_brings_along_are_not_believed(
    tokens: Tokens, claims: dict[str, Any]
) -> None:
    own = STRANGER.as_dict(private=False)
    await refused(tokens, signed(claims, STRANGER, "RS256", jwk=own))
    await refused(tokens, signed(claims, STRANGER, "RS256", jku="https://evil.example/jwks"))


async def test_wrong_keys_and_changed_claims_are_noticed(
    tokens: Tokens, claims: dict[str, Any]
) -> None:
    await refused(tokens, by_secret(claims, "another secret that nobody knows"))
    await refused(tokens, signed(claims, STRANGER, "RS256"))
    head, _, tail = by_secret(claims).split(".")
    other = raw({}, claims | {"scope": "admin"}).split(".")[1]
    await refused(tokens, f"{head}.{other}.{tail}")


@pytest.mark.parametrize(
    "text",
    ["..", "a.b.c", "e30.e30.", "😀.😀.😀", "=.=.=", "W10.W10.W10", "A" * 4_000 + ".e30.e30"],
)
async def test_garbage_is_refused(tokens: Tokens, text: str) -> None:
    assert text not in await refused(tokens, text)


async def test_deeply_nested_claims_are_refused(tokens: Tokens) -> None:
    deep = "[" * 3_000 + "]" * 3_000
    head = raw({"alg": "HS256"}, {}).split(".")[0]
    body = base64.urlsafe_b64encode(f'{{"a":{deep}}}'.encode()).rstrip(b"=").decode()
    mac = hmac.new(SECRET.encode(), f"{head}.{body}".encode(), hashlib.sha256).digest()
    signature = base64.urlsafe_b64encode(mac).rstrip(b"=").decode()
    await refused(tokens, f"{head}.{body}.{signature}")


async def test_one_tenant_for_all_where_no_claim_names_it(
    clock: TestClock, claims: dict[str, Any]
) -> None:
    rules = TokenRules("https://id.example", "haulage", tenant_claim="")
    caller = await check(Tokens(rules, clock, secret=SECRET, jwks=None), by_secret(claims))
    assert caller.tenant == "default"


async def test_keys_are_asked_for_once(
    tokens: Tokens, issuer: Issuer, claims: dict[str, Any]
) -> None:
    await check(tokens, signed(claims, RSA, "RS256"))
    await check(tokens, signed(claims, EC, "ES256"))
    assert issuer.asked == 1


async def test_a_new_key_of_the_issuer_is_found_by_one_more_look(
    tokens: Tokens, issuer: Issuer, claims: dict[str, Any]
) -> None:
    await check(tokens, signed(claims, RSA, "RS256"))
    new = RSAKey.generate_key(2048, {"kid": "new"})
    issuer.document = {"keys": [new.as_dict(private=False)]}
    issuer.now_s += PAUSE_S
    assert (await check(tokens, signed(claims, new, "RS256"))).subject == "ada"
    assert issuer.asked == 2


async def test_invented_keys_do_not_make_us_ask_again_and_again(
    tokens: Tokens, issuer: Issuer, claims: dict[str, Any]
) -> None:
    for number in range(20):
        await refused(tokens, raw({"alg": "RS256", "kid": f"made up {number}"}, claims, b"x"))
    assert issuer.asked == 1


async def test_a_key_that_was_withdrawn_counts_no_more(
    issuer: Issuer, clock: TestClock, claims: dict[str, Any]
) -> None:
    tokens = Tokens(RULES, clock, jwks=issuer.jwks())
    await check(tokens, signed(claims, RSA, "RS256"))
    issuer.document = {"keys": [EC.as_dict(private=False)]}
    issuer.now_s += FRESH_S + 1
    clock.advance(minutes=2)
    await refused(tokens, signed(claims, RSA, "RS256"))


async def test_while_the_issuer_is_away_its_keys_go_on_counting(
    issuer: Issuer, clock: TestClock, claims: dict[str, Any]
) -> None:
    tokens = Tokens(RULES, clock, jwks=issuer.jwks())
    issuer.away = True
    with pytest.raises(Unavailable):
        await check(tokens, signed(claims, RSA, "RS256"))
    issuer.away = False
    issuer.now_s += PAUSE_S
    await check(tokens, signed(claims, RSA, "RS256"))
    issuer.away = True
    issuer.now_s += FRESH_S + 1
    clock.advance(minutes=2)
    await check(tokens, signed(claims, RSA, "RS256"))


@pytest.mark.parametrize(
    "document",
    [
        [], {}, {"keys": 7}, {"keys": [7, {}, {"kty": "XYZ", "kid": "x"}]},
        {"keys": [{"kty": "oct", "kid": "rsa", "k": "c2VjcmV0"}]},
        {"keys": [{"kty": "RSA", "kid": "rsa", "n": "!!", "e": "AQAB"}]},
    ],
    ids=str,
)  # fmt: skip
async def test_odd_documents_of_keys_let_nobody_in(
    issuer: Issuer, clock: TestClock, claims: dict[str, Any], document: Any
) -> None:
    issuer.document = document
    tokens = Tokens(RULES, clock, jwks=issuer.jwks())
    with pytest.raises((NotAuthenticated, Unavailable)):
        await check(tokens, signed(claims, RSA, "RS256"))
