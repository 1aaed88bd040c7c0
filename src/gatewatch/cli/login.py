"""``gatewatch login``: signs this terminal in by the device grant (RFC 8628)."""

import asyncio
import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

import httpx
import msgspec
import segno

from gatewatch.cli.output import Output
from gatewatch.kernel.errors import Refusal
from gatewatch.kernel.time import stopwatch
from gatewatch.protocol.requests import DEVICE_CODE

CLIENT_ID: Final = "gatewatch-cli"
"""The public client that every gatewatch server has built in."""

SCOPE: Final = "openid profile email offline_access"

SLOW_DOWN_SECONDS: Final = 5
"""How much longer to wait after each slow_down (RFC 8628 section 3.5)."""

REQUEST_SECONDS: Final = 15.0

QR_BORDER: Final = 2
"""Light modules around the code; four are the rule, and two are read as well."""

LONGEST_PAUSE_SECONDS: Final = 60.0
"""Between two polls of a server that does not answer: doubled until then (RFC 8628 section 3.5)."""

BUSY: Final = 429

Answer = TypeVar("Answer")


class Metadata(msgspec.Struct):
    """What is needed of a server's metadata (RFC 8414 section 2, RFC 8628 section 4)."""

    issuer: str
    device_authorization_endpoint: str
    token_endpoint: str


class Prompt(msgspec.Struct):
    """The answer of the device authorization endpoint (RFC 8628 section 3.2)."""

    device_code: str
    user_code: str
    verification_uri: str
    expires_in: int
    verification_uri_complete: str | None = None
    interval: int = 5


def register(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("server", help="the server's address, such as http://localhost:8080")
    parser.add_argument("--client-id", default=CLIENT_ID, help="which program signs in")
    parser.add_argument("--scope", default=SCOPE, help="what it may do")
    parser.add_argument("--no-qr", action="store_true", help="print no QR code")
    parser.add_argument(
        "--save", type=Path, default=None, metavar="FILE", help="where to keep the tokens"
    )
    parser.set_defaults(run=run)


async def run(arguments: Namespace, output: Output) -> int:
    """Sign in, and keep the tokens."""
    issuer = _address(arguments.server)
    path = arguments.save or _default_path(issuer)
    _prepare(path)
    agent = {"user-agent": f"gatewatch/{version('gatewatch')}"}
    async with httpx.AsyncClient(timeout=REQUEST_SECONDS, headers=agent) as http:
        server = await Server.discover(http, issuer)
        prompt = await server.ask(arguments.client_id, arguments.scope)
        _show(prompt, output, with_qr=not arguments.no_qr)
        tokens = await server.wait(arguments.client_id, prompt, output)
    _keep(path, tokens)
    if output.as_json:
        output.item(tokens)
    output.remark(f"Signed in. The tokens are in {path}, readable by you alone.")
    return 0


@dataclass(frozen=True, slots=True)
class Server:
    """An authorization server, found by its metadata (RFC 8414)."""

    http: httpx.AsyncClient
    metadata: Metadata

    @staticmethod
    async def discover(http: httpx.AsyncClient, issuer: str) -> "Server":
        """Read the server's metadata.

        Raises:
            Refusal: when there is no such server, or it names another issuer.
        """
        parts = urlsplit(issuer)
        well_known = f"{parts.scheme}://{parts.netloc}/.well-known/oauth-authorization-server"
        answer = await _call(http, "GET", well_known + parts.path)
        metadata = _read(answer, Metadata)
        if metadata is None:
            raise Refusal(
                "not_found",
                f"{issuer} has no metadata for signing in a terminal (HTTP {answer.status_code}); "
                "is it a gatewatch server?",
            )
        if metadata.issuer != issuer:
            raise Refusal(
                "conflict", f"{issuer} calls itself {metadata.issuer}; use that address instead."
            )
        return Server(http, metadata)

    async def ask(self, client_id: str, scope: str) -> Prompt:
        """Ask for a code.

        Raises:
            Refusal: when the server gives none.
        """
        answer = await _call(
            self.http,
            "POST",
            self.metadata.device_authorization_endpoint,
            {"client_id": client_id, "scope": scope},
        )
        prompt = _read(answer, Prompt)
        if prompt is None:
            raise Refusal("access_denied", f"The server gave no code: {_reason(answer)}")
        return prompt

    async def wait(self, client_id: str, prompt: Prompt, output: Output) -> dict[str, Any]:
        """Poll until a person has decided, also while the server is away for a time.

        Raises:
            Refusal: when they denied it, or the code expired.
        """
        form = {
            "grant_type": DEVICE_CODE,
            "device_code": prompt.device_code,
            "client_id": client_id,
        }
        expired = Refusal("expired_token", "The code expired. Run the command again.")
        end = stopwatch() + prompt.expires_in
        interval = pause = float(prompt.interval)
        while stopwatch() < end:
            await asyncio.sleep(pause)
            answer = await self._poll(form)
            if answer is None:
                if pause == interval:
                    output.remark("The server does not answer just now. Still waiting.")
                pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
                continue
            match _body(answer):
                case {"access_token": str()} as tokens:
                    return tokens
                case {"error": "authorization_pending"}:
                    pass
                case {"error": "slow_down"}:
                    interval += SLOW_DOWN_SECONDS
                case {"error": "access_denied"}:
                    raise Refusal("access_denied", "It was denied in the browser.")
                case {"error": "expired_token"}:
                    raise expired
                case _:
                    raise Refusal("server_error", f"The server refused: {_reason(answer)}")
            pause = interval
        raise expired

    async def _poll(self, form: Mapping[str, str]) -> httpx.Response | None:
        """The answer, unless the server is away or has no time."""
        try:
            answer = await self.http.post(self.metadata.token_endpoint, data=form)
        except httpx.HTTPError:
            return None
        return None if answer.is_server_error or answer.status_code == BUSY else answer


async def _call(
    http: httpx.AsyncClient, method: str, url: str, form: Mapping[str, str] | None = None
) -> httpx.Response:
    try:
        return await http.request(method, url, data=form)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Refusal(
            "temporarily_unavailable",
            f"{url} cannot be reached: {str(error) or type(error).__name__}",
        ) from error


def _show(prompt: Prompt, output: Output, *, with_qr: bool) -> None:
    link = prompt.verification_uri_complete or prompt.verification_uri
    qr = segno.make(link, error="l")
    if with_qr and not output.as_json and _is_drawable(qr):
        qr.terminal(out=sys.stderr, compact=True, border=QR_BORDER)
    output.remark("To sign in, open this link in a browser:")
    output.remark(f"\n    {link}\n")
    output.remark(f"and make sure that it shows this code:\n\n    {prompt.user_code}\n")
    output.remark(f"Waiting. The code is good for {_duration(prompt.expires_in)}.")


def _is_drawable(qr: segno.QRCode) -> bool:
    """Whether the terminal has the room, and the signs to draw with."""
    try:
        "\u2580\u2584\u2588".encode(sys.stderr.encoding)
    except UnicodeEncodeError:
        return False
    try:
        columns = os.get_terminal_size(sys.stderr.fileno()).columns
    except OSError:
        return True
    return columns == 0 or columns >= qr.symbol_size(border=QR_BORDER)[0]


def _duration(seconds: int) -> str:
    return f"{seconds // 60} minutes" if seconds >= 120 else f"{seconds} seconds"  # noqa: PLR2004


def _read(answer: httpx.Response, form: type[Answer]) -> Answer | None:
    """What a server that did as it was asked answers; None for anything else."""
    try:
        return msgspec.json.decode(answer.content, type=form) if answer.is_success else None
    except msgspec.DecodeError:
        return None


def _body(answer: httpx.Response) -> dict[str, Any]:
    try:
        return msgspec.json.decode(answer.content, type=dict[str, Any])
    except msgspec.DecodeError:
        return {}


def _reason(answer: httpx.Response) -> str:
    body = _body(answer)
    told = body.get("error_description") or body.get("error")
    return str(told or f"HTTP {answer.status_code}")


def _address(text: str) -> str:
    try:
        parts = urlsplit(text)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        raise Refusal(
            "invalid_input", f"{text!r} is no address; give one such as http://localhost:8080."
        )
    return text.rstrip("/")


def _default_path(server: str) -> Path:
    name = "".join(letter if letter.isalnum() else "-" for letter in urlsplit(server).netloc)
    return Path.home() / ".config" / "gatewatch" / f"{name}.json"


def _prepare(path: Path) -> None:
    """See that tokens can be kept there, before anybody approves them."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        possible = os.access(path.parent, os.W_OK | os.X_OK) and not path.is_dir()
    except OSError:
        possible = False
    if not possible:
        raise Refusal(
            "invalid_input", f"{path} cannot be written; name a file that can with --save."
        )


def _keep(path: Path, tokens: Mapping[str, Any]) -> None:
    """Write the tokens to a file that only its owner can read, whole or not at all."""
    draft = path.with_name(f".{path.name}.new")
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(msgspec.json.encode(tokens))
    draft.replace(path)
