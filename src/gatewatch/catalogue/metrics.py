"""Every number gatewatch exposes."""

from typing import Final

from gatewatch.catalogue.event import Durability, Severity
from gatewatch.catalogue.events.device import (
    DeviceCodeAuthorized,
    DeviceCodeDenied,
    DeviceCodeGenerated,
    DeviceCodeReplayed,
)
from gatewatch.catalogue.events.login import (
    LoggedOut,
    LoginRefused,
    LoginSucceeded,
    RateLimitExceeded,
)
from gatewatch.catalogue.events.sessions import SessionEnded, SessionRefreshReplayed
from gatewatch.catalogue.events.system import WorkerDied
from gatewatch.catalogue.events.tokens import (
    AccessTokenIssued,
    RefreshTokenIssued,
    RefreshTokenReplayed,
    TokenRefreshed,
    TokenRevoked,
)
from gatewatch.catalogue.metric import Count, Counter, Gauge, Histogram, Merge, Metric, Route
from gatewatch.catalogue.outcomes import (
    CacheLookup,
    ClientAuthentication,
    Dependency,
    DeviceDecision,
    DevicePoll,
    DropReason,
    GrantType,
    HttpMethod,
    HttpStatus,
    JobName,
    LoginMethod,
    LoginOutcome,
    RevocationReason,
    SessionCheck,
    SessionEnding,
    SessionRefresh,
    SinkDelivery,
    SinkKind,
    SweptTable,
    ThrottleSubject,
    TokenCheck,
    TokenKind,
    TokenRefresh,
    UserCodeLookup,
    Witness,
    WitnessOutcome,
)

HTTP_REQUESTS: Final = Histogram(
    name="http_server_request_duration_seconds",
    help="How long requests took, from the first byte in to the last byte out.",
    labels={
        "http_request_method": HttpMethod,
        "http_route": Route,
        "http_response_status_code": HttpStatus,
    },
    sparse=True,
)
OUTAGES: Final = Counter(
    name="gatewatch_requests_cut_short_total",
    help="Requests answered 503 because what gatewatch stands on did not answer, by what that was.",
    labels={"dependency": Dependency},
)
LOGINS: Final = Counter(
    name="gatewatch_logins_total",
    help="Attempts to sign in, by how they ended.",
    labels={"method": LoginMethod, "outcome": LoginOutcome},
    counts=(Count(LoginSucceeded), Count(LoginRefused)),
)
THROTTLED: Final = Counter(
    name="gatewatch_rate_limit_exceeded_total",
    help="Attempts refused unseen because too many had failed before, by what was counted.",
    labels={"subject": ThrottleSubject},
    counts=(Count(RateLimitExceeded),),
)
LOGOUTS: Final = Counter(
    name="gatewatch_logouts_total",
    help="Sign-outs by the person signed in.",
    counts=(Count(LoggedOut),),
)
PASSWORD_HASHES: Final = Histogram(
    name="gatewatch_password_hash_duration_seconds",
    help="How long an Argon2id hash took, without the wait for a thread.",
)
PASSWORD_HASH_WAITING: Final = Gauge(
    name="gatewatch_password_hash_waiting",
    help="Password hashes waiting for a thread.",
)
PASSWORD_HASH_TURNED_AWAY: Final = Counter(
    name="gatewatch_password_hash_turned_away_total",
    help="Password hashes not begun because the queue was full; answered 503.",
)
SESSION_CHECKS: Final = Counter(
    name="gatewatch_session_checks_total",
    help="Sessions presented, by what they turned out to be.",
    labels={"outcome": SessionCheck},
)
SESSION_CACHE: Final = Counter(
    name="gatewatch_session_cache_lookups_total",
    help="Look-ups of a session in the session cache.",
    labels={"result": CacheLookup},
)
SESSION_REFRESHES: Final = Counter(
    name="gatewatch_session_refreshes_total",
    help="Refresh tokens of sessions presented, by what they earned.",
    labels={"outcome": SessionRefresh},
)
SESSIONS_ENDED: Final = Counter(
    name="gatewatch_sessions_ended_total",
    help="Sessions ended, by why.",
    labels={"reason": SessionEnding},
    counts=(
        Count(SessionEnded),
        Count(LoggedOut, {"reason": SessionEnding.LOGGED_OUT}),
        Count(SessionRefreshReplayed, {"reason": SessionEnding.REFRESH_REPLAYED}),
    ),
)
CLIENT_AUTHENTICATIONS: Final = Counter(
    name="gatewatch_client_authentications_total",
    help="Clients that presented themselves, by what their credentials earned.",
    labels={"outcome": ClientAuthentication},
)
DEVICE_CODES: Final = Counter(
    name="gatewatch_device_codes_total",
    help="Device codes generated.",
    counts=(Count(DeviceCodeGenerated),),
)
DEVICE_DECISIONS: Final = Counter(
    name="gatewatch_device_decisions_total",
    help="Devices approved and denied by people.",
    labels={"decision": DeviceDecision},
    counts=(
        Count(DeviceCodeAuthorized, {"decision": DeviceDecision.AUTHORIZED}),
        Count(DeviceCodeDenied, {"decision": DeviceDecision.DENIED}),
    ),
)
DEVICE_POLLS: Final = Counter(
    name="gatewatch_device_polls_total",
    help="Polls of the token endpoint with a device code, by what they earned.",
    labels={"outcome": DevicePoll},
)
USER_CODES: Final = Counter(
    name="gatewatch_user_codes_total",
    help="User codes entered on the device page, by what they turned out to be.",
    labels={"outcome": UserCodeLookup},
)
TOKENS_ISSUED: Final = Counter(
    name="gatewatch_tokens_issued_total",
    help="Tokens issued, by kind and by what they were issued for.",
    labels={"kind": TokenKind, "grant_type": GrantType},
    counts=(
        Count(AccessTokenIssued),
        Count(RefreshTokenIssued),
        Count(TokenRefreshed, {"kind": TokenKind.ACCESS, "grant_type": GrantType.REFRESH_TOKEN}),
        Count(TokenRefreshed, {"kind": TokenKind.REFRESH, "grant_type": GrantType.REFRESH_TOKEN}),
    ),
)
TOKEN_REFRESHES: Final = Counter(
    name="gatewatch_token_refreshes_total",
    help="Refresh tokens presented to the token endpoint, by what they earned.",
    labels={"outcome": TokenRefresh},
)
TOKENS_REVOKED: Final = Counter(
    name="gatewatch_token_revocations_total",
    help="Revocations of a token or of its whole family, by why.",
    labels={"reason": RevocationReason},
    counts=(
        Count(TokenRevoked),
        Count(RefreshTokenReplayed, {"reason": RevocationReason.REPLAY}),
        Count(DeviceCodeReplayed, {"reason": RevocationReason.REPLAY}),
    ),
)
TOKEN_CHECKS: Final = Counter(
    name="gatewatch_token_checks_total",
    help="Tokens asked about (introspection and tokeninfo), by what they turned out to be.",
    labels={"outcome": TokenCheck},
)
SUSPICIOUS: Final = Counter(
    name="gatewatch_suspicious_activity_total",
    help="Events of type SUSPICIOUS_ACTIVITY.",
    counts=(
        Count(SessionRefreshReplayed),
        Count(RefreshTokenReplayed),
        Count(DeviceCodeReplayed),
    ),
)
AUDIT_EMITTED: Final = Counter(
    name="gatewatch_audit_events_emitted_total",
    help="Audit events that happened: each is stored, in flight, or dropped.",
    labels={"durability": Durability},
)
AUDIT_STORED: Final = Counter(
    name="gatewatch_audit_events_stored_total",
    help="Audit events that are rows of the audit log.",
    labels={"durability": Durability},
)
AUDIT_DROPPED: Final = Counter(
    name="gatewatch_audit_events_dropped_total",
    help="Audit events that could not be kept, by why.",
    labels={"durability": Durability, "reason": DropReason},
)
AUDIT_IN_FLIGHT: Final = Gauge(
    name="gatewatch_audit_events_in_flight",
    help="Audit events on disk in a spool, not yet rows of the audit log.",
    labels={"durability": Durability},
)
AUDIT_SEAL_LAG: Final = Gauge(
    name="gatewatch_audit_seal_lag_seconds",
    help="Age of the oldest audit event that was not sealed when last looked for.",
    merge=Merge.MAX,
)
AUDIT_TREE_SIZE: Final = Gauge(
    name="gatewatch_audit_tree_size",
    help="Audit events sealed so far, those since purged among them.",
    merge=Merge.MAX,
)
AUDIT_SEAL_FAILURES: Final = Counter(
    name="gatewatch_audit_seal_failures_total",
    help="Attempts to seal audit events that failed.",
)
AUDIT_CHECKPOINTS: Final = Counter(
    name="gatewatch_audit_checkpoints_total",
    help="Signed checkpoints on their way to a witness, by what became of them.",
    labels={"witness": Witness, "outcome": WitnessOutcome},
)
AUDIT_EVENTS: Final = Counter(
    name="gatewatch_audit_events_total",
    help="Audit events kept, by severity.",
    labels={"severity": Severity},
)
AUDIT_OLDEST: Final = Gauge(
    name="gatewatch_audit_oldest_event_timestamp_seconds",
    help="When the oldest event that is still kept happened, in seconds since 1970; 0 if unknown.",
    merge=Merge.MAX,
)
AUDIT_HELD: Final = Gauge(
    name="gatewatch_audit_events_held",
    help="Audit events beyond their retention that a legal hold keeps, when last looked.",
    merge=Merge.MAX,
)
AUDIT_SINK_LAG: Final = Gauge(
    name="gatewatch_audit_sink_lag_seconds",
    help="Age of the oldest event that a receiver has yet to get, of the worst of its kind.",
    labels={"kind": SinkKind},
    merge=Merge.MAX,
)
AUDIT_SINK_ROUND_TRIP: Final = Gauge(
    name="gatewatch_audit_sink_round_trip_seconds",
    help="From a heartbeat's recording to the receiver's having it, of the slowest of its kind.",
    labels={"kind": SinkKind},
    merge=Merge.MAX,
)
AUDIT_SINK_DELIVERIES: Final = Counter(
    name="gatewatch_audit_sink_deliveries_total",
    help="Events on their way to a receiver, by what became of them.",
    labels={"kind": SinkKind, "outcome": SinkDelivery},
)
JOB_LAST_SUCCESS: Final = Gauge(
    name="gatewatch_job_last_success_timestamp_seconds",
    help="When a job was last done, by whichever process, in seconds since 1970; 0 if unknown.",
    labels={"job": JobName},
    merge=Merge.MAX,
)
JOB_FAILURES: Final = Counter(
    name="gatewatch_job_failures_total",
    help="Times that a job failed; it is tried again within a minute.",
    labels={"job": JobName},
)
ROWS_LET_GO: Final = Counter(
    name="gatewatch_rows_let_go_total",
    help="Rows removed because they had served: expired tokens, old events.",
    labels={"table": SweptTable},
)
WORKERS: Final = Gauge(
    name="gatewatch_workers",
    help="Worker processes that are serving.",
)
WORKER_DEATHS: Final = Counter(
    name="gatewatch_worker_deaths_total",
    help="Worker processes that ended on their own.",
    counts=(Count(WorkerDied),),
)

METRICS: Final[tuple[Metric, ...]] = (
    HTTP_REQUESTS,
    OUTAGES,
    LOGINS,
    THROTTLED,
    LOGOUTS,
    PASSWORD_HASHES,
    PASSWORD_HASH_WAITING,
    PASSWORD_HASH_TURNED_AWAY,
    SESSION_CHECKS,
    SESSION_CACHE,
    SESSION_REFRESHES,
    SESSIONS_ENDED,
    CLIENT_AUTHENTICATIONS,
    DEVICE_CODES,
    DEVICE_DECISIONS,
    DEVICE_POLLS,
    USER_CODES,
    TOKENS_ISSUED,
    TOKEN_REFRESHES,
    TOKENS_REVOKED,
    TOKEN_CHECKS,
    SUSPICIOUS,
    AUDIT_EMITTED,
    AUDIT_STORED,
    AUDIT_DROPPED,
    AUDIT_IN_FLIGHT,
    AUDIT_SEAL_LAG,
    AUDIT_TREE_SIZE,
    AUDIT_SEAL_FAILURES,
    AUDIT_CHECKPOINTS,
    AUDIT_EVENTS,
    AUDIT_OLDEST,
    AUDIT_HELD,
    AUDIT_SINK_LAG,
    AUDIT_SINK_ROUND_TRIP,
    AUDIT_SINK_DELIVERIES,
    JOB_LAST_SUCCESS,
    JOB_FAILURES,
    ROWS_LET_GO,
    WORKERS,
    WORKER_DEATHS,
)
"""All of them, in the order they are exposed."""
