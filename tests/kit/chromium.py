"""A real Chromium, driven by Playwright."""

import contextlib
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from playwright.async_api import Browser, async_playwright

from tests.kit.missing import CannotHaveError

ROOT = Path(__file__).resolve().parents[2]

LAUNCH_ARGS = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",  # containers give it 64 MB
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
    "--no-sandbox",  # root may not have one; what we show it is our own
)


def find() -> Path:
    """Return the browser's path: chosen by GATEWATCH_TEST_CHROMIUM, installed, or unpacked."""
    if chosen := os.environ.get("GATEWATCH_TEST_CHROMIUM"):
        return Path(chosen)
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return Path(path)
    unpacked = ROOT / ".tools" / "bin" / "chromium"
    if unpacked.exists():
        return unpacked
    raise CannotHaveError("none is installed or unpacked (make tools says why)")


def version(path: Path) -> str:
    """Return what the browser calls itself, as in `Chromium 156.0.8078.79`."""
    try:
        said = subprocess.run(
            [path, "--version"], capture_output=True, text=True, timeout=60, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise CannotHaveError(f"{path} does not run: {error}") from error
    return " ".join(said.stdout.split()[:2])


@contextlib.contextmanager
def _libraries() -> Iterator[None]:
    """Let Playwright's Node find the libraries that were unpacked because the system has none."""
    folders = [str(path) for path in (ROOT / ".tools" / "node-libraries").glob("usr/lib/*-*")]
    if not folders:
        yield
        return
    before = os.environ.get("LD_LIBRARY_PATH")
    os.environ["LD_LIBRARY_PATH"] = ":".join([*folders, *([before] if before else [])])
    try:
        yield
    finally:
        if before is None:
            del os.environ["LD_LIBRARY_PATH"]
        else:
            os.environ["LD_LIBRARY_PATH"] = before


@contextlib.asynccontextmanager
async def running(path: Path | None = None) -> AsyncIterator[Browser]:
    """Start a browser with a profile of its own and close it afterwards."""
    with _libraries():
        playwright = await async_playwright().start()
    try:
        browser = await playwright.chromium.launch(
            executable_path=path or find(), args=list(LAUNCH_ARGS)
        )
        try:
            yield browser
        finally:
            await browser.close()
    finally:
        await playwright.stop()
