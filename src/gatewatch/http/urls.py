"""Every URL, from the issuer; never from the request."""

from dataclasses import dataclass
from functools import cache
from typing import Final
from urllib.parse import urlsplit

LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
"""Hosts that are this machine (RFC 8252 section 7.3)."""

METADATA: Final = "/.well-known/oauth-authorization-server"
"""Where an issuer's metadata is on its host; its path comes behind it (RFC 8414 section 3.1)."""


@dataclass(frozen=True, slots=True)
class Urls:
    """Builds absolute URLs and paths below the issuer."""

    issuer: str

    @property
    def secure(self) -> bool:
        """Whether people reach us over TLS, so that cookies can insist on it."""
        return self.issuer.startswith("https://")

    @property
    def root_path(self) -> str:
        """The issuer's path, without a trailing slash: where everything lives on its host."""
        return urlsplit(self.issuer).path.rstrip("/")

    @property
    def origin(self) -> str:
        """The issuer's scheme, host, and port, as in an Origin header (RFC 6454 section 7)."""
        parts = urlsplit(self.issuer)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def metadata_path(self) -> str:
        """The path on the host where clients look for our metadata (RFC 8414 section 3.1)."""
        return METADATA + self.root_path

    def absolute(self, path: str) -> str:
        """The absolute URL of a path of ours, such as ``/device``."""
        return f"{self.issuer}{path}"

    def local(self, path: str) -> str:
        """The path on the host of a path of ours, for links, forms, and redirects."""
        return f"{self.root_path}{path}"

    def ours(self, path: str) -> str:
        """The path of ours that a path on the host means, such as ``/device``.

        A proxy in front may have taken the first segments of the issuer's path away, or all of
        them: what is left of it is taken away here.
        """
        for ending in _endings(self.issuer):
            if path == ending or path.startswith(f"{ending}/"):
                return path[len(ending) :] or "/"
        return METADATA if path.startswith(METADATA) and path == self.metadata_path else path

    def safe_target(self, target: str | None, *, otherwise: str) -> str:
        """Where to go next: `target` if it stays with us, else `otherwise` (CWE-601)."""
        if target and self._stays(target):
            return target
        return self.local(otherwise)

    def _stays(self, target: str) -> bool:
        if not target.startswith("/") or target.startswith(("//", "/\\")):
            return False
        if not target.isascii() or not target.isprintable() or "\\" in target or " " in target:
            return False
        path = target.partition("?")[0].partition("#")[0]
        if ".." in path.split("/") or "%" in path:
            return False
        return path == self.root_path or path.startswith(f"{self.root_path}/")


@cache
def _endings(issuer: str) -> tuple[str, ...]:
    """An issuer's path and what is left of it behind each segment: ``/a/b``, ``/b``."""
    segments = Urls(issuer).root_path.split("/")[1:]
    return tuple("/" + "/".join(segments[at:]) for at in range(len(segments)))
