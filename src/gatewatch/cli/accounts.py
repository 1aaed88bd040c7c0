"""``gatewatch accounts``: who may sign in."""

import sys
from argparse import ArgumentParser, Namespace
from getpass import getpass
from typing import Any

from gatewatch.cli.operator import operator, services
from gatewatch.cli.output import Output
from gatewatch.cli.paging import rows
from gatewatch.identity.accounts.rules import Account, Role
from gatewatch.identity.accounts.service import Accounts
from gatewatch.kernel.errors import Refusal
from gatewatch.kernel.ids import AccountId
from gatewatch.kernel.time import rfc3339


def register(parser: ArgumentParser) -> None:
    """Declare the command's parts."""
    parts = parser.add_subparsers(required=True, metavar="WHAT")
    create_parser = parts.add_parser("create", help="create an account")
    create_parser.add_argument("--email", required=True)
    create_parser.add_argument("--username")
    create_parser.add_argument("--display-name")
    create_parser.add_argument("--role", choices=[role.value for role in Role], default="user")
    create_parser.add_argument(
        "--password-stdin", action="store_true", help="read the password from standard input"
    )
    create_parser.set_defaults(run=create)
    list_parser = parts.add_parser("list", help="list accounts, the newest first")
    list_parser.add_argument("--after", metavar="ID", help="go on behind this account")
    list_parser.add_argument("--limit", type=rows, default=50)
    list_parser.set_defaults(run=list_all)
    for name, run in (("disable", disable), ("enable", enable)):
        part = parts.add_parser(name, help=f"{name} an account")
        part.add_argument("--email", required=True, help="email or username")
        part.set_defaults(run=run)


async def create(arguments: Namespace, output: Output) -> int:
    """Create an account that signs in with a password."""
    password = _password(from_stdin=arguments.password_stdin)
    async with services() as server:
        account = await server.passwords.register(
            arguments.email,
            password,
            role=Role(arguments.role),
            username=arguments.username,
            display_name=arguments.display_name,
            by=operator(),
        )
    output.item(_shown(account))
    return 0


async def list_all(arguments: Namespace, output: Output) -> int:
    """List accounts."""
    after = AccountId(arguments.after) if arguments.after else None
    async with services() as server:
        accounts = await server.accounts.page(after, arguments.limit)
    output.table([_shown(account) for account in accounts], empty="There are no accounts.")
    return 0


async def disable(arguments: Namespace, output: Output) -> int:
    """Shut an account out, and end its sessions and tokens."""
    async with services() as server:
        account = await _named(server.accounts, arguments.email)
        output.item(_shown(await server.accounts.disable(account.id, by=operator())))
    return 0


async def enable(arguments: Namespace, output: Output) -> int:
    """Let a disabled account sign in again."""
    async with services() as server:
        account = await _named(server.accounts, arguments.email)
        output.item(_shown(await server.accounts.enable(account.id, by=operator())))
    return 0


async def _named(accounts: Accounts, identifier: str) -> Account:
    account = await accounts.by_identifier(identifier)
    if account is None:
        raise Refusal("not_found", f"There is no account {identifier}.")
    return account


def _password(*, from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\n")
    if not sys.stdin.isatty():
        raise Refusal("invalid_input", "Give the password with --password-stdin.")
    password = getpass("Password: ")
    if getpass("Again: ") != password:
        raise Refusal("invalid_input", "The two passwords differ.")
    return password


def _shown(account: Account) -> dict[str, Any]:
    return {
        "id": account.id,
        "email": account.email,
        "username": account.username,
        "display_name": account.display_name,
        "role": account.role.value,
        "status": account.status.value,
        "created_at": rfc3339(account.created_at),
    }
