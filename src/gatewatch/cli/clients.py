"""``gatewatch clients``: programs that may ask for tokens."""

from argparse import ArgumentParser, Namespace
from typing import Any

from gatewatch.catalogue.outcomes import GrantType
from gatewatch.cli.operator import operator, services
from gatewatch.cli.output import Output
from gatewatch.cli.paging import rows
from gatewatch.kernel.errors import Refusal
from gatewatch.kernel.ids import ClientId
from gatewatch.kernel.time import rfc3339
from gatewatch.oauth.clients.rules import Client, ClientType, Registration
from gatewatch.oauth.clients.service import Clients
from gatewatch.protocol.scopes import parse_scope, scope_text


def register(parser: ArgumentParser) -> None:
    """Declare the command's parts."""
    parts = parser.add_subparsers(required=True, metavar="WHAT")
    create_parser = parts.add_parser("create", help="register a client")
    create_parser.add_argument("--name", required=True)
    create_parser.add_argument("--type", choices=[kind.value for kind in ClientType], required=True)
    create_parser.add_argument(
        "--grant",
        action="append",
        required=True,
        choices=[grant.value for grant in GrantType],
        help="what it may use; may be repeated",
    )
    create_parser.add_argument("--scope", default="", help="what it may ask for, space-separated")
    create_parser.add_argument(
        "--redirect-uri", action="append", default=[], help="where it is sent back to"
    )
    create_parser.add_argument("--client-id", help="an id of your own choice")
    create_parser.set_defaults(run=create)
    list_parser = parts.add_parser("list", help="list clients")
    list_parser.add_argument("--after", metavar="ID", help="go on behind this client")
    list_parser.add_argument("--limit", type=rows, default=50)
    list_parser.set_defaults(run=list_all)
    for name, run in (("disable", disable), ("enable", enable)):
        part = parts.add_parser(name, help=f"{name} a client")
        part.add_argument("client_id", metavar="CLIENT_ID")
        part.set_defaults(run=run)


async def create(arguments: Namespace, output: Output) -> int:
    """Register a client; its secret is printed now and never again."""
    scope = parse_scope(arguments.scope)
    if scope is None:
        raise Refusal("invalid_input", "A scope is words of printable ASCII, parted by spaces.")
    wanted = Registration(
        name=arguments.name,
        type=ClientType(arguments.type),
        grant_types=tuple(GrantType(grant) for grant in dict.fromkeys(arguments.grant)),
        scope=scope,
        redirect_uris=tuple(arguments.redirect_uri),
        client_id=ClientId(arguments.client_id) if arguments.client_id else None,
    )
    async with services() as server:
        registered = await server.clients.create(wanted, by=operator())
    secret = registered.secret.reveal() if registered.secret else None
    output.item({**_shown(registered.client), "client_secret": secret})
    if secret:
        output.remark("Keep the secret now: it is not shown again.")
    return 0


async def list_all(arguments: Namespace, output: Output) -> int:
    """List clients."""
    after = ClientId(arguments.after) if arguments.after else None
    async with services() as server:
        clients = await server.clients.page(after=after, size=arguments.limit)
    output.table([_shown(client) for client in clients], empty="There are no clients.")
    return 0


async def disable(arguments: Namespace, output: Output) -> int:
    """Put a client out of use, and its tokens with it."""
    async with services() as server:
        await server.clients.disable(ClientId(arguments.client_id), by=operator())
        output.item(await _found(server.clients, arguments.client_id))
    return 0


async def enable(arguments: Namespace, output: Output) -> int:
    """Put a disabled client back into use."""
    async with services() as server:
        await server.clients.enable(ClientId(arguments.client_id), by=operator())
        output.item(await _found(server.clients, arguments.client_id))
    return 0


async def _found(clients: Clients, client_id: str) -> dict[str, Any]:
    client = await clients.by_id(ClientId(client_id))
    if client is None:
        raise Refusal("not_found", f"There is no client {client_id}.")
    return _shown(client)


def _shown(client: Client) -> dict[str, Any]:
    return {
        "client_id": client.id,
        "name": client.name,
        "type": client.type.value,
        "status": client.status.value,
        "grant_types": [grant.value for grant in client.grant_types],
        "scope": scope_text(client.scope),
        "redirect_uris": list(client.redirect_uris),
        "created_at": rfc3339(client.created_at),
    }
