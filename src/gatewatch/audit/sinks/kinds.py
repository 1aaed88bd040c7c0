"""The kinds of sink: what each is told by an operator, and how each is made."""

import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, urlsplit
from uuid import UUID

from gatewatch.audit.formats import Format
from gatewatch.audit.sinks.datadog import INTAKE, DatadogSink
from gatewatch.audit.sinks.elastic import INDEX, ElasticSink
from gatewatch.audit.sinks.file import FileSink
from gatewatch.audit.sinks.otlp import OtlpSink
from gatewatch.audit.sinks.port import Sink
from gatewatch.audit.sinks.post import Endpoint, Poster
from gatewatch.audit.sinks.rules import SinkPlan
from gatewatch.audit.sinks.splunk import SplunkSink
from gatewatch.audit.sinks.syslog import LOG_AUDIT, Receiver, SyslogSink
from gatewatch.audit.sinks.tls import context
from gatewatch.audit.sinks.webhook import WebhookSink
from gatewatch.catalogue.outcomes import SinkKind
from gatewatch.kernel.errors import ConfigurationError, Refusal
from gatewatch.kernel.secrets import Entropy, Secret, url_token
from gatewatch.kernel.time import Clock

SECRET: Final = "secret"  # noqa: S105 - the name of a member, not a secret
"""The member of a sink's secrets that its receiver knows it by."""
CERTIFICATE: Final = "certificate"
HEADER: Final = "header:"
"""Goes before the name of a header that is shown to the receiver."""

SYSLOG_PORTS: Final = {"tcp": 601, "tls": 6514}
"""Ports of syslog over TCP (RFC 6587, IANA) and TLS (RFC 5425), unless the URL has one."""

_FACILITIES: Final = range(24)


@dataclass(frozen=True, slots=True)
class Kind:
    """What makes a kind of sink."""

    schemes: frozenset[str]
    """Of its URL; none for a path."""
    form: Format
    """The format, unless another is asked for."""
    forms: frozenset[Format]
    options: frozenset[str]
    address: str | None = None
    """Where it is unless an address is given."""
    has_secret: bool = True
    needs_secret: bool = False


_WEB: Final = frozenset({"http", "https"})
_ALL: Final = frozenset(Format)
_OBJECTS: Final = _ALL - {Format.CEF}

KINDS: Final[Mapping[SinkKind, Kind]] = {
    SinkKind.FILE: Kind(frozenset(), Format.NATIVE, _ALL, frozenset(), has_secret=False),
    SinkKind.SYSLOG: Kind(
        frozenset(SYSLOG_PORTS),
        Format.NATIVE,
        _ALL,
        frozenset({"facility", "authorities"}),
        has_secret=False,
    ),
    SinkKind.WEBHOOK: Kind(_WEB, Format.NATIVE, _ALL, frozenset({"authorities"})),
    SinkKind.SPLUNK: Kind(
        _WEB, Format.NATIVE, _ALL, frozenset({"index", "authorities"}), needs_secret=True
    ),
    SinkKind.ELASTICSEARCH: Kind(_WEB, Format.ECS, _OBJECTS, frozenset({"index", "authorities"})),
    SinkKind.DATADOG: Kind(
        _WEB,
        Format.NATIVE,
        _ALL,
        frozenset({"tags", "authorities"}),
        address=INTAKE,
        needs_secret=True,
    ),
    SinkKind.OTLP: Kind(_WEB, Format.NATIVE, _ALL, frozenset({"authorities"})),
}


def settled(plan: SinkPlan, entropy: Entropy, clock: Clock) -> SinkPlan:
    """A plan that can be carried out, with a secret made for a webhook that has none.

    Raises:
        Refusal: invalid_input, naming what cannot be.
    """
    kind = KINDS[plan.kind]
    if plan.form not in kind.forms:
        raise _refused(f"A sink of kind {plan.kind} cannot be told in {plan.form}.")
    for option in plan.options:
        if option not in kind.options:
            raise _refused(f"A sink of kind {plan.kind} has no {option}.")
    secrets = dict(plan.secrets)
    if not kind.has_secret and SECRET in secrets:
        raise _refused(f"A sink of kind {plan.kind} has no secret.")
    if plan.kind is SinkKind.WEBHOOK:
        secrets.setdefault(SECRET, Secret(url_token(entropy)))
    if kind.needs_secret and SECRET not in secrets:
        raise _refused(f"A sink of kind {plan.kind} needs its token: give --secret-file.")
    chosen = replace(plan, address=_address(plan.address or kind.address, kind), secrets=secrets)
    try:
        make(chosen, "", clock)
    except ConfigurationError as error:
        raise _refused(error.problems[0]) from error
    return chosen


def make(plan: SinkPlan, sink_id: str, clock: Clock) -> Sink:
    """Make the sink of a plan, connected to nothing yet.

    Raises:
        ConfigurationError: its certificates cannot be used.
    """
    return _MAKERS[plan.kind](plan, sink_id, clock)


def _file(plan: SinkPlan, _sink_id: str, _clock: Clock) -> Sink:
    return FileSink(Path(plan.address))


def _syslog(plan: SinkPlan, _sink_id: str, _clock: Clock) -> Sink:
    url = urlsplit(plan.address)
    port = url.port or SYSLOG_PORTS[url.scheme]
    tls = _tls(plan) if url.scheme == "tls" else None
    facility = plan.options.get("facility", LOG_AUDIT)
    return SyslogSink(Receiver(url.hostname or "", port, tls), facility)


def _webhook(plan: SinkPlan, _sink_id: str, clock: Clock) -> Sink:
    return WebhookSink(_poster(plan), plan.secrets[SECRET], clock)


def _splunk(plan: SinkPlan, sink_id: str, _clock: Clock) -> Sink:
    poster = _poster(plan, authorization=f"Splunk {_secret(plan)}")
    channel = str(UUID(hex=sink_id.rpartition("_")[2].rjust(32, "0")))
    return SplunkSink(poster, plan.address, channel, plan.options.get("index"))


def _elastic(plan: SinkPlan, _sink_id: str, _clock: Clock) -> Sink:
    shown = {"authorization": f"ApiKey {_secret(plan)}"} if SECRET in plan.secrets else {}
    return ElasticSink(_poster(plan, **shown), plan.address, plan.options.get("index", INDEX))


def _datadog(plan: SinkPlan, _sink_id: str, _clock: Clock) -> Sink:
    return DatadogSink(_poster(plan, **{"dd-api-key": _secret(plan)}), plan.options.get("tags", ""))


def _otlp(plan: SinkPlan, _sink_id: str, _clock: Clock) -> Sink:
    shown = {"authorization": f"Bearer {_secret(plan)}"} if SECRET in plan.secrets else {}
    return OtlpSink(_poster(plan, **shown), plan.address)


_MAKERS: Final[Mapping[SinkKind, Callable[[SinkPlan, str, Clock], Sink]]] = {
    SinkKind.FILE: _file,
    SinkKind.SYSLOG: _syslog,
    SinkKind.WEBHOOK: _webhook,
    SinkKind.SPLUNK: _splunk,
    SinkKind.ELASTICSEARCH: _elastic,
    SinkKind.DATADOG: _datadog,
    SinkKind.OTLP: _otlp,
}


def _poster(plan: SinkPlan, **shown: str) -> Poster:
    given = {
        name.removeprefix(HEADER): value.reveal()
        for name, value in plan.secrets.items()
        if name.startswith(HEADER)
    }
    tls = _tls(plan) if plan.address.startswith("https:") else None
    return Poster(Endpoint(plan.address, {"user-agent": "gatewatch", **shown, **given}, tls))


def _secret(plan: SinkPlan) -> str:
    return plan.secrets[SECRET].reveal()


def _tls(plan: SinkPlan) -> ssl.SSLContext:
    certificate = plan.secrets.get(CERTIFICATE)
    return context(
        plan.options.get("authorities"), None if certificate is None else certificate.reveal()
    )


def _address(given: str | None, kind: Kind) -> str:
    if not given:
        raise _refused("Say where the sink is, with --url.")
    if not kind.schemes:
        if not Path(given).is_absolute():
            raise _refused("The path of the file begins with a slash.")
        return given
    url = urlsplit(given)
    if url.scheme not in kind.schemes or not _host(url):
        schemes = " or ".join(f"{scheme}://" for scheme in sorted(kind.schemes))
        raise _refused(f"The address begins with {schemes} and names a host.")
    if url.username is not None or url.password is not None:
        raise _refused("There is a password in the address: give it with --header or --secret.")
    return given


def _host(url: SplitResult) -> bool:
    try:
        return bool(url.hostname) and (url.port is None or url.port > 0)
    except ValueError:
        return False


def facility(number: int) -> int:
    """A syslog facility (RFC 5424 section 6.2.1).

    Raises:
        Refusal: there is none of this number.
    """
    if number not in _FACILITIES:
        raise _refused("A facility is a number from 0 to 23.")
    return number


def _refused(why: str) -> Refusal:
    return Refusal("invalid_input", why)
