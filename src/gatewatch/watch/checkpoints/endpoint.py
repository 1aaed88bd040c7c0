"""GET /audit/checkpoint, /audit/checkpoint/{size} and /audit/key, for anybody to keep."""

from dataclasses import dataclass
from typing import Final

from gatewatch.audit.proofs import Proofs
from gatewatch.http.request import Request
from gatewatch.http.response import Header, Response
from gatewatch.kernel.errors import Refusal

_TEXT: Final[Header] = (b"content-type", b"text/plain; charset=utf-8")
_AGE: Final[Header] = (b"cache-control", b"public, max-age=2")
"""Seconds between two checkpoints, about."""

_SIZE_DIGITS: Final = 18


@dataclass(frozen=True, slots=True)
class CheckpointEndpoint:
    """Shows what was signed over the audit log; it says how long the log is, and nothing of it."""

    proofs: Proofs

    async def newest(self, _request: Request) -> Response:
        """The newest signed checkpoint (C2SP tlog-checkpoint)."""
        return _note(await self.proofs.checkpoint())

    async def at(self, request: Request) -> Response:
        """The checkpoint that was signed when the newest tree had so many leaves."""
        size = request.parameters["size"]
        asked = size.isascii() and size.isdecimal() and len(size) <= _SIZE_DIGITS
        return _note(await self.proofs.checkpoint(int(size)) if asked else None)

    async def key(self, _request: Request) -> Response:
        """The public key, as C2SP's verifiers take it, under the name of the newest tree."""
        keys = await self.proofs.keys()
        return _note(f"{keys[-1]}\n" if keys else None)


def _note(text: str | None) -> Response:
    if text is None:
        raise Refusal("not_found", "There is no such checkpoint.")
    return Response(200, text.encode(), (_TEXT, _AGE))
