"""Proof that a form came from a page of ours: an HMAC over what the browser already holds."""

import base64
import hashlib
import hmac
from dataclasses import dataclass

from gatewatch.http.request import Request
from gatewatch.http.urls import Urls
from gatewatch.kernel.secrets import same


@dataclass(frozen=True, slots=True)
class Csrf:
    """Makes and checks tokens bound to a session (OWASP: signed double-submit cookie)."""

    key: bytes
    urls: Urls

    def token(self, binding: str) -> str:
        """The token for whoever holds `binding`: a session's id, or a sign-in form's cookie."""
        mac = hmac.digest(self.key, f"csrf:{binding}".encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(mac).rstrip(b"=").decode("ascii")

    def proves(self, request: Request, presented: str | None, binding: str) -> bool:
        """Whether a state-changing request was meant: a fitting token, and no foreign origin."""
        return (
            presented is not None
            and same(presented, self.token(binding))
            and self._is_ours(request)
        )

    def _is_ours(self, request: Request) -> bool:
        site = request.header(b"sec-fetch-site")
        if site is not None and site not in {"same-origin", "none"}:
            return False
        origin = request.header(b"origin")
        return origin is None or origin == self.urls.origin
