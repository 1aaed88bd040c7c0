"""How things end: rules return these, metrics are labelled with them."""

from enum import StrEnum


class LoginMethod(StrEnum):
    """How a person proved who they are."""

    PASSWORD = "password"  # noqa: S105 - the name of a method, not a secret


class LoginOutcome(StrEnum):
    """How an attempt to sign in ended. All but ADMITTED look the same from outside."""

    ADMITTED = "admitted"
    UNKNOWN_ACCOUNT = "unknown_account"
    WRONG_PASSWORD = "wrong_password"  # noqa: S105 - an outcome, not a secret
    NO_PASSWORD = "no_password"  # noqa: S105 - an outcome, not a secret
    DISABLED = "disabled"


class ThrottleSubject(StrEnum):
    """What a throttle counts attempts of."""

    ACCOUNT = "account"
    ADDRESS = "address"
    USER_CODE = "user_code"


class ThrottleVerdict(StrEnum):
    """What a throttle says to an attempt."""

    ADMITTED = "admitted"
    BLOCKED = "blocked"


class SessionEnding(StrEnum):
    """Why a session ended."""

    LOGGED_OUT = "logged_out"
    ENDED_BY_OWNER = "ended_by_owner"
    ACCOUNT_DISABLED = "account_disabled"
    REFRESH_REPLAYED = "refresh_replayed"


class SessionRefresh(StrEnum):
    """What presenting a session's refresh token earns."""

    REFRESHED = "refreshed"
    MISSING = "missing"
    UNKNOWN = "unknown"
    EXPIRED = "expired"
    ENDED = "ended"
    DISABLED = "disabled"
    REPLAYED = "replayed"


class SessionCheck(StrEnum):
    """What presenting a session earns."""

    VALID = "valid"
    MISSING = "missing"
    MALFORMED = "malformed"
    EXPIRED = "expired"
    ENDED = "ended"
    DISABLED = "disabled"


class CacheLookup(StrEnum):
    """Whether a cache had it."""

    HIT = "hit"
    MISS = "miss"


class GrantType(StrEnum):
    """What a token was issued for; `grant_type` on the wire."""

    DEVICE_CODE = "device_code"
    REFRESH_TOKEN = "refresh_token"  # noqa: S105 - a grant's name (RFC 6749), not a secret
    CLIENT_CREDENTIALS = "client_credentials"


class TokenKind(StrEnum):
    """What kind of token."""

    ACCESS = "access"
    REFRESH = "refresh"


class DevicePoll(StrEnum):
    """What a device's poll earns."""

    UNKNOWN = "unknown"
    PENDING = "pending"
    SLOW_DOWN = "slow_down"
    EXPIRED = "expired"
    DENIED = "denied"
    REPLAYED = "replayed"
    GRANTED = "granted"


class DeviceDecision(StrEnum):
    """What a person said to a device."""

    AUTHORIZED = "authorized"
    DENIED = "denied"


class UserCodeLookup(StrEnum):
    """What a code typed by a person turned out to be."""

    FOUND = "found"
    UNKNOWN = "unknown"
    EXPIRED = "expired"
    ALREADY_USED = "already_used"
    THROTTLED = "throttled"


class ClientAuthentication(StrEnum):
    """What a client's credentials earn."""

    AUTHENTICATED = "authenticated"
    UNKNOWN = "unknown"
    WRONG_SECRET = "wrong_secret"  # noqa: S105 - an outcome, not a secret
    MISSING_SECRET = "missing_secret"  # noqa: S105 - an outcome, not a secret
    DISABLED = "disabled"


class TokenRefresh(StrEnum):
    """What presenting a refresh token earns."""

    REFRESHED = "refreshed"
    UNKNOWN = "unknown"
    EXPIRED = "expired"
    REVOKED = "revoked"
    REPLAYED = "replayed"
    FOREIGN = "foreign"
    OWNER_DISABLED = "owner_disabled"
    SCOPE_EXCEEDED = "scope_exceeded"


class TokenCheck(StrEnum):
    """What a token turned out to be when asked about."""

    ACTIVE = "active"
    UNKNOWN = "unknown"
    EXPIRED = "expired"
    REVOKED = "revoked"
    OWNER_DISABLED = "owner_disabled"


class RevocationReason(StrEnum):
    """Why a token was revoked."""

    CLIENT_REQUEST = "client_request"
    REPLAY = "replay"


class Witness(StrEnum):
    """Who is told of a signed checkpoint."""

    DATA_DIR = "data_dir"
    FILE = "file"
    URL = "url"


class WitnessOutcome(StrEnum):
    """Whether a witness was told."""

    TOLD = "told"
    FAILED = "failed"
    """It is told of the next checkpoint, or of this one again."""


class DropReason(StrEnum):
    """Why an audit event could not be kept."""

    SPOOL_UNWRITABLE = "spool_unwritable"
    UNREADABLE = "unreadable"
    REJECTED = "rejected"
    """A healthy database would not have it."""


class Dependency(StrEnum):
    """What gatewatch stands on."""

    DATABASE = "database"
    REDIS = "redis"


class JobName(StrEnum):
    """What is done every so often, without anybody asking."""

    EXPIRE_TOKENS = "expire_tokens"
    EXPIRE_SESSIONS = "expire_sessions"
    EXPIRE_DEVICE_GRANTS = "expire_device_grants"
    PURGE_AUDIT = "purge_audit"
    SEND_HEARTBEAT = "send_heartbeat"


class SweptTable(StrEnum):
    """A table whose rows are let go when they have served."""

    OAUTH_TOKENS = "oauth_tokens"
    SESSIONS = "sessions"
    DEVICE_GRANTS = "device_grants"
    AUDIT_LOGS = "audit_logs"


class SinkKind(StrEnum):
    """What kind of receiver events are delivered to."""

    FILE = "file"
    SYSLOG = "syslog"
    WEBHOOK = "webhook"
    SPLUNK = "splunk"
    ELASTICSEARCH = "elasticsearch"
    DATADOG = "datadog"
    OTLP = "otlp"


class SinkDelivery(StrEnum):
    """What became of an event on its way to a sink."""

    DELIVERED = "delivered"
    RETRIED = "retried"
    """The receiver was away or overloaded; it is sent again."""
    REFUSED = "refused"
    """A receiver that is well will not have it: put aside as a dead letter."""
    PURGED = "purged"
    """Removed from the log before the sink had it."""


class SinkTest(StrEnum):
    """How a test of a sink ended."""

    DELIVERED = "delivered"
    UNREACHABLE = "unreachable"
    REFUSED = "refused"


class AccessRefusal(StrEnum):
    """Why a signed-in request was turned away."""

    CSRF = "csrf"
    ROLE = "role"


class HttpMethod(StrEnum):
    """Request methods by name; any other is counted as _OTHER (OpenTelemetry, HTTP spans)."""

    GET = "GET"
    HEAD = "HEAD"
    POST = "POST"
    PUT = "PUT"
    PATCH = "PATCH"
    DELETE = "DELETE"
    OPTIONS = "OPTIONS"
    OTHER = "_OTHER"


class HttpStatus(StrEnum):
    """Status codes that gatewatch answers with."""

    OK = "200"
    CREATED = "201"
    NO_CONTENT = "204"
    SEE_OTHER = "303"
    NOT_MODIFIED = "304"
    TEMPORARY_REDIRECT = "307"
    BAD_REQUEST = "400"
    UNAUTHORIZED = "401"
    FORBIDDEN = "403"
    NOT_FOUND = "404"
    METHOD_NOT_ALLOWED = "405"
    NOT_ACCEPTABLE = "406"
    CONFLICT = "409"
    CONTENT_TOO_LARGE = "413"
    UNSUPPORTED_MEDIA_TYPE = "415"
    TOO_MANY_REQUESTS = "429"
    INTERNAL_SERVER_ERROR = "500"
    SERVICE_UNAVAILABLE = "503"
