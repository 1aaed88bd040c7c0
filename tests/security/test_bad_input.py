"""Whatever is sent, nothing breaks: no fault, no trace of one, and the shape that is expected."""

import json
import socket
from contextlib import suppress
from itertools import product
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.kit import metrics
from tests.kit.people import CHEAP, PATIENT
from tests.kit.server import ADMIN_EMAIL, ADMIN_PASSWORD, Server
from tests.kit.wire import FORM, JSON, Answer, Headers, exchange
from tests.security.strange import (
    AUTHORIZATIONS,
    METHODS,
    TOO_DEEP,
    TOO_MUCH,
    Sent,
    paths,
    requests,
)

from gatewatch.app import TABLE, templates
from gatewatch.catalogue.outcomes import HttpMethod
from gatewatch.http.errors import API_ERRORS
from gatewatch.http.routing import Face, Match, Route, Router, WrongMethod
from gatewatch.protocol.errors import OAUTH_ERRORS

SETTINGS = {**CHEAP, **PATIENT}
ROUTER = Router(Route(line.method, line.template, None, line.face) for line in TABLE)
MEBIBYTE = 1024 * 1024
CHUNKED = (
    b"POST /oauth/token HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\n\r\n"
)
EACH = pytest.mark.parametrize("template", [*dict.fromkeys(line.template for line in TABLE)])
strictly = settings(
    max_examples=200,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(scope="module")
def admin(standing: Server) -> Headers:
    """A token that is good, so that what lies behind the door is reached, too."""
    credentials = json.dumps({"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD}).encode()
    answer = exchange(standing, b"POST", b"/v1/auth/login", [JSON], credentials)
    return [(b"Authorization", b"Bearer " + json.loads(answer.body)["access_token"].encode())]


@strictly
@given(sent=requests())
@example(Sent("GET", b"/login", [(b"Cookie", b"gatewatch_form=\xe9")]))
@example(Sent("POST", b"/login", [(b"Cookie", b"gatewatch_form=\xe9"), FORM], b"a=b"))
@example(Sent("POST", b"/v1/auth/login", [JSON], TOO_DEEP))
@example(Sent("GET", b"/oauth/tokeninfo", [(b"Authorization", AUTHORIZATIONS[0])]))
def test_a_stranger_breaks_nothing(standing: Server, sent: Sent) -> None:
    it_is_in_order(send(standing, sent), sent)


@strictly
@given(sent=requests())
@example(Sent("GET", b"/admin/audit/api?start_time=0001-01-01T00:00:00%2B14:00"))
@example(Sent("GET", b"/admin/audit/api?end_time=9999-12-31T23:59:59-14:00"))
@example(Sent("GET", b"/admin/audit/api?since=0001-01-01T00:00:00%2B14:00"))
@example(Sent("POST", b"/admin/clients/%00/disable", [FORM], b"csrf_token=x"))
def test_an_administrator_breaks_nothing(standing: Server, admin: Headers, sent: Sent) -> None:
    if ends_sessions(sent):
        return
    headers = [header for header in sent.headers if header[0] != b"Authorization"]
    sent = Sent(sent.method, sent.target, [*headers, *admin], sent.body)
    it_is_in_order(send(standing, sent), sent)


@settings(strictly, max_examples=4)
@given(scanned=st.lists(paths(), min_size=50, max_size=50))
def test_a_scanner_is_counted_and_mints_no_series(standing: Server, scanned: list[bytes]) -> None:
    name = "http_server_request_duration_seconds_count"
    before = metrics.scrape(standing)
    asked = product((b"GET", b"PROPFIND"), scanned)
    ours = sum(exchange(standing, method, path).is_ours for method, path in asked)
    after = metrics.scrape(standing)
    assert after.total(name) - before.total(name) == ours + 1, "one was the scrape before"
    assert after.values("http_route") <= set(templates())
    assert after.values("http_request_method") <= {method.value for method in HttpMethod}


@EACH
def test_options_says_what_may_be_done_and_nothing_else_may(
    standing: Server, template: str
) -> None:
    path = path_to(template)
    options = exchange(standing, b"OPTIONS", path)
    assert (options.status, options.body) == (204, b"")
    allowed = set(options.headers["allow"].split(", "))
    declared = {line.method for line in TABLE if line.template == template}
    assert allowed == declared | {"OPTIONS"} | ({"HEAD"} if "GET" in declared else set())
    for method in set(METHODS) - allowed:
        answer = exchange(standing, method.encode(), path)
        assert (answer.status, answer.headers["allow"]) == (405, options.headers["allow"])
        it_is_in_order(answer, Sent(method, path))


@EACH
def test_head_is_get_without_the_body(standing: Server, admin: Headers, template: str) -> None:
    path = path_to(template)
    get, head = [exchange(standing, method, path, admin) for method in (b"GET", b"HEAD")]
    assert get.status == head.status
    assert head.body == b""
    # How a body that is streamed would be framed may be left out (RFC 9110 section 9.3.2).
    assert get.headers.keys() - {"transfer-encoding"} == head.headers.keys()
    assert get.headers.get("content-type") == head.headers.get("content-type")


@pytest.mark.parametrize(
    ("path", "kind"),
    [("/oauth/token", FORM), ("/v1/auth/login", JSON), ("/login", FORM), ("/oauth/revoke", FORM)],
)
def test_a_body_that_is_too_large_is_refused_unread(
    standing: Server, path: str, kind: tuple[bytes, bytes]
) -> None:
    sent = Sent("POST", path.encode(), [kind], TOO_MUCH * 20)
    answer = send(standing, sent)
    assert answer.status == 413
    it_is_in_order(answer, sent)


@pytest.mark.parametrize(
    "beginning", [b"GET /health HTTP/1.1\r\n", CHUNKED + b"0\r\n"], ids=["headers", "trailers"]
)
def test_what_has_no_end_is_not_kept(standing: Server, beginning: bytes) -> None:
    port = int(standing.environment["GATEWATCH_PORT"])
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(beginning + b"X-Endless: ")
        taken = poured_into(connection)
    assert taken < 20 * MEBIBYTE, "more than what is on its way between two sockets"


def poured_into(connection: socket.socket) -> int:
    """How much the other side takes before it hangs up."""
    taken = 0
    with suppress(BrokenPipeError, ConnectionResetError):
        while taken < 50 * MEBIBYTE:
            taken += connection.send(b"x" * MEBIBYTE)
    return taken


def test_no_trace_of_a_fault_was_left(standing: Server) -> None:
    printed = standing.printed()
    assert "Traceback" not in printed
    assert "fault in" not in printed
    assert metrics.scrape(standing).audit_balance() == 0


def send(server: Server, sent: Sent) -> Answer:
    return exchange(server, sent.method.encode(), sent.target, sent.headers, sent.body)


def path_to(template: str) -> bytes:
    """A path of this route, where nothing is."""
    parts = template.split("/")
    return "/".join("nothing" if part.startswith("{") else part for part in parts).encode()


def ends_sessions(sent: Sent) -> bool:
    """Whether it would take the administrator's token, as it should."""
    return b"logout" in sent.target or b"sessions" in sent.target


def it_is_in_order(answer: Answer, sent: Sent) -> None:
    """Whether the server kept its composure, and the shape that its callers expect."""
    if not answer.is_ours:
        assert answer.status == 400
        return
    assert answer.status < 500 or (answer.status == 503 and "retry-after" in answer.headers)
    assert answer.headers["x-content-type-options"] == "nosniff"
    if sent.method == "HEAD" or answer.status == 204:
        assert answer.body == b""
    elif answer.status >= 400:
        assert face_of(answer) is expected_face(sent)


def expected_face(sent: Sent) -> Face:
    """The face of whatever route the path leads to."""
    path = unquote(sent.target.partition(b"?")[0].decode())
    match ROUTER.find(sent.method, path):
        case Match(route, _):
            return route.face
        case WrongMethod(_, _, face):
            return face
    if path.startswith("/v1/"):
        return Face.API
    accepted = next((value for name, value in sent.headers if name == b"Accept"), b"")
    return Face.PAGE if b"text/html" in accepted else Face.PROBLEM


def face_of(answer: Answer) -> Face | None:
    """The face that a refusal has, if it is whole."""
    media_type = answer.headers["content-type"]
    if media_type.startswith("text/html"):
        return Face.PAGE if answer.body.startswith(b"<!doctype html>") else None
    told: dict[str, Any] = json.loads(answer.body)
    match media_type, told:
        case "application/problem+json", {"status": answer.status, "request_id": str()}:
            return Face.PROBLEM
        case "application/json", {"error": {"code": code, "message": str(), "type": kind}}:
            return Face.API if API_ERRORS[code] == (answer.status, kind) else None
        case "application/json", {"error": code, "error_description": str()}:
            return Face.OAUTH if code in OAUTH_ERRORS else None
    return None
