"""Secrets that are made at first use and kept in the data directory."""

import os
from pathlib import Path

from gatewatch.kernel.secrets import Secret, SystemEntropy, url_token
from gatewatch.settings.declare import Derived, Known, Source
from gatewatch.settings.forms import KEY


def generated(file_name: str) -> Derived[Secret]:
    """A default that is drawn once and kept in ``<data_dir>/<file_name>``, for its owner alone."""

    def derive(known: Known) -> Secret:
        path: Path = known["GATEWATCH_DATA_DIR"] / file_name
        try:
            kept = _kept(path)
        except OSError as error:
            raise ValueError(
                f"{path} cannot be made or read ({error.strerror}); run this as the user who runs "
                "the server, or give this variable, or a GATEWATCH_DATA_DIR that can be written"
            ) from None
        try:
            return KEY.read(kept)
        except ValueError:
            raise ValueError(f"{path} is damaged; put it back from a backup") from None

    return Derived(f"generated into `<GATEWATCH_DATA_DIR>/{file_name}`", derive, Source.GENERATED)


def _kept(path: Path) -> str:
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _make(path)
    return path.read_text("utf-8", "replace").strip()


def _make(path: Path) -> None:
    """Write a whole file and then give it its name: of many processes, all read the same one."""
    draft = path.with_name(f".{path.name}.{url_token(SystemEntropy(), 8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(url_token(SystemEntropy()) + "\n")
            file.flush()
            os.fsync(file.fileno())
        path.hardlink_to(draft)
    except FileExistsError:
        return
    finally:
        draft.unlink()
