"""GET and HEAD /health (AuthGate's guide, health check endpoint)."""

from dataclasses import dataclass

from gatewatch.http.request import Request
from gatewatch.http.response import Response, private_json
from gatewatch.watch.health.rules import report
from gatewatch.watch.health.service import Health


@dataclass(frozen=True, slots=True)
class HealthEndpoint:
    """Answers 200 when well, 503 when not."""

    health: Health

    async def get(self, _request: Request) -> Response:
        """Say how the server is."""
        findings = await self.health.check()
        return private_json(report(findings), 200 if findings.healthy else 503)
