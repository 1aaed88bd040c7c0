"""The HTTP surface as data: every route, its endpoint, and the face its errors have."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from gatewatch.admin.accounts import AccountsAdmin
from gatewatch.admin.audit import Audit
from gatewatch.admin.audit_export import AuditExport
from gatewatch.admin.audit_live import AuditLive
from gatewatch.admin.audit_searches import AuditSearches
from gatewatch.admin.audit_statistics import AuditStatistics
from gatewatch.admin.audit_story import AuditStory
from gatewatch.admin.clients import ClientsAdmin
from gatewatch.backends.telemetry.logs import RequestLog
from gatewatch.backends.telemetry.meter import RequestMeter
from gatewatch.http.client_address import ClientAddress
from gatewatch.http.errors import Errors
from gatewatch.http.routing import UNMATCHED, Endpoint, Face, Route, Router
from gatewatch.http.shell import Shell
from gatewatch.http.static import StaticEndpoint
from gatewatch.identity.login.endpoint import LoginEndpoint
from gatewatch.identity.login.pages import LoginPages
from gatewatch.identity.sessions.endpoint import SessionEndpoint
from gatewatch.identity.sessions.pages import HomePages
from gatewatch.identity.sessions.rules import Via
from gatewatch.oauth.device.endpoint import DeviceAuthorizationEndpoint
from gatewatch.oauth.device.pages import DevicePages
from gatewatch.oauth.discovery.endpoint import Discovery
from gatewatch.oauth.token_endpoint.endpoint import TokenEndpoint
from gatewatch.oauth.tokens.endpoint import (
    IntrospectionEndpoint,
    RevocationEndpoint,
    TokenInfoEndpoint,
)
from gatewatch.services import Services
from gatewatch.settings import MetricsAccess
from gatewatch.watch.checkpoints.endpoint import CheckpointEndpoint
from gatewatch.watch.health.endpoint import HealthEndpoint
from gatewatch.watch.metrics.endpoint import MetricsEndpoint


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table: where, in which shape, and which method of `Endpoints` answers."""

    method: str
    template: str
    face: Face
    endpoint: "Callable[[Endpoints], Endpoint]"


TABLE: Final[tuple[Line, ...]] = (
    # Is it well?
    Line("GET", "/health", Face.PROBLEM, lambda at: at.health.get),
    Line("GET", "/metrics", Face.PROBLEM, lambda at: at.metrics.get),
    # Is the audit log what it was?
    Line("GET", "/audit/checkpoint", Face.PROBLEM, lambda at: at.checkpoint.newest),
    Line("GET", "/audit/checkpoint/{size}", Face.PROBLEM, lambda at: at.checkpoint.at),
    Line("GET", "/audit/key", Face.PROBLEM, lambda at: at.checkpoint.key),
    # OAuth, for programs
    Line("POST", "/oauth/token", Face.OAUTH, lambda at: at.token.post),
    Line("POST", "/oauth/device/code", Face.OAUTH, lambda at: at.device_code.post),
    Line("POST", "/oauth/introspect", Face.OAUTH, lambda at: at.introspection.post),
    Line("POST", "/oauth/revoke", Face.OAUTH, lambda at: at.revocation.post),
    Line("GET", "/oauth/tokeninfo", Face.OAUTH, lambda at: at.tokeninfo.get),
    Line(
        "GET",
        "/.well-known/openid-configuration",
        Face.OAUTH,
        lambda at: at.discovery.configuration,
    ),
    Line(
        "GET",
        "/.well-known/oauth-authorization-server",
        Face.OAUTH,
        lambda at: at.discovery.configuration,
    ),
    Line("GET", "/.well-known/jwks.json", Face.OAUTH, lambda at: at.discovery.keys),
    # Signing in, for applications
    Line("POST", "/v1/auth/login", Face.API, lambda at: at.login.post),
    Line("POST", "/v1/auth/refresh", Face.API, lambda at: at.session.refresh),
    Line("POST", "/v1/auth/logout", Face.API, lambda at: at.session.log_out),
    Line("GET", "/v1/auth/session", Face.API, lambda at: at.session.current),
    Line("GET", "/v1/auth/sessions", Face.API, lambda at: at.session.list),
    Line("DELETE", "/v1/auth/sessions", Face.API, lambda at: at.session.end_everywhere),
    Line("DELETE", "/v1/auth/sessions/{session_id}", Face.API, lambda at: at.session.end),
    # Signing in, for people
    Line("GET", "/", Face.PAGE, lambda at: at.home.page),
    Line("GET", "/login", Face.PAGE, lambda at: at.login_pages.form),
    Line("POST", "/login", Face.PAGE, lambda at: at.login_pages.submit),
    Line("POST", "/logout", Face.PAGE, lambda at: at.login_pages.log_out),
    Line("POST", "/sessions/end-others", Face.PAGE, lambda at: at.home.end_others),
    Line("POST", "/sessions/{session_id}/end", Face.PAGE, lambda at: at.home.end),
    Line("GET", "/device", Face.PAGE, lambda at: at.device_pages.page),
    Line("POST", "/device", Face.PAGE, lambda at: at.device_pages.decide),
    # For administrators
    Line("GET", "/admin", Face.PAGE, lambda at: at.audit.start),
    Line("GET", "/admin/audit", Face.PAGE, lambda at: at.audit.page),
    Line("GET", "/admin/audit/api", Face.PROBLEM, lambda at: at.audit.api),
    Line("GET", "/admin/audit/api/stats", Face.PROBLEM, lambda at: at.audit_statistics.api),
    Line("GET", "/admin/audit/statistics", Face.PAGE, lambda at: at.audit_statistics.page),
    Line("GET", "/admin/audit/export", Face.PROBLEM, lambda at: at.audit_export.export),
    Line(
        "GET",
        "/admin/audit/export/{export_id}/checksum",
        Face.PROBLEM,
        lambda at: at.audit_export.checksum,
    ),
    Line("GET", "/admin/audit/live", Face.PROBLEM, lambda at: at.audit_live.stream),
    Line("GET", "/admin/audit/requests/{request_id}", Face.PAGE, lambda at: at.audit_story.page),
    Line("POST", "/admin/audit/searches", Face.PAGE, lambda at: at.audit_searches.save),
    Line(
        "POST",
        "/admin/audit/searches/{search_id}/remove",
        Face.PAGE,
        lambda at: at.audit_searches.remove,
    ),
    Line("GET", "/admin/audit/{event_id}", Face.PAGE, lambda at: at.audit.event),
    Line("GET", "/admin/accounts", Face.PAGE, lambda at: at.accounts.page),
    Line("POST", "/admin/accounts", Face.PAGE, lambda at: at.accounts.create),
    Line("POST", "/admin/accounts/{account_id}/disable", Face.PAGE, lambda at: at.accounts.disable),
    Line("POST", "/admin/accounts/{account_id}/enable", Face.PAGE, lambda at: at.accounts.enable),
    Line("GET", "/admin/clients", Face.PAGE, lambda at: at.clients.page),
    Line("POST", "/admin/clients", Face.PAGE, lambda at: at.clients.create),
    Line("POST", "/admin/clients/{client_id}/disable", Face.PAGE, lambda at: at.clients.disable),
    Line("POST", "/admin/clients/{client_id}/enable", Face.PAGE, lambda at: at.clients.enable),
    Line("GET", "/static/{name}", Face.PAGE, lambda at: at.static.get),
)
"""Every route there is."""


def templates() -> tuple[str, ...]:
    """The route templates, as metrics are labelled with them."""
    return (*dict.fromkeys(line.template for line in TABLE), UNMATCHED)


def surface(services: Services) -> Shell:
    """Everything over HTTP, as one ASGI callable."""
    endpoints = Endpoints.of(services)
    settings = services.settings
    routes = [
        Route(line.method, line.template, line.endpoint(endpoints), line.face)
        for line in TABLE
        if line.template != "/metrics" or settings.telemetry.metrics is not MetricsAccess.OFF
    ]
    return Shell(
        Router(routes),
        Errors(services.pages.error),
        RequestMeter(services.meter),
        RequestLog(services.clock),
        ClientAddress(settings.web.trusted_proxies),
        services.urls,
        services.clock,
        services.entropy,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoints:
    """One of each endpoint."""

    health: HealthEndpoint
    metrics: MetricsEndpoint
    checkpoint: CheckpointEndpoint
    token: TokenEndpoint
    device_code: DeviceAuthorizationEndpoint
    introspection: IntrospectionEndpoint
    revocation: RevocationEndpoint
    tokeninfo: TokenInfoEndpoint
    discovery: Discovery
    login: LoginEndpoint
    session: SessionEndpoint
    login_pages: LoginPages
    home: HomePages
    device_pages: DevicePages
    audit: Audit
    audit_export: AuditExport
    audit_live: AuditLive
    audit_searches: AuditSearches
    audit_statistics: AuditStatistics
    audit_story: AuditStory
    accounts: AccountsAdmin
    clients: ClientsAdmin
    static: StaticEndpoint

    @classmethod
    def of(cls, services: Services) -> "Endpoints":
        """Hand each endpoint the services it needs."""
        s = services
        page_door = replace(s.door, first=Via.PAGE)
        return cls(
            health=HealthEndpoint(s.health),
            metrics=MetricsEndpoint(s.meter, s.settings.telemetry.metrics_token),
            checkpoint=CheckpointEndpoint(s.proofs),
            token=TokenEndpoint(s.clients, s.tokens, s.device),
            device_code=DeviceAuthorizationEndpoint(s.clients, s.device, s.urls),
            introspection=IntrospectionEndpoint(s.clients, s.tokens, s.urls.issuer),
            revocation=RevocationEndpoint(s.clients, s.tokens),
            tokeninfo=TokenInfoEndpoint(s.tokens, s.urls.issuer),
            discovery=Discovery.of(s.urls, s.keyring, s.settings.tokens.signing_algorithm),
            login=LoginEndpoint(s.login, s.csrf, s.urls),
            session=SessionEndpoint(s.sessions, s.door, s.csrf, s.urls),
            login_pages=LoginPages(
                s.login, s.sessions, page_door, s.pages, s.csrf, s.urls, s.entropy
            ),
            home=HomePages(s.sessions, page_door, s.pages, s.csrf, s.urls),
            device_pages=DevicePages(s.device, page_door, s.pages, s.csrf),
            audit=Audit(s.audit_log, s.saved_searches, page_door, s.pages, s.csrf, s.urls, s.clock),
            audit_export=AuditExport(s.exports, page_door, s.urls, s.clock, s.entropy),
            audit_live=AuditLive(s.audit_log, page_door, s.pages, s.clock),
            audit_searches=AuditSearches(s.saved_searches, page_door, s.urls, s.clock),
            audit_statistics=AuditStatistics(s.audit_log, page_door, s.pages, s.csrf, s.clock),
            audit_story=AuditStory(s.audit_log, page_door, s.pages, s.csrf),
            accounts=AccountsAdmin(s.accounts, s.passwords, page_door, s.pages, s.csrf, s.urls),
            clients=ClientsAdmin(s.clients, page_door, s.pages, s.csrf, s.urls),
            static=StaticEndpoint(),
        )
