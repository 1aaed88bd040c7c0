"""``gatewatch doctor``: whether everything is as it should be, and what to do if not."""

import stat
from argparse import ArgumentParser, Namespace
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

from gatewatch.auth import Auth
from gatewatch.backends.database import migrate
from gatewatch.cli.output import Output
from gatewatch.http.urls import Urls
from gatewatch.kernel.errors import ConfigurationError, Outage
from gatewatch.settings import Settings

REQUEST_SECONDS: Final = 5.0

_REACH_IT: Final = (
    "start the server, or set GATEWATCH_ISSUER to the address that it is reached at; whatever "
    "serves the root of that host must pass this path on"
)

_MIGRATE: Final = "gatewatch migrate up"

_MEND_IT: Final = (
    "see that it runs, has room on its disk, and is where GATEWATCH_DATABASE_URL or "
    "GATEWATCH_REDIS_URL says"
)

_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found; `fix` only if something is wrong."""

    found: str
    fix: str | None = None


Check = Callable[[Settings], Awaitable[Finding]]


def register(parser: ArgumentParser) -> None:
    """Declare the command's arguments: there are none."""
    parser.set_defaults(run=run)


async def run(_arguments: Namespace, output: Output) -> int:
    """Run every check; 1 when one of them found something wrong."""
    settings = Settings.load()
    findings = [await _outcome(check(settings)) for check in CHECKS.values()]
    rows = [
        {
            "check": name,
            "status": "wrong" if finding.fix else "ok",
            "found": finding.found,
            "fix": finding.fix,
        }
        for name, finding in zip(CHECKS, findings, strict=True)
    ]
    output.table(rows, empty="nothing to check")
    return 1 if any(finding.fix for finding in findings) else 0


async def _outcome(finding: Awaitable[Finding]) -> Finding:
    try:
        return await finding
    except Outage as outage:
        return Finding(f"the {outage}", _MEND_IT)
    except ConfigurationError as error:
        return Finding("cannot work", " ".join(error.problems))
    except OSError as error:
        return Finding(str(error), "see that the data directory has room, and is this user's")


async def data_dir(settings: Settings) -> Finding:
    """Only the server's own user may read what is kept there."""
    path = settings.instance.data_dir
    exposed = [each for each in (path, *path.glob("*")) if _is_exposed(each)]
    if not exposed:
        return Finding(f"{path} is private")
    names = " ".join(str(each) for each in exposed)
    return Finding("others can read it", f"chmod go= {names}")


async def migrations(settings: Settings) -> Finding:
    """The tables are those of this release."""
    pending = _pending(settings)
    return Finding(f"{pending} pending", _MIGRATE) if pending else Finding("up to date")


async def secret_key(settings: Settings) -> Finding:
    """The key is the one that the database was made with, and everything opens."""
    if _pending(settings):  # to open is to migrate, which who only looks does not want
        return Finding("not opened while migrations are pending", _MIGRATE)
    async with Auth(settings) as auth:
        findings = await auth.services.health.check()
    if findings.healthy:
        return Finding("open")
    silent = "session cache" if findings.database else "database"
    return Finding(f"the {silent} does not answer", _MEND_IT)


async def metadata(settings: Settings) -> Finding:
    """Clients find the server at its issuer, and it calls itself by that name."""
    urls = Urls(settings.web.issuer)
    first = await _calls_itself(urls.issuer, urls.absolute("/.well-known/openid-configuration"))
    if first.fix or not urls.root_path:
        return first
    return await _calls_itself(urls.issuer, urls.origin + urls.metadata_path)


async def _calls_itself(issuer: str, url: str) -> Finding:
    try:
        async with httpx.AsyncClient(timeout=REQUEST_SECONDS) as http:
            answer = await http.get(url)
        named = answer.raise_for_status().json().get("issuer")
    except httpx.HTTPStatusError as error:
        return Finding(f"{url} answers {error.response.status_code}", _REACH_IT)
    except (httpx.HTTPError, ValueError) as error:
        why = str(error) or type(error).__name__
        return Finding(f"{url} does not answer: {why}", _REACH_IT)
    if named == issuer:
        return Finding(f"{issuer} answers")
    return Finding(f"{issuer} calls itself {named}", "set GATEWATCH_ISSUER on both alike")


CHECKS: Final[dict[str, Check]] = {
    "data directory": data_dir,
    "migrations": migrations,
    "database and secret key": secret_key,
    "issuer": metadata,
}
"""By name, in the order that one needs the other."""


def _pending(settings: Settings) -> int:
    database = settings.database
    return len(migrate.status(database.url.reveal(), database.schema).pending)


def _is_exposed(path: Path) -> bool:
    return path.exists() and bool(path.stat().st_mode & _OTHERS)
