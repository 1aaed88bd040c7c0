import stat
import subprocess
import sys
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest

from gatewatch.kernel.errors import ConfigurationError
from gatewatch.kernel.secrets import Secret
from gatewatch.settings import LogFormat, MetricsAccess, Settings, SigningAlgorithm, Source

KEY = "0123456789abcdefghijklmnopqrstuvwxyz"


@pytest.fixture
def load(tmp_path):
    def _load(**environ):
        return Settings.load({"GATEWATCH_DATA_DIR": str(tmp_path)} | environ, tmp_path / ".env")

    return _load


def problems_of(load, **environ):
    with pytest.raises(ConfigurationError) as caught:
        load(**environ)
    return caught.value.problems


def test_without_anything_set_it_is_a_server_on_this_machine(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings = Settings.load({})
    assert Path("var") == settings.instance.data_dir
    assert Secret("sqlite:///var/gatewatch.db") == settings.database.url
    assert settings.web.issuer == "http://localhost:8080"
    assert SigningAlgorithm.ES256 is settings.tokens.signing_algorithm
    assert timedelta(minutes=15) == settings.tokens.access_expiry
    assert timedelta(days=90) == settings.audit.retention
    assert MetricsAccess.OPEN is settings.telemetry.metrics
    assert LogFormat.JSON is settings.telemetry.log_format


def test_every_setting_is_read(load):
    settings = load(
        GATEWATCH_ISSUER="https://auth.example.com/base/",
        GATEWATCH_TRUSTED_PROXIES="10.0.0.0/8, 2001:db8::1",
        GATEWATCH_SIGNING_ALGORITHM="eddsa",
        ENABLE_AUDIT_LOGGING="No",
        AUDIT_LOG_RETENTION="P30D",
        GATEWATCH_DATABASE_URL="postgresql://me:pw@db/auth?sslmode=require",
        GATEWATCH_REDIS_URL="rediss://:pw@cache:6379/1",
        GATEWATCH_LOG="info,gatewatch=debug,sqlalchemy=warn",
    )
    assert settings.web.issuer == "https://auth.example.com/base"
    assert (ip_network("10.0.0.0/8"), ip_network("2001:db8::1")) == settings.web.trusted_proxies
    assert SigningAlgorithm.EDDSA is settings.tokens.signing_algorithm
    assert settings.audit.enabled is False
    assert timedelta(days=30) == settings.audit.retention
    shown = {each.variable: each.value for each in settings.shown()}
    assert shown["GATEWATCH_DATABASE_URL"] == "postgresql://me:***@db/auth?***"
    assert shown["GATEWATCH_REDIS_URL"] == "rediss://:***@cache:6379/1"
    assert "pw@" not in repr(settings)


def test_the_environment_wins_over_the_file_and_each_source_is_known(load, tmp_path):
    (tmp_path / ".env").write_text("GATEWATCH_PORT=81\nGATEWATCH_WORKERS=2\nUNRELATED=1\n")
    (tmp_path / "key").write_text(KEY + "\n")
    settings = load(GATEWATCH_PORT="82", GATEWATCH_SECRET_KEY_FILE=str(tmp_path / "key"))
    assert settings.web.port == 82
    assert settings.web.workers == 2
    assert Secret(KEY) == settings.instance.secret_key
    sources = settings.sources
    assert Source.ENVIRONMENT is sources["GATEWATCH_PORT"]
    assert Source.DOTENV is sources["GATEWATCH_WORKERS"]
    assert Source.NAMED_FILE is sources["GATEWATCH_SECRET_KEY"]
    assert Source.DEFAULT is sources["GATEWATCH_HOST"]


def test_every_mistake_is_told_at_once_with_its_shape_and_its_fix(load):
    assert problems_of(
        load,
        GATEWATCH_ISUER="x",
        GATEWATCH_XYZZY="x",
        GATEWATCH_SECRET_KEY="hunter2",
        GATEWATCH_PORT="eighty",
        AUDIT_LOG_RETENTION="90d",
        GATEWATCH_REFRESH_EXPIRY_SECS="5",
    ) == [
        "GATEWATCH_ISUER is not a setting; did you mean GATEWATCH_ISSUER?",
        "GATEWATCH_XYZZY is not a setting; take it away.",
        (
            "GATEWATCH_SECRET_KEY (environment) is 7 letters and digits; give at least 32 random "
            "characters, such as from: openssl rand -base64 48."
        ),
        "GATEWATCH_PORT (environment) is 'eighty', 6 letters; give a whole number from 0 to 65535.",
        (
            "AUDIT_LOG_RETENTION (environment) is '90d', 3 letters and digits; give a duration, "
            "such as 1h30m or PT90M."
        ),
        "GATEWATCH_ACCESS_EXPIRY_SECS is longer than GATEWATCH_REFRESH_EXPIRY_SECS; give it less.",
    ]


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("GATEWATCH_ISSUER", "http://auth.example.com"),
        ("GATEWATCH_ISSUER", "https://auth.example.com?"),
        ("GATEWATCH_ISSUER", "https://auth.example.com#x"),
        ("GATEWATCH_ISSUER", "https://me@auth.example.com"),
        ("GATEWATCH_ISSUER", "https://auth example.com"),
        ("GATEWATCH_ISSUER", "HTTPS://auth.example.com"),
        ("GATEWATCH_ISSUER", "https://Auth.example.com"),
        ("GATEWATCH_ISSUER", "https://auth.example.com:443"),
        ("GATEWATCH_ISSUER", "https://auth.example.com:99999"),
        ("GATEWATCH_ISSUER", "auth.example.com"),
        ("GATEWATCH_DATABASE_URL", "mysql://db/auth"),
        ("GATEWATCH_DATABASE_URL", "postgresql://db"),
        ("GATEWATCH_DATABASE_URL", "sqlite:///:memory:"),
        ("GATEWATCH_DATABASE_SCHEMA", "a-b"),
        ("GATEWATCH_DATABASE_SCHEMA", "schéma"),
        ("GATEWATCH_REDIS_URL", "http://cache"),
        ("GATEWATCH_SECRET_KEY", "a" * 64),
        ("GATEWATCH_ADMIN_PASSWORD", "short"),
        ("GATEWATCH_ADMIN_EMAIL", "admin"),
        ("GATEWATCH_TRUSTED_PROXIES", "10.0.0.1/8"),
        ("GATEWATCH_LOG", "loud"),
        ("GATEWATCH_LOG", "info,=debug"),
        ("GATEWATCH_METRICS", "public"),
        ("ENABLE_AUDIT_LOGGING", "perhaps"),
        ("GATEWATCH_WORKERS", "0"),
        ("GATEWATCH_WORKERS", "-1"),
        ("GATEWATCH_WORKERS", "²"),
    ],
)
def test_a_value_that_cannot_work_is_refused(load, variable, value):
    (problem,) = problems_of(load, **{variable: value})
    assert problem.startswith(f"{variable} (environment) is ")


@pytest.mark.parametrize("text", [" WARN , my-app=debug", "gatewatch::routes=trace", "off,"])
def test_what_the_log_understands_may_be_set(load, text):
    assert text == load(GATEWATCH_LOG=text).telemetry.log


@pytest.mark.parametrize("host", ["localhost", "127.8.8.8", "[::1]", "auth.localhost"])
def test_an_issuer_on_this_machine_may_be_plain_http(load, host):
    assert f"http://{host}:8080" == load(GATEWATCH_ISSUER=f"http://{host}:8080/").web.issuer


def test_the_value_of_a_secret_is_in_no_message(load, tmp_path):
    secrets = {
        "GATEWATCH_SECRET_KEY": "hunter2",
        "GATEWATCH_ADMIN_PASSWORD": "hunter2",
        "GATEWATCH_METRICS_TOKEN": "hunter2",
        "GATEWATCH_DATABASE_URL": "hunter2",
        "GATEWATCH_REDIS_URL": "hunter2",
    }
    told = problems_of(load, **secrets)
    assert len(secrets) == len(told)
    assert "hunter2" not in "".join(told)


@pytest.mark.parametrize(
    ("content", "words"), [(None, "cannot be read"), (b"", "empty"), (b"\xff", "not text")]
)
def test_a_secret_file_that_cannot_be_used_is_told(load, tmp_path, content, words):
    if content is not None:
        (tmp_path / "key").write_bytes(content)
    (problem,) = problems_of(load, GATEWATCH_SECRET_KEY_FILE=str(tmp_path / "key"))
    assert words in problem


def test_a_secret_given_twice_is_told(load):
    (problem,) = problems_of(
        load, GATEWATCH_SECRET_KEY=KEY, GATEWATCH_SECRET_KEY_FILE="/run/secrets/key"
    )
    assert (
        problem
        == "GATEWATCH_SECRET_KEY and GATEWATCH_SECRET_KEY_FILE are both set; give one of them."
    )


def test_an_empty_value_is_no_value(load):
    assert load(GATEWATCH_PORT="", GATEWATCH_SECRET_KEY_FILE="").web.port == 8080


def test_what_kubernetes_sets_beside_a_service_is_left_alone(load):
    settings = load(
        GATEWATCH_SERVICE_HOST="10.0.0.1",
        GATEWATCH_SERVICE_PORT_HTTP="8080",
        GATEWATCH_PORT="tcp://10.0.0.1:8080",
        GATEWATCH_PORT_8080_TCP_ADDR="10.0.0.1",
    )
    assert settings.web.port == 8080


def test_a_generated_key_is_kept_for_its_owner_alone(load, tmp_path):
    first = load()
    assert Source.GENERATED is first.sources["GATEWATCH_SECRET_KEY"]
    assert first.instance.secret_key == load().instance.secret_key
    assert stat.S_IMODE((tmp_path / "secret_key").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["secret_key"]


def test_a_key_file_that_was_cut_short_is_told(load, tmp_path):
    (tmp_path / "secret_key").write_text("")
    (problem,) = problems_of(load)
    assert problem.endswith("is damaged; put it back from a backup.")


def test_processes_that_start_at_once_agree_on_the_key(tmp_path):
    program = (
        "import sys; from gatewatch.settings import Settings; "
        "print(Settings.of(data_dir=sys.argv[1]).instance.secret_key.reveal())"
    )
    started = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path / "new")],
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(6)
    ]
    keys = {process.communicate()[0] for process in started}
    assert len(keys) == 1
    assert len(keys.pop().strip()) == 43


def test_metrics_beyond_this_machine_want_a_token(load):
    telemetry = load(GATEWATCH_HOST="0.0.0.0").telemetry
    assert MetricsAccess.BEARER is telemetry.metrics
    assert telemetry.metrics_token is not None
    behind_a_proxy = load(GATEWATCH_ISSUER="https://auth.example.com").telemetry
    assert MetricsAccess.BEARER is behind_a_proxy.metrics
    assert load().telemetry.metrics_token is None


def test_settings_in_code_are_checked_like_any_other(tmp_path):
    settings = Settings.of(
        data_dir=tmp_path,
        issuer="https://auth.example.com",
        access_expiry_secs=timedelta(minutes=5),
        enable_audit_logging=False,
        trusted_proxies=(ip_network("10.0.0.0/8"),),
        GATEWATCH_SECRET_KEY=Secret(KEY),
        log_format=LogFormat.TEXT,
    )
    assert timedelta(minutes=5) == settings.tokens.access_expiry
    assert settings.audit.enabled is False
    assert Source.CODE is settings.sources["GATEWATCH_ISSUER"]
    with pytest.raises(ConfigurationError) as caught:
        Settings.of(data_dir=tmp_path, colour="red", port="eighty")
    assert len(caught.value.problems) == 2


def test_what_an_application_gives_counts_where_nobody_says_otherwise(load, tmp_path):
    (tmp_path / ".env").write_text("GATEWATCH_PORT=8090\n")
    defaults = {"port": "8070", "issuer": "http://localhost:8000/auth", "log": "debug"}
    environ = {"GATEWATCH_DATA_DIR": str(tmp_path), "GATEWATCH_LOG": "warn"}
    settings = Settings.load(environ, tmp_path / ".env", **defaults)
    assert settings.web.issuer == "http://localhost:8000/auth"
    assert settings.web.port == 8090
    assert settings.telemetry.log == "warn"
    assert Source.CODE is settings.sources["GATEWATCH_ISSUER"]
    assert Source.DOTENV is settings.sources["GATEWATCH_PORT"]
    assert Source.ENVIRONMENT is settings.sources["GATEWATCH_LOG"]
    with pytest.raises(ConfigurationError) as caught:
        Settings.load(environ, None, colour="red", issuer="localhost")
    assert len(caught.value.problems) == 2
