"""``gatewatch login``: signs this terminal in by the device grant (RFC 8628)."""

import asyncio
import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
import msgspec
import segno

from gatewatch.cli.output import Output
from gatewatch.kernel.errors import Refusal
from gatewatch.protocol.requests import DEVICE_CODE

CLIENT_ID: Final = "gatewatch-cli"
"""The public client that every gatewatch server has built in."""

SCOPE: Final = "openid profile email offline_access"

SLOW_DOWN_SECONDS: Final = 5
"""How much longer to wait after each slow_down (RFC 8628 section 3.5)."""

REQUEST_SECONDS: Final = 15.0


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
    async with httpx.AsyncClient(timeout=REQUEST_SECONDS) as http:
        server = await Server.discover(http, arguments.server.rstrip("/"))
        prompt = await server.ask(arguments.client_id, arguments.scope)
        _show(prompt, output, with_qr=not arguments.no_qr)
        tokens = await server.wait(arguments.client_id, prompt)
    path = _keep(arguments.save or _default_path(arguments.server), tokens)
    if output.as_json:
        output.item(tokens)
    output.remark(f"Signed in. The tokens are in {path}, readable by you alone.")
    return 0


@dataclass(frozen=True, slots=True)
class Server:
    """An authorization server, found by its metadata (RFC 8414)."""

    http: httpx.AsyncClient
    metadata: Mapping[str, Any]

    @staticmethod
    async def discover(http: httpx.AsyncClient, issuer: str) -> "Server":
        """Read the server's metadata.

        Raises:
            Refusal: when there is no such server, or it names another issuer.
        """
        parts = urlsplit(issuer)
        well_known = f"{parts.scheme}://{parts.netloc}/.well-known/oauth-authorization-server"
        answer = await _call(http, "GET", well_known + parts.path)
        if answer.status_code != httpx.codes.OK:
            raise Refusal("not_found", f"{issuer} has no OAuth metadata; is it a gatewatch server?")
        metadata = answer.json()
        if metadata.get("issuer") != issuer:
            raise Refusal(
                "conflict",
                f"{issuer} calls itself {metadata.get('issuer')}; use that address instead.",
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
            self.metadata["device_authorization_endpoint"],
            {"client_id": client_id, "scope": scope},
        )
        if answer.status_code != httpx.codes.OK:
            raise Refusal("access_denied", f"The server gave no code: {_reason(answer)}")
        return msgspec.json.decode(answer.content, type=Prompt)

    async def wait(self, client_id: str, prompt: Prompt) -> dict[str, Any]:
        """Poll until a person has decided.

        Raises:
            Refusal: when they denied it, or the code expired.
        """
        form = {
            "grant_type": DEVICE_CODE,
            "device_code": prompt.device_code,
            "client_id": client_id,
        }
        interval = prompt.interval
        while True:
            await asyncio.sleep(interval)
            answer = await _call(self.http, "POST", self.metadata["token_endpoint"], form)
            if answer.status_code == httpx.codes.OK:
                tokens: dict[str, Any] = answer.json()
                return tokens
            match answer.json().get("error"):
                case "authorization_pending":
                    continue
                case "slow_down":
                    interval += SLOW_DOWN_SECONDS
                case "access_denied":
                    raise Refusal("access_denied", "It was denied in the browser.")
                case "expired_token":
                    raise Refusal("expired_token", "The code expired. Run the command again.")
                case _:
                    raise Refusal("server_error", f"The server refused: {_reason(answer)}")


async def _call(
    http: httpx.AsyncClient, method: str, url: str, form: Mapping[str, str] | None = None
) -> httpx.Response:
    try:
        return await http.request(method, url, data=form)
    except httpx.HTTPError as error:
        raise Refusal(
            "temporarily_unavailable",
            f"{url} cannot be reached: {str(error) or type(error).__name__}",
        ) from error


def _show(prompt: Prompt, output: Output, *, with_qr: bool) -> None:
    link = prompt.verification_uri_complete or prompt.verification_uri
    if with_qr and not output.as_json:
        segno.make(link, error="l").terminal(out=sys.stderr, compact=True, border=2)
    output.remark("To sign in, open this link in a browser:")
    output.remark(f"\n    {link}\n")
    output.remark(f"and make sure that it shows this code:\n\n    {prompt.user_code}\n")
    output.remark(f"Waiting. The code is good for {prompt.expires_in // 60} minutes.")


def _reason(answer: httpx.Response) -> str:
    try:
        body = answer.json()
    except ValueError:
        return f"HTTP {answer.status_code}"
    return str(body.get("error_description") or body.get("error") or answer.status_code)


def _default_path(server: str) -> Path:
    name = "".join(letter if letter.isalnum() else "-" for letter in urlsplit(server).netloc)
    return Path.home() / ".config" / "gatewatch" / f"{name}.json"


def _keep(path: Path, tokens: Mapping[str, Any]) -> Path:
    """Write the tokens to a file that only its owner can read, whole or not at all."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(msgspec.json.encode(tokens))
    draft.replace(path)
    return path
