"""Authentication with a JWT: the users of one pool get in, and no forged token does."""

from __future__ import annotations

import base64
import hmac
import json
import threading
import time
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import product
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from fencepost import container
from fencepost.common.errors import ServiceBusy
from fencepost.tenants import id_tokens
from fencepost.tenants.user_pool import UserPool
from tests.functional.app import Answer, App, event

POOL_ID, CLIENT_ID = "eu-central-1_AbCdEfGhI", "1example23456789"
ISSUER = f"https://cognito-idp.eu-central-1.amazonaws.com/{POOL_ID}"
KEYS_PATH = f"/{POOL_ID}/.well-known/jwks.json"
SUB = "5f1c9d1e-6a3b-4c58-9d7e-2f8a1b3c4d5e"
KEYS = {kid: generate_private_key(public_exponent=65537, key_size=2048) for kid in ("key/1=", "key/2=", "stranger")}
OURS = "key/1="


class Pool:
    """The part of a user pool that signs tokens and publishes its keys, on loopback."""

    def __init__(self) -> None:
        self.published = [OURS]
        self.answer: bytes | None = None
        self.fetches = 0

    def token(
        self,
        claims: Mapping[str, Any] | None = None,
        *,
        kid: str = OURS,
        header: Mapping[str, Any] | None = None,
    ) -> str:
        """Return a token of demo's viewer vera; a claim that is None is omitted."""
        return signed(KEYS[kid], {"kid": kid, **(header or {})}, self.claims(claims or {}))

    def claims(self, changed: Mapping[str, Any]) -> dict[str, Any]:
        now = int(time.time())
        claims = {
            "sub": SUB,
            "iss": ISSUER,
            "aud": CLIENT_ID,
            "token_use": "id",
            "iat": now,
            "exp": now + 900,
            "cognito:username": "vera@example.com",
            "cognito:groups": ["viewer"],
            "custom:tenantId": "demo",
            "custom:userId": "vera",
        }
        return {name: value for name, value in {**claims, **changed}.items() if value is not None}

    def keys(self) -> bytes:
        if self.answer is not None:
            return self.answer
        named = [jwk(kid) | {"kid": kid, "alg": "RS256", "use": "sig"} for kid in self.published]
        return json.dumps({"keys": named}).encode()


@pytest.fixture
def pool(app: App, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pool]:
    pool = Pool()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            pool.fetches += 1
            content = pool.keys()
            self.send_response(200 if self.path == KEYS_PATH and content else 500)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            """Not among the dots of the tests."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        for name, value in {
            "USER_POOL_ID": POOL_ID,
            "USER_POOL_CLIENT_ID": CLIENT_ID,
            "AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER": f"http://127.0.0.1:{server.server_port}",
        }.items():
            monkeypatch.setenv(name, value)
        app._clear_container()
        yield pool
        server.shutdown()


def authorize(app: App, token: str) -> Any:
    request = event("api/authorize")
    request["headers"]["authorization"] = f"Bearer {token}"
    return app.invoke("authorizer", request)


def is_refused(app: App, token: str) -> bool:
    """Return whether the gateway responds with 401; anything but that and a policy fails the test."""
    try:
        authorize(app, token)
    except PermissionError as error:
        return str(error) == "Unauthorized"
    return False


def part(content: Any) -> str:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def jwk(kid: str) -> dict[str, Any]:
    numbers = KEYS[kid].public_key().public_numbers()
    return {"kty": "RSA", "n": part(numbers.n.to_bytes(256, "big")), "e": part(numbers.e.to_bytes(3, "big"))}


def signed(key: RSAPrivateKey, header: Mapping[str, Any], claims: Any) -> str:
    """Return a token signed by hand: PyJWT would refuse to make some of these."""
    unsigned = f"{part({'alg': 'RS256', **header})}.{part(claims)}"
    return f"{unsigned}.{part(key.sign(unsigned.encode(), PKCS1v15(), SHA256()))}"


def signed_with_a_secret(secret: bytes, claims: Any) -> str:
    unsigned = f"{part({'alg': 'HS256', 'kid': OURS})}.{part(claims)}"
    return f"{unsigned}.{part(hmac.digest(secret, unsigned.encode(), 'sha256'))}"


def test_a_token_of_the_pool_authenticates_its_user_for_the_whole_api(app: App, pool: Pool) -> None:
    answer = authorize(app, pool.token({"cognito:groups": ["viewer", "employee"]}))
    assert answer["context"] == {"tenantId": "demo", "userId": "vera", "roles": "employee,viewer"}
    assert answer["principalId"] == "demo/vera"
    (statement,) = answer["policyDocument"]["Statement"]
    assert (statement["Effect"], statement["Resource"].split(":")[-1]) == ("Allow", "fencepost/api/*")


def test_a_user_without_an_id_of_the_directory_has_the_id_of_the_pool(app: App, pool: Pool) -> None:
    assert authorize(app, pool.token({"custom:userId": None}))["context"]["userId"] == SUB


def test_the_keys_are_fetched_once(app: App, pool: Pool) -> None:
    for _ in range(3):
        authorize(app, pool.token())
    assert pool.fetches == 1


def test_an_api_key_does_not_call_the_pool(app: App, pool: Pool) -> None:
    authorize(app, container.tenant_service().issue_key("demo", "vera", ["viewer"]))
    known = container.user_pool()
    assert known is not None
    assert "_verifier" not in vars(known)
    assert pool.fetches == 0


def test_a_forged_token_is_refused(app: App, pool: Pool) -> None:
    good, claims = pool.token(), pool.claims({})
    head, _, signature = good.split(".")
    forged = {
        "no algorithm and no signature": f"{part({'alg': 'none', 'kid': OURS})}.{part(claims)}.",
        "no algorithm but a signature": pool.token(header={"alg": "none"}),
        "an algorithm that is null": pool.token(header={"alg": None}),
        "another algorithm": pool.token(header={"alg": "RS512"}),
        "a stranger's signature": pool.token(kid="stranger", header={"kid": OURS}),
        "a stranger who brings his key": pool.token(kid="stranger", header={"jwk": jwk("stranger")}),
        "a key of nobody": pool.token(kid="stranger"),
        "a key without a name": signed(KEYS[OURS], {}, claims),
        "a key named by a number": pool.token(header={"kid": 1}),
        "another payload": f"{head}.{part(pool.claims({'custom:tenantId': 'other'}))}.{signature}",
        "a signature cut short": good[:-8],
        "an unknown extension": pool.token(header={"crit": ["exp"], "exp": 1}),
        "a payload that is elsewhere": pool.token(header={"crit": ["b64"], "b64": False}),
        "a payload that is a list": signed(KEYS[OURS], {"kid": OURS}, ["demo"]),
        "a header that is a list": f"{part([])}.{part(claims)}.{signature}",
        "a header as deep as a well": f"{part(b'[' * 5000)}.{part(claims)}.{signature}",
        "a number as long as a book": f"{part(b'[' + b'9' * 5000 + b']')}.{part(claims)}.{signature}",
        "five parts": f"{good}.a.b",
        "padding": f"{good}=",
    }
    for how, token in forged.items():
        assert is_refused(app, token), how
    assert not is_refused(app, good)


def test_the_public_key_is_not_accepted_as_a_signing_secret(app: App, pool: Pool) -> None:
    for encoding, form in product(
        (Encoding.PEM, Encoding.DER), (PublicFormat.SubjectPublicKeyInfo, PublicFormat.PKCS1)
    ):
        public = KEYS[OURS].public_key().public_bytes(encoding, form)
        for secret in (public, public.strip()):
            assert is_refused(app, signed_with_a_secret(secret, pool.claims({}))), (encoding, form)


def test_a_genuine_token_for_another_purpose_is_refused(app: App, pool: Pool) -> None:
    others: list[dict[str, Any]] = [
        {"aud": "another-client"},
        {"aud": [CLIENT_ID]},
        {"aud": ""},
        {"aud": None},
        {"iss": f"{ISSUER}x"},
        {"iss": f"{ISSUER}/"},
        {"iss": ISSUER.replace("https", "http")},
        {"iss": ISSUER.replace(POOL_ID, "eu-central-1_Another")},
        {"iss": [ISSUER]},
        {"iss": None},
        {"token_use": "access"},
        {"token_use": "access", "aud": None, "client_id": CLIENT_ID},
        {"token_use": None},
        {"sub": None},
        {"exp": None},
        {"exp": "never"},
        {"iat": None},
    ]
    for claims in others:
        assert is_refused(app, pool.token(claims)), claims


def test_clocks_may_differ_by_a_minute(app: App, pool: Pool) -> None:
    for claim, seconds in (("exp", -50), ("iat", 50), ("nbf", 50)):
        assert not is_refused(app, pool.token({claim: int(time.time()) + seconds})), claim
    for claim, seconds in (("exp", -61), ("iat", 120), ("nbf", 120)):
        assert is_refused(app, pool.token({claim: int(time.time()) + seconds})), claim


def test_a_claim_that_is_not_a_well_formed_id_is_refused(app: App, pool: Pool) -> None:
    no_ids = ("", "demo#x", "../demo", "demo/../other", "-demo", "demo\n", "démo", "x" * 65, ["demo"], {"a": 1}, 1)
    for claim, value in product(("custom:tenantId", "custom:userId"), no_ids):
        assert is_refused(app, pool.token({claim: value})), (claim, value)


def test_a_user_without_a_tenant_is_refused(app: App, pool: Pool) -> None:
    assert is_refused(app, pool.token({"custom:tenantId": None}))


def test_a_user_of_an_unknown_tenant_is_refused(app: App, pool: Pool) -> None:
    assert is_refused(app, pool.token({"custom:tenantId": "nowhere"}))


def test_a_user_without_a_role_is_authenticated_without_permissions(app: App, pool: Pool) -> None:
    for groups in (None, [], ["painters", "Admin", "admin ", ""], "admin", {"admin": 1}, [["admin"]]):
        context = authorize(app, pool.token({"cognito:groups": groups}))["context"]
        assert context["roles"] == "", groups
    for function, name in (("geofences", "list"), ("location", "check"), ("clock", "clock_start")):
        request = event(f"api/{name}")
        request["requestContext"]["authorizer"] = context
        assert Answer(app.invoke(function, request)).status == 403


def test_a_new_key_of_the_pool_is_found(app: App, pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(id_tokens, "_REFRESH_COOLDOWN_S", 0)
    authorize(app, pool.token())
    pool.published = [OURS, "key/2="]
    assert not is_refused(app, pool.token(kid="key/2="))
    assert pool.fetches == 2


def test_invented_key_ids_do_not_cause_repeated_fetches(app: App, pool: Pool) -> None:
    for number in range(20):
        assert is_refused(app, pool.token(header={"kid": f"invented-{number}"}))
    assert pool.fetches == 1


def test_tokens_are_neither_accepted_nor_refused_while_the_keys_are_unavailable(
    app: App, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool.answer = b""
    for _ in range(5):
        with pytest.raises(ServiceBusy):
            authorize(app, pool.token())
    assert pool.fetches == 1
    authorize(app, container.tenant_service().issue_key("demo", "vera", ["viewer"]))
    monkeypatch.setattr(id_tokens, "_FAILURE_COOLDOWN_S", 0)
    for pool.answer in (b"<html>", b"[]", b"{}", b'{"keys": []}', b'{"keys": [{"kty": "X"}]}'):
        with pytest.raises(ServiceBusy):
            authorize(app, pool.token())
    pool.answer = None
    authorize(app, pool.token())


def test_cached_keys_are_used_while_the_pool_is_unavailable(
    app: App, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(id_tokens, "_REFRESH_COOLDOWN_S", 0)
    authorize(app, pool.token())
    pool.answer = b""
    with pytest.raises(ServiceBusy):
        authorize(app, pool.token(kid="stranger"))
    authorize(app, pool.token())


def test_a_pool_that_cannot_be_reached_authenticates_nobody(
    app: App, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER", "http://127.0.0.1:1")
    app._clear_container()
    with pytest.raises(ServiceBusy):
        authorize(app, pool.token())


def test_a_huge_token_is_refused_unread(app: App, pool: Pool) -> None:
    assert is_refused(app, pool.token({"padding": "x" * 9000}))
    assert pool.fetches == 0


def test_a_token_is_refused_where_no_pool_is_configured(
    app: App, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("USER_POOL_ID")
    app._clear_container()
    assert is_refused(app, pool.token())


@pytest.mark.parametrize(
    ("endpoint", "at"), [("", "https://cognito-idp.us-gov-west-1.amazonaws.com"), ("http://a:1/", "http://a:1")]
)
def test_the_issuer_follows_from_the_id_of_the_pool_wherever_its_keys_are(endpoint: str, at: str) -> None:
    pool = UserPool(pool_id="us-gov-west-1_Ab1", client_id=CLIENT_ID, endpoint=endpoint)
    assert pool.issuer == "https://cognito-idp.us-gov-west-1.amazonaws.com/us-gov-west-1_Ab1"
    assert pool.keys_address == f"{at}/us-gov-west-1_Ab1/.well-known/jwks.json"
