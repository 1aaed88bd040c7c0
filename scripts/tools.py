"""Have Chromium, promtool, wrk and the like at hand, without root and without touching the system.

    python3 scripts/tools.py              unpack what is missing, say what could not be had
    python3 scripts/tools.py --strict     the same, and exit 1 if anything could not be had
    python3 scripts/tools.py --where wrk  print the path of one tool

A tool on the PATH is used as it is. Otherwise its Debian package and those of its dependencies
that the system lacks are fetched with apt's own signatures checked, into a private apt state,
and unpacked below .tools/, where .tools/bin/<tool> starts it with its own libraries and fonts.
Nothing is installed, no package's script is run, and deleting .tools undoes it all.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
TOOLS = Path(os.environ.get("GATEWATCH_TOOLS") or HERE / ".tools")
FONTS = ("fonts-dejavu-core", "fonts-liberation")


@dataclass(frozen=True)
class Tool:
    """A program, and the packages it is unpacked from."""

    name: str
    needed_for: str
    packages: tuple[str, ...]
    program: str  # below the folder that its packages are unpacked in
    version: tuple[str, ...] = ("--version",)
    aliases: tuple[str, ...] = ()  # other names that it has on a PATH
    alone: bool = False  # a static program: its package's dependencies are other things
    keep: tuple[str, ...] = ()  # of a package with much else in it, keep these paths only
    library: str = ""  # it is no program but this library, for programs from elsewhere

    @property
    def recipe(self) -> str:
        """Changes when this tool would be unpacked otherwise."""
        return hashlib.sha256(json.dumps(asdict(self)).encode()).hexdigest()[:16]

    @property
    def folder(self) -> Path:
        return TOOLS / self.name

    @property
    def launcher(self) -> Path:
        return TOOLS / "bin" / self.name


ALL = (
    Tool(
        name="chromium",
        needed_for="tests that drive a browser",
        packages=("chromium", *FONTS),
        program="usr/lib/chromium/chromium",
        aliases=("chromium-browser", "google-chrome"),
    ),
    Tool(
        # Node, as in Playwright's and the bench's wheels, wants it; a small system has it not.
        # The launcher runs the command it is given: .tools/bin/node-libraries node bench.js
        name="node-libraries",
        needed_for="Playwright's driver and the bench's peers",
        packages=("libatomic1",),
        program="",
        library="libatomic.so.1",
    ),
    Tool(
        name="promtool",
        needed_for="checks of metrics, rules and alerts",
        packages=("prometheus",),
        program="usr/bin/promtool",
        alone=True,
        keep=("usr/bin/promtool", "usr/share/doc/prometheus/copyright"),
    ),
    Tool(
        name="wrk",
        needed_for="make bench",
        packages=("wrk",),
        program="usr/bin/wrk",
        version=("-v",),
    ),
)


class CannotHaveError(Exception):
    """Why a tool cannot be had, in a sentence for whoever reads the test run."""


def installed(tool: Tool) -> Path | None:
    """Return where the system has it."""
    if tool.library:
        with contextlib.suppress(OSError):
            ctypes.CDLL(tool.library)
            return Path(tool.library)
        return None
    for name in (tool.name, *tool.aliases):
        found = shutil.which(name)
        if found and answers(tool, Path(found)):
            return Path(found)
    return None


def unpacked(tool: Tool) -> Path | None:
    """Return where we have it, if it is of this recipe and still runs."""
    stamp = tool.folder / "recipe"
    current = stamp.is_file() and stamp.read_text() == tool.recipe
    return tool.launcher if current and answers(tool, tool.launcher) else None


def answers(tool: Tool, path: Path) -> str:
    """Return the first line a program says of its version; empty if it does not run."""
    if tool.library:
        if path.name == tool.library:
            return tool.library
        return tool.library if list(tool.folder.rglob(tool.library)) else ""
    try:
        run = subprocess.run(
            [path, *tool.version],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=60,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    # wrk -v ends with 1 after it has said its version; a missing library is 127
    lines = [line for line in run.stdout.splitlines() if any(ch.isdigit() for ch in line)]
    return lines[0].strip() if lines and run.returncode in {0, 1} else ""


class Apt:
    """apt-get over a private state: no root, no locks, the system's sources and keys."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.updated = False
        for folder in ("lists/partial", "archives/partial", "log"):
            (home / folder).mkdir(parents=True, exist_ok=True)
        self.options = [
            *("-o", f"Dir::State={home}"),
            *("-o", f"Dir::State::lists={home}/lists"),
            *("-o", f"Dir::State::extended_states={home}/extended_states"),
            *("-o", "Dir::State::status=/var/lib/dpkg/status"),
            *("-o", f"Dir::Cache={home}"),
            *("-o", f"Dir::Cache::archives={home}/archives"),
            *("-o", f"Dir::Log={home}/log"),
            *("-o", "Debug::NoLocking=true"),
            *("-o", "APT::Sandbox::User=root"),
            *("-o", "APT::Install-Recommends=false"),
            *("-o", "Acquire::Languages=none"),
            *("-o", "Acquire::Retries=2"),
            *("-o", "Acquire::http::Timeout=30"),
            *("-o", "Acquire::https::Timeout=30"),
        ]

    def run(self, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["apt-get", *self.options, "-q", "-y", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            cwd=cwd,
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"},
            check=False,
        )

    def fetch(self, tool: Tool) -> list[Path]:
        """Download a tool's packages and return the files."""
        if not self.updated:
            # One dead source among the system's is no matter as long as the packages are found.
            self.run("update")
            self.updated = True
        archives = self.home / "archives"
        for old in archives.glob("*.deb"):
            old.unlink()
        if tool.alone:
            got = self.run("download", *tool.packages, cwd=archives)
        else:
            got = self.run("install", "--download-only", "--reinstall", *tool.packages)
        files = sorted(archives.glob("*.deb"))
        if got.returncode or not files:
            reasons = [line for line in got.stdout.splitlines() if line.startswith("E:")]
            raise CannotHaveError(f"apt-get: {(reasons or ['it fetched no package'])[0]}")
        return files


def unpack(tool: Tool, apt: Apt) -> None:
    """Unpack a tool's packages and write its launcher."""
    fresh = TOOLS / f"{tool.name}.new"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    for package in apt.fetch(tool):
        # A newer C library than the running one cannot be put beside it.
        if package.name.startswith(("libc6_", "libc-bin_")):
            continue
        done = subprocess.run(
            ["dpkg-deb", "--extract", package, fresh], capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise CannotHaveError(f"{package.name} does not unpack: {done.stderr.strip()}")
        package.unlink()
    if tool.keep:
        keep_only(fresh, tool.keep)
    for junk in ("usr/share/doc-base", "usr/share/man", "usr/share/lintian"):
        shutil.rmtree(fresh / junk, ignore_errors=True)
    (fresh / "recipe").write_text(tool.recipe)
    shutil.rmtree(tool.folder, ignore_errors=True)
    fresh.rename(tool.folder)
    write_launcher(tool)
    if not answers(tool, tool.launcher):
        raise CannotHaveError(f"it was unpacked but does not start{missing_libraries(tool)}")


def keep_only(folder: Path, paths: tuple[str, ...]) -> None:
    """Delete every file but these."""
    kept = {folder / path for path in paths}
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir() and not path.is_symlink():
            if not any(path.iterdir()):
                path.rmdir()
        elif path not in kept:
            path.unlink()


def library_folders(tool: Tool) -> list[str]:
    """Return the folders, relative to the tool's, that the loader has to look in."""
    roots = [tool.folder / "usr/lib", tool.folder / "lib"]
    folders = {
        library.parent.relative_to(tool.folder)
        for root in roots
        for library in root.rglob("lib*.so*")
        # the program's own folder is on its own path; modules are loaded by their users
        if library.parent.name not in {"chromium", "gconv", "dri", "gbm"}
    }
    return sorted(str(folder) for folder in folders)


def write_launcher(tool: Tool) -> None:
    """Write .tools/bin/<tool>, which works wherever the folder is moved to."""
    folders = ":".join(f"$root/{folder}" for folder in library_folders(tool))
    lines = ["#!/bin/sh", "# written by scripts/tools.py"]
    lines.append(f'root=$(cd "$(dirname "$(readlink -f "$0")")/.." && pwd)/{tool.name}')
    if folders:
        lines.append(f'export LD_LIBRARY_PATH="{folders}${{LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}}"')
    if (tool.folder / "usr/share/fonts").is_dir():
        write_fonts(tool)
        lines.append('export FONTCONFIG_FILE="$root/fonts.conf"')
        lines.append('export XDG_DATA_DIRS="$root/usr/share:${XDG_DATA_DIRS:-/usr/share}"')
        lines.append("export CHROME_WRAPPER=$0")
    lines.append(f'exec "$root/{tool.program}" "$@"' if tool.program else 'exec "$@"')
    tool.launcher.parent.mkdir(parents=True, exist_ok=True)
    tool.launcher.write_text("\n".join(lines) + "\n")
    tool.launcher.chmod(0o755)


def write_fonts(tool: Tool) -> None:
    """Write a fontconfig file that knows our fonts and the system's."""
    (tool.folder / "fonts.conf").write_text(
        """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<!-- written by scripts/tools.py -->
<fontconfig>
  <dir prefix="relative">usr/share/fonts</dir>
  <dir>/usr/share/fonts</dir>
  <cachedir prefix="xdg">fontconfig</cachedir>
  <alias><family>sans-serif</family><prefer><family>DejaVu Sans</family></prefer></alias>
  <alias><family>serif</family><prefer><family>DejaVu Serif</family></prefer></alias>
  <alias><family>monospace</family><prefer><family>DejaVu Sans Mono</family></prefer></alias>
  <alias><family>system-ui</family><prefer><family>DejaVu Sans</family></prefer></alias>
  <alias binding="same"><family>Arial</family>
    <accept><family>Liberation Sans</family></accept></alias>
  <alias binding="same"><family>Helvetica</family>
    <accept><family>Liberation Sans</family></accept></alias>
  <alias binding="same"><family>Times New Roman</family>
    <accept><family>Liberation Serif</family></accept></alias>
  <alias binding="same"><family>Courier New</family>
    <accept><family>Liberation Mono</family></accept></alias>
</fontconfig>
"""
    )


def missing_libraries(tool: Tool) -> str:
    """Return which libraries a program would not find, for the message."""
    ldd = shutil.which("ldd")
    if not ldd:
        return ""
    folders = ":".join(str(tool.folder / folder) for folder in library_folders(tool))
    run = subprocess.run(
        [ldd, tool.folder / tool.program],
        env={**os.environ, "LD_LIBRARY_PATH": folders},
        capture_output=True,
        text=True,
        check=False,
    )
    missing = sorted({line.split()[0] for line in run.stdout.splitlines() if "not found" in line})
    return f"; it lacks {', '.join(missing)}" if missing else ""


def have(tool: Tool, apt: Apt | None) -> tuple[Path, str]:
    """Return a tool's path and how we come by it, unpacking it if need be."""
    if path := installed(tool):
        return path, "installed"
    if path := unpacked(tool):
        return path, "unpacked before"
    if apt is None:
        raise CannotHaveError("this system has no apt-get and dpkg-deb to unpack it with")
    print(f"  {tool.name:<14} unpacking into {relative(tool.folder)} ...", flush=True)
    try:
        unpack(tool, apt)
    except OSError as error:
        raise CannotHaveError(str(error)) from error
    return tool.launcher, "unpacked"


def relative(path: Path) -> str:
    return str(path.relative_to(HERE)) if path.is_relative_to(HERE) else str(path)


def where(name: str) -> int:
    """Print a tool's path, if it is there."""
    for tool in ALL:
        if tool.name == name and (path := installed(tool) or unpacked(tool)):
            print(path)
            return 0
    print(f"{name} is not here: make tools", file=sys.stderr)
    return 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--strict", action="store_true", help="exit 1 if a tool cannot be had")
    parser.add_argument("--where", metavar="TOOL", help="print the path of one tool")
    parser.add_argument("tools", nargs="*", metavar="TOOL", help="only these")
    arguments = parser.parse_args()
    if arguments.where:
        return where(arguments.where)
    unknown = set(arguments.tools) - {tool.name for tool in ALL}
    if unknown:
        parser.error(f"no such tool: {', '.join(sorted(unknown))}")

    TOOLS.mkdir(parents=True, exist_ok=True)
    lost: list[tuple[Tool, str]] = []
    with (TOOLS / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # one at a time: two test runs may start together
        can_unpack = shutil.which("apt-get") and shutil.which("dpkg-deb")
        apt = Apt(TOOLS / "apt") if can_unpack else None
        print("tools:")
        for tool in ALL:
            if arguments.tools and tool.name not in arguments.tools:
                continue
            try:
                path, how = have(tool, apt)
            except CannotHaveError as reason:
                lost.append((tool, str(reason)))
                continue
            print(f"  {tool.name:<14} {answers(tool, path)} ({how}: {relative(path)})")
    for tool, reason in lost:
        print(f"NOT HAD: {tool.name}, for {tool.needed_for}: {reason}", file=sys.stderr)
    return 1 if lost and arguments.strict else 0


if __name__ == "__main__":
    sys.exit(main())
