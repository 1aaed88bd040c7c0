"""What gatewatch itself spends on a request: no socket, no HTTP parser, one process.

    python bench/micro_requests.py                                  # on SQLite
    python bench/micro_requests.py --url postgresql://... --only token
    python bench/micro_requests.py --only token --profile           # where it goes

Microseconds of this process's CPU per request, its commit thread included; 64 callers at a time.
The server, the socket and the bare app's work come on top of it.
"""

import argparse
import asyncio
import base64
import collections
import contextlib
import cProfile
import io
import itertools
import pstats
import statistics
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlencode

import uvloop

from gatewatch.auth import Auth
from gatewatch.backends.database import Change
from gatewatch.backends.telemetry.logs import configure
from gatewatch.catalogue.outcomes import GrantType, LoginMethod
from gatewatch.kernel.actor import NOWHERE, Actor
from gatewatch.kernel.ids import ClientId, family_id
from gatewatch.oauth.clients.rules import AuthenticatedClient, ClientType, Registration
from gatewatch.oauth.tokens.rules import Grant
from gatewatch.settings import LogFormat, Settings

CALLERS = 64
CODES = 4000
BENCH = Actor.operator("bench")
TELEVISION = ClientId("gatewatch-cli")
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
HEADERS = [(b"host", b"127.0.0.1:8080"), (b"user-agent", b"wrk/4.2.0")]


def form(**fields):
    return urlencode(fields).encode()


class Case:
    """Requests of one kind, and what becomes of the answers."""

    def __init__(self, method, path, *, headers=(), bodies=None, status=200):
        self.method, self.path, self.status = method, path, status
        self.headers = [*HEADERS, *headers]
        self.bodies = bodies or itertools.repeat(b"")

    async def send(self, app):
        body = next(self.bodies)
        headers = self.headers
        if isinstance(body, tuple):  # a header that differs from request to request
            headers, body = [*headers, body], b""
        if body:
            headers = [*headers, (b"content-length", b"%d" % len(body))]
        answer = [None, None]

        async def receive():
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message):
            if message["type"] == "http.response.start":
                answer[0] = message["status"]
            else:
                answer[1] = message["body"]

        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": self.method,
            "scheme": "http",
            "path": self.path,
            "raw_path": self.path.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": headers,
            "client": ("127.0.0.1", 45678),
            "server": ("127.0.0.1", 8080),
            "state": {},
        }
        await app(scope, receive, send)
        assert answer[0] == self.status, answer
        return answer[1]


class Following(Case):
    """Refreshes: each takes the refresh token that another was answered with."""

    FORM = form(grant_type="refresh_token", client_id=TELEVISION, refresh_token="")

    def __init__(self, tokens, **shape):
        super().__init__("POST", "/oauth/token", **shape)
        self.tokens = collections.deque(token.encode() for token in tokens)

    async def send(self, app):
        self.bodies = itertools.repeat(self.FORM + self.tokens.popleft())
        answer = await super().send(app)
        self.tokens.append(answer.partition(b'"refresh_token":"')[2].partition(b'"')[0])


async def cases(services):
    """Each kind of request, by the names of the big bench."""
    wanted = Registration(
        "bench", ClientType.CONFIDENTIAL, (GrantType.CLIENT_CREDENTIALS,), ("read",)
    )
    made = await services.clients.create(wanted, by=BENCH)
    service = AuthenticatedClient(made.client)
    basic = base64.b64encode(f"{made.client.id}:{made.secret.reveal()}".encode())
    typed = (b"content-type", b"application/x-www-form-urlencoded")
    known = (typed, (b"authorization", b"Basic " + basic))
    issued = [await services.tokens.client_credentials(service, None, NOWHERE) for _ in range(100)]
    asked = itertools.cycle([form(token=each.access_token) for each in issued])
    codes = itertools.cycle(await device_codes(services))
    cookies = itertools.cycle([b"gatewatch_at=" + each for each in await sessions(services)])
    return {
        "health": Case("GET", "/health"),
        "token": Case(
            "POST",
            "/oauth/token",
            headers=known,
            bodies=itertools.repeat(form(grant_type="client_credentials")),
        ),
        "refresh": Following(await refresh_tokens(services), headers=(typed,)),
        "device": Case("POST", "/oauth/token", headers=(typed,), bodies=codes, status=400),
        "introspect": Case("POST", "/oauth/introspect", headers=known, bodies=asked),
        "session": Case("GET", "/v1/auth/session", bodies=((b"cookie", each) for each in cookies)),
    }


async def television(services):
    return AuthenticatedClient(await services.clients.by_id(TELEVISION))


async def device_codes(services):
    client = await television(services)
    started = await asyncio.gather(
        *[services.device.start(client, None, NOWHERE) for _ in range(CODES)]
    )
    return [
        form(grant_type=DEVICE, client_id=TELEVISION, device_code=each.device_code)
        for each in started
    ]


async def refresh_tokens(services):
    client = await television(services)
    account = await services.accounts.by_identifier("admin@localhost")
    tokens = []
    for _ in range(4 * CALLERS):
        now, change = services.clock.now(), Change()
        family = family_id(now, services.entropy)
        grant = Grant(client.id, client.scope, GrantType.DEVICE_CODE, account.id, family, now)
        issued = await services.tokens.issue(change, grant, client, now, NOWHERE)
        await services.database.commit(change)
        tokens.append(issued.refresh_token)
    return tokens


async def sessions(services):
    account = await services.accounts.by_identifier("admin@localhost")
    tokens = []
    for _ in range(32):
        change = Change()
        opened = services.sessions.open(
            change, account, method=LoginMethod.PASSWORD, origin=NOWHERE
        )
        await services.database.commit(change)
        tokens.append(opened.tokens.access_token.encode())
    return tokens


async def fire(app, case, count):
    async def caller(first):
        for _ in range(first, count, CALLERS):
            await case.send(app)
            await asyncio.sleep(0)

    started = time.process_time()
    await asyncio.gather(*[caller(first) for first in range(CALLERS)])
    return (time.process_time() - started) / count * 1e6


async def nothing(_scope, receive, send):
    """The same driver around the least that an application does."""
    await receive()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


async def run(given, folder):
    settings = Settings.load(
        {
            "GATEWATCH_DATA_DIR": str(folder),
            "GATEWATCH_DATABASE_URL": given.url or f"sqlite:///{folder}/gatewatch.db",
            "GATEWATCH_DEVICE_INTERVAL_SECS": "1",
            "GATEWATCH_ADMIN_PASSWORD": "correct-horse-battery",
        },
        None,
    )
    with (folder / "log").open("w") as log:
        configure(settings.telemetry.log, LogFormat.TEXT, log)
        auth = Auth(settings)
        async with auth.lifespan():
            await auth.services.first_start.ensure()
            for name, case in (await cases(auth.services)).items():
                if given.only and name not in given.only:
                    continue
                await fire(auth.asgi(), case, 640)
                with profiled() if given.profile else contextlib.nullcontext():
                    told = await measure(auth.asgi(), case, given)
                print(f"{name:12} {told:7.1f} us", flush=True)


async def measure(app, case, given):
    """Return the microseconds of a request, as they are when the machine has nothing else to do.

    Who shares the machine slows everything by about the same factor, so each round is taken
    beside one of the bare driver, and that at its fastest.
    """
    idle = Case("GET", "/")
    rounds = [
        (await fire(nothing, idle, 6400), await fire(app, case, given.count))
        for _ in range(given.rounds)
    ]
    fastest = min(driver for driver, _ in rounds)
    return fastest * (statistics.median(spent / driver for driver, spent in rounds) - 1)


@contextlib.contextmanager
def profiled():
    profile = cProfile.Profile()
    with profile:
        yield
    told = io.StringIO()
    pstats.Stats(profile, stream=told).sort_stats("tottime").print_stats(45)
    print(told.getvalue())


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", help="a database; a new one on SQLite by default")
    parser.add_argument("--only", action="append", help="this request alone; again")
    parser.add_argument("--count", type=int, default=1280, help="requests in a round")
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--profile", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        uvloop.run(run(given, Path(folder)))


if __name__ == "__main__":
    sys.exit(main())
