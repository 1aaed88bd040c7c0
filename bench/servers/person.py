"""Somebody at a browser, who signs in and approves devices through the pages."""

from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Self

import httpx


@dataclass(frozen=True, slots=True)
class Person:
    """A browser that holds the cookies of a signed-in account."""

    browser: httpx.Client

    @classmethod
    def signed_in(cls, url: str, email: str, password: str) -> Self:
        """Sign in through the form."""
        person = cls(httpx.Client(base_url=url, follow_redirects=True, timeout=30))
        person._submit("/login", {"identifier": email, "password": password})
        return person

    def approve(self, user_code: str) -> None:
        """Approve the device that shows this code."""
        page = f"/device?user_code={user_code}"
        self._submit(page, {"user_code": user_code, "action": "approve"}, form="/device")

    def close(self) -> None:
        self.browser.close()

    def _submit(self, page: str, typed: dict[str, str], form: str = "") -> None:
        shown = self.browser.get(page)
        shown.raise_for_status()
        fields = _Fields(form or page)
        fields.feed(shown.text)
        self.browser.post(form or page, data={**fields.found, **typed}).raise_for_status()


class _Fields(HTMLParser):
    """The hidden fields of the form that is sent to some path."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self.found: dict[str, str] = {}
        self._path = path
        self._inside = False

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        if tag == "form":
            self._inside = str(attributes.get("action")).endswith(self._path)
        elif self._inside and tag == "input" and attributes.get("type") == "hidden":
            self.found[str(attributes["name"])] = attributes.get("value") or ""

    def handle_endtag(self, tag):
        if tag == "form":
            self._inside = False
