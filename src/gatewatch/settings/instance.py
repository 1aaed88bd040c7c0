"""What this installation is: where it keeps things, its key, its first administrator."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from gatewatch.kernel.secrets import Secret
from gatewatch.settings.declare import Setting
from gatewatch.settings.forms import EMAIL, KEY, PATH, secret_text
from gatewatch.settings.generated import generated
from gatewatch.settings.passwords import PASSWORD_MAX_LENGTH, PASSWORD_MIN_LENGTH


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceSettings:
    """This installation."""

    data_dir: Annotated[
        Path,
        Setting(
            "GATEWATCH_DATA_DIR",
            PATH,
            "Where files are kept: the SQLite database, the audit spool, generated secrets.",
        ),
    ] = Path("var")
    secret_key: Annotated[
        Secret,
        Setting(
            "GATEWATCH_SECRET_KEY",
            KEY,
            "Seals what the database must not show, such as private signing keys. Every node of an "
            "installation needs the same one, and without it a backup cannot be used.",
            default=generated("secret_key"),
            secret=True,
        ),
    ]
    admin_email: Annotated[
        str,
        Setting(
            "GATEWATCH_ADMIN_EMAIL",
            EMAIL,
            "The address of the first administrator, made when there is none.",
        ),
    ] = "admin@localhost"
    admin_password: Annotated[
        Secret | None,
        Setting(
            "GATEWATCH_ADMIN_PASSWORD",
            secret_text(PASSWORD_MIN_LENGTH, PASSWORD_MAX_LENGTH),
            "The password of the first administrator; else one is generated and printed once.",
            secret=True,
        ),
    ] = None
