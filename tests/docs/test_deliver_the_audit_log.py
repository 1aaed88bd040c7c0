"""The page on delivery: its code does what it says, and it leaves no kind out."""

import re

from tests.kit.host import ROOT

from gatewatch.audit.formats import Format
from gatewatch.audit.sinks.webhook import signature
from gatewatch.catalogue.metrics import METRICS
from gatewatch.catalogue.outcomes import SinkKind
from gatewatch.kernel.secrets import Secret
from gatewatch.kernel.time import SystemClock, epoch_seconds

PAGE = (ROOT / "docs" / "operate" / "deliver-the-audit-log.md").read_text(encoding="utf-8")


def test_the_receivers_code_tells_a_signature_from_a_forgery():
    (code,) = re.findall(r"^```python\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    page: dict = {}
    exec(code, page)  # noqa: S102 - the page's own code
    is_authentic = page["is_authentic"]
    at = epoch_seconds(SystemClock().now())
    header = f"t={at},v1={signature(Secret('shared'), at, b'[]')}"
    old = f"t={at - 600},v1={signature(Secret('shared'), at - 600, b'[]')}"

    assert is_authentic("shared", header, b"[]")
    assert not is_authentic("another", header, b"[]")
    assert not is_authentic("shared", header, b"[{}]")
    assert not is_authentic("shared", old, b"[]")


def test_every_kind_format_and_metric_is_on_the_page():
    kinds = set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE))
    metrics = set(re.findall(r"`(gatewatch_audit_sink_\w+?)\{", PAGE))
    assert {kind.value for kind in SinkKind} == kinds
    assert {form.value for form in Format} <= set(re.findall(r"`(\w+)`", PAGE))
    known = {metric.name for metric in METRICS if metric.name.startswith("gatewatch_audit_sink")}
    assert metrics == known
