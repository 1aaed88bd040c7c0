import json
import logging
import warnings
from datetime import UTC, datetime

import pytest

from gatewatch.backends.telemetry.logs import RequestLog, configure, logger, request_id_var
from gatewatch.kernel.time import FixedClock
from gatewatch.settings.telemetry import LogFormat

UVICORN = logging.getLogger("uvicorn.error")  # noqa: TID251 - what uvicorn itself writes to
CONNECTIONS = logging.getLogger("asyncpg.pool")  # noqa: TID251 - and asyncpg
POOL = logging.getLogger("sqlalchemy.pool")  # noqa: TID251 - and SQLAlchemy
CLOCK = FixedClock(datetime(2026, 2, 8, 10, 0, 0, tzinfo=UTC))
LINE = (200, 0.001234, "192.168.1.1", "GET", "/health", "req_1")


@pytest.fixture
def log(tmp_path):
    """Give a log of our own, and the process's own log back afterwards."""
    root = logging.root
    handlers, level = root.handlers[:], root.level
    root.handlers = []
    with (tmp_path / "log").open("w") as stream:

        def configured(levels="info", form=LogFormat.JSON):
            configure(levels, form, stream)
            return lambda: (tmp_path / "log").read_text().splitlines()

        yield configured
        configure("info", LogFormat.JSON, stream)
    logging.captureWarnings(capture=False)
    UVICORN.parent.setLevel(logging.NOTSET)
    CONNECTIONS.parent.setLevel(logging.NOTSET)
    root.handlers = handlers
    root.setLevel(level)


def test_lines_are_filtered_by_target(log):
    lines = log("warn,gatewatch.audit=debug")
    logger("gatewatch.audit.spool").debug("kept")
    logger("gatewatch.routes").info("left out")
    logger("gatewatch.routes").warning("kept too")
    assert [json.loads(line)["message"] for line in lines()] == ["kept", "kept too"]


def test_a_new_filter_forgets_the_old(log):
    log("off,gatewatch.audit=debug")
    lines = log("info")
    logger("gatewatch.audit").debug("left out")
    logger("gatewatch.audit").info("kept")
    assert [json.loads(line)["message"] for line in lines()] == ["kept"]


def test_off_is_off(log):
    lines = log("off")
    logger("gatewatch").error("left out")
    RequestLog(CLOCK).write(*LINE)
    assert lines() == []


def test_a_filter_that_is_none_is_refused(log):
    with pytest.raises(ValueError, match="loud"):
        log("loud")


def test_every_line_of_a_request_bears_its_id(log):
    lines = log()
    token = request_id_var.set("req_7")
    logger("gatewatch.routes").info("during")
    request_id_var.reset(token)
    logger("gatewatch.routes").info("after")
    during, after = map(json.loads, lines())
    assert during["request_id"] == "req_7"
    assert "request_id" not in after


def test_fields_may_have_any_name(log):
    lines = log()
    logger("gatewatch").error("%s", "told", message="m", name="n", self="s", args=1)
    told = json.loads(lines()[0])
    assert tuple(told[key] for key in ("message", "name", "self", "args")) == ("told", "n", "s", 1)


def test_an_exception_comes_with_its_place(log):
    lines = log()
    try:
        {}["lost"]
    except KeyError:
        logger("gatewatch").exception("fault in %s", "it")
    told = json.loads(lines()[0])
    assert told["message"] == "fault in it"
    assert "KeyError: 'lost'" in told["exception"]


def test_lines_of_libraries_come_out_in_the_same_form(log):
    lines = log()
    UVICORN.info("Started server process [1]")
    UVICORN.warning("Invalid HTTP request received.")
    POOL.warning("the pool is %s", "dry")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("old", DeprecationWarning, stacklevel=1)
    targets = [json.loads(line)["target"] for line in lines()]
    assert targets == ["uvicorn.error", "sqlalchemy.pool", "py.warnings"]


def test_a_connection_pool_does_not_tell_of_each_attempt(log):
    lines = log("info")
    CONNECTIONS.warning("Failed to restore the pool connection floor; retrying")
    assert lines() == []


def test_a_request_leaves_one_line_without_its_query(log):
    lines = log(form=LogFormat.TEXT)
    requests = RequestLog(CLOCK)
    requests.write(*LINE)
    requests.write(303, 0.5, "::1", "POST", "/login?user_code=ABCD-EFGH", "req_2")
    requests.close()
    assert lines() == [
        '[gatewatch] 2026/02/08 - 10:00:00 | 200 | 1.234ms | 192.168.1.1 | GET "/health" | req_1',
        '[gatewatch] 2026/02/08 - 10:00:00 | 303 | 500.000ms | ::1 | POST "/login" | req_2',
    ]


async def test_a_line_written_now_comes_after_those_that_wait(log):
    lines = log()
    RequestLog(CLOCK).write(*LINE)
    assert lines() == []
    logger("gatewatch.routes").info("now")
    assert [json.loads(line)["message"] for line in lines()] == ["request", "now"]


def test_in_a_host_the_lines_go_where_the_host_wants_them(caplog):
    caplog.set_level(logging.INFO, "gatewatch.requests")
    requests = RequestLog(CLOCK)
    requests.write(*LINE)
    requests.close()
    assert caplog.messages == ["200 | 1.234ms | 192.168.1.1 | GET '/health' | req_1"]
