"""Every error code of OAuth that we answer with: code, status, section."""

from typing import Final

OAUTH_ERRORS: Final[dict[str, int]] = {
    "invalid_request": 400,  # RFC 6749 section 5.2
    "invalid_client": 401,  # RFC 6749 section 5.2
    "invalid_grant": 400,  # RFC 6749 section 5.2
    "unauthorized_client": 400,  # RFC 6749 section 5.2
    "unsupported_grant_type": 400,  # RFC 6749 section 5.2
    "invalid_scope": 400,  # RFC 6749 section 5.2
    "authorization_pending": 400,  # RFC 8628 section 3.5
    "slow_down": 400,  # RFC 8628 section 3.5
    "access_denied": 400,  # RFC 8628 section 3.5
    "expired_token": 400,  # RFC 8628 section 3.5
    "invalid_token": 401,  # RFC 6750 section 3.1
    "missing_token": 401,  # RFC 6750 section 3.1: the challenge alone says no more than Bearer
    "unsupported_token_type": 400,  # RFC 7009 section 2.2.1
    "temporarily_unavailable": 503,  # RFC 6749 section 4.1.2.1
    "server_error": 500,  # RFC 6749 section 4.1.2.1
}
"""Status by code."""
