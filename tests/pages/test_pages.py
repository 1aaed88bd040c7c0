from datetime import timedelta

import pytest
from tests.kit.house import NOON

from gatewatch.http.pages import FailurePage, Pages, ago
from gatewatch.http.urls import Urls
from gatewatch.kernel.errors import Refusal, Unavailable
from gatewatch.kernel.time import FixedClock


@pytest.fixture
def pages():
    return Pages(Urls("https://example.com/auth"), FixedClock(NOON))


def test_a_page_is_kept_by_nobody_framed_by_nobody_and_loads_nothing_foreign(pages):
    headers = dict(pages.response(FailurePage.sample()).headers)
    policy = headers[b"content-security-policy"].decode().split("; ")
    assert headers[b"cache-control"] == b"no-store"
    assert headers[b"content-type"] == b"text/html; charset=utf-8"
    assert {"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"} < set(policy)
    assert not any("unsafe" in directive or "http" in directive for directive in policy)


def test_a_page_lets_browsers_say_where_our_own_forms_come_from(pages):
    """With no-referrer they would send `Origin: null`, and every form would be refused."""
    assert (b"referrer-policy", b"same-origin") in pages.response(FailurePage.sample()).headers


def test_what_is_shown_is_text_whatever_it_holds(pages):
    page = FailurePage(400, "<b>bold</b>", "<script>alert(1)</script>", "req_1")
    body = pages.response(page, 400).body.decode()
    assert "<script>alert" not in body
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in body
    assert "<b>bold</b>" not in body


def test_a_refused_page_says_when_to_come_back(pages):
    refusal = Unavailable("rate_limited", "Too many.", retry_after=30)
    response = pages.refused(FailurePage.sample(), refusal)
    assert response.status == 429
    assert (b"retry-after", b"30") in response.headers


def test_a_refused_page_has_the_status_of_its_refusal(pages):
    assert pages.refused(FailurePage.sample(), Refusal("conflict", "Taken.")).status == 409


@pytest.mark.parametrize(
    ("passed", "words"),
    [
        (timedelta(seconds=-3), "just now"),
        (timedelta(seconds=59), "just now"),
        (timedelta(minutes=1), "1 minute ago"),
        (timedelta(minutes=59), "59 minutes ago"),
        (timedelta(hours=23), "23 hours ago"),
        (timedelta(days=2, hours=5), "2 days ago"),
    ],
)
def test_how_long_ago_is_said_in_the_largest_unit_that_fits(passed, words):
    assert words == ago(NOON - passed, NOON)


async def test_a_page_that_is_not_there_names_the_request(visitor):
    response = await visitor.get("/nowhere")
    assert response.status_code == 404
    assert response.headers["x-request-id"] in response.text


async def test_whoever_only_has_to_sign_in_is_sent_there_and_comes_back(visitor):
    response = await visitor.get("/admin/audit?severity=CRITICAL&actor_ip=203.0.113.9")
    assert response.status_code == 303
    signed_in = await visitor.sign_in(path=response.headers["location"])
    expected = "/admin/audit?severity=CRITICAL&actor_ip=203.0.113.9"
    assert expected == signed_in.headers["location"]


async def test_a_form_sent_after_signing_out_is_refused_and_not_sent_on(visitor):
    response = await visitor.client.post("/device", data={"action": "approve"})
    assert response.status_code == 401
    assert 'href="/login"' in response.text
