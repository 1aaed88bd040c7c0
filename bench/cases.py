"""What is measured, and what it is aimed to cost."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Case:
    """A kind of request.

    `aim` is the CPU it may take beside the bare app's /health; `peer_aim` how many of it a CPU
    second should answer beside oidc-provider's.
    """

    name: str
    title: str
    aim: float | None = None
    peer_aim: float | None = None


CASES = (
    Case("health", "GET /health"),
    Case("token", "client credentials", aim=7.0, peer_aim=1.8),
    Case("refresh", "refresh", aim=7.5, peer_aim=1.8),
    Case("device_start", "device authorization"),
    Case("device", "device poll, pending", aim=2.8),
    Case("introspect", "introspection", aim=2.5, peer_aim=3.3),
    Case("session", "session check", aim=2.0),
)

SIGN_IN = "login"
SIGN_IN_AIM = 0.92  # sign-ins per second, of what Argon2id alone would do
SIGN_IN_HEALTH_P99_MS = 50.0
WORKER_RSS_MB = 120.0
