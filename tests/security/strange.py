"""Requests that no program of good will sends, in the likeness of ones that do."""

import json
from base64 import b64encode
from dataclasses import dataclass

from hypothesis import strategies as st
from tests.kit.server import ADMIN_EMAIL
from tests.kit.wire import FORM, JSON, Headers

from gatewatch.app import TABLE

TOO_MUCH = b"a=" + b"[" * 64 * 1024
TOO_DEEP = b'{"x":' + b"[" * 5_000
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND")
ADDRESSES = (*dict.fromkeys(line.template for line in TABLE), "/nowhere", "/v1/nowhere")
COOKIES = ("session", "gatewatch_at", "gatewatch_rt", "gatewatch_csrf", "gatewatch_form")
HEADERS = (
    *("Accept", "Accept-Language", "Expect", "If-None-Match", "Origin", "Sec-Fetch-Site"),
    *("Upgrade", "User-Agent", "X-CSRF-Token", "X-Forwarded-For", "X-Request-Id"),
)
FIELDS = (
    *("grant_type", "client_id", "client_secret", "scope", "refresh_token", "device_code", "token"),
    *("identifier", "password", "csrf_token", "redirect", "user_code", "action", "email", "role"),
    *("name", "type", "grant", "redirect_uri", "display_name", "username"),
    *("event_type", "severity", "success", "actor", "actor_ip", "resource_type", "resource_id"),
    *("search", "since", "start_time", "end_time", "page_size", "cursor", "request_id", "after"),
)
WORDS = (
    *("client_credentials", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"),
    *("gatewatch-cli", ADMIN_EMAIL, "approve", "confidential", "admin", "read", "openid"),
    *("WDJB-MJHT", "24h", "-1h", "0", "1e9", "true", "2026-02-08T12:00:00Z", "CRITICAL"),
    *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "0001-01-01", "/device", "//x"),
    *("older.evt_" + "0" * 32, "10.0.0.1", "fe80::1%eth0", "\0", "%", "_", "\\", "é" * 300),
    *("ses_" + "0" * 32, "tok_" + "0" * 32 + ".x", "e30.e30.e30", "W10.W10.W10", "../../etc"),
)
AUTHORIZATIONS = (
    b"Bearer e30." + b64encode(TOO_DEEP) + b".e30",
    *(b"Bearer e30.e30.e30", b"Bearer \xff.\xff.\xff", b"bearer", b"Basic ====", b"Negotiate x"),
    *(b"Basic " + b64encode(pair) for pair in (b"a\0b:c", b"a%00b:c", b":", b"\xff:\xff")),
)
VISIBLE = frozenset(range(0x20, 0x100)) - {0x7F}
"""Bytes that a header may have; others are refused as no HTTP before we see them."""


@dataclass(frozen=True)
class Sent:
    """A request, down to its bytes."""

    method: str
    target: bytes
    headers: Headers = ()
    body: bytes = b""


def quoted(text: str) -> bytes:
    """Every byte of a text as an escape; a lone surrogate as the bytes that are not UTF-8."""
    return b"".join(b"%%%02X" % byte for byte in text.encode("utf-8", "surrogatepass"))


def urlencoded(pairs: list[tuple[str, str]]) -> bytes:
    """A form; a name may come twice in it."""
    return b"&".join(name.encode() + b"=" + quoted(value) for name, value in pairs)


def as_json(value: object) -> bytes:
    """JSON, and what Python takes for it, such as NaN."""
    return json.dumps(value).encode()


words = st.sampled_from(WORDS) | st.text(max_size=20)
fields = st.lists(st.tuples(st.sampled_from(FIELDS), words), max_size=6)
some_bytes = st.binary(max_size=40)
header_values = some_bytes.map(lambda value: bytes(each for each in value if each in VISIBLE))
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | words,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=3)
    ),
    max_leaves=6,
)
bodies = st.one_of(
    st.tuples(st.just(FORM), fields.map(urlencoded)),
    st.tuples(
        st.just(JSON), (fields.map(dict) | json_values).map(lambda it: json.dumps(it).encode())
    ),
    st.tuples(st.sampled_from([FORM, JSON, (b"Content-Type", b"text/\xff;;=")]), some_bytes),
    st.tuples(st.sampled_from([FORM, JSON]), st.just(TOO_MUCH)),
)
authorizations = st.sampled_from(AUTHORIZATIONS) | header_values.map(lambda it: b"Bearer " + it)
cookies = st.lists(
    st.tuples(st.sampled_from(COOKIES), header_values | st.just(b"\xe9")), max_size=3
).map(lambda pairs: b"; ".join(name.encode() + b"=" + value for name, value in pairs))
headers = st.lists(
    st.tuples(
        st.sampled_from(HEADERS).map(str.encode),
        header_values | st.sampled_from([b"text/html", b"*/*;q=nan", b"\x01", b"a" * 20_000]),
    ),
    max_size=3,
)
queries = fields.map(urlencoded) | st.sampled_from([b"", b"%", b"=&=", b"a=1&a=1", b"a=%FF"])
endings = st.sampled_from([b"", b"", b"", b"/", b"%00", b"//", b";a", b"%ff"])


@st.composite
def paths(draw: st.DrawFn) -> bytes:
    """A path that fits a route, or nearly."""
    path = draw(st.sampled_from(ADDRESSES)).encode()
    while b"{" in path:
        before, _, after = path.partition(b"{")
        path = before + quoted(draw(words.filter(bool))) + after.partition(b"}")[2]
    return path + draw(endings)


@st.composite
def requests(draw: st.DrawFn) -> Sent:
    """Any request."""
    query = draw(queries)
    target = draw(paths()) + (b"?" + query if query else b"")
    sent = list(draw(headers))
    for name, value in ((b"Authorization", authorizations), (b"Cookie", cookies)):
        if (drawn := draw(st.none() | value)) is not None:
            sent.append((name, drawn))
    kind, body = draw(st.just((None, b"")) | bodies)
    return Sent(draw(st.sampled_from(METHODS)), target, [*sent, *([kind] if kind else [])], body)
