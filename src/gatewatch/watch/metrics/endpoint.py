"""GET /metrics, in Prometheus text or OpenMetrics, as the scraper asks."""

from dataclasses import dataclass

from gatewatch.backends.telemetry.meter import Meter
from gatewatch.backends.telemetry.prometheus import negotiate, render
from gatewatch.http.request import Request
from gatewatch.http.response import NO_STORE, Response
from gatewatch.kernel.errors import Refusal
from gatewatch.kernel.secrets import Secret, same


@dataclass(frozen=True, slots=True)
class MetricsEndpoint:
    """Shows every worker's metrics as one; `token` is None where anyone may look."""

    meter: Meter
    token: Secret | None

    async def get(self, request: Request) -> Response:
        """Expose the metrics. Raises `Refusal` (authentication_required) without the token."""
        if self.token is not None and not _bears(request, self.token):
            raise Refusal(
                "authentication_required",
                "Send the metrics token: Authorization: Bearer <GATEWATCH_METRICS_TOKEN>.",
            )
        self.meter.refresh()
        media_type, openmetrics = negotiate(request.header(b"accept"))
        body = render(self.meter, openmetrics=openmetrics)
        return Response(200, body, ((b"content-type", media_type.encode("ascii")), *NO_STORE))


def _bears(request: Request, token: Secret) -> bool:
    scheme, _, presented = (request.header(b"authorization") or "").partition(" ")
    return scheme.lower() == "bearer" and same(presented.strip(), token.reveal())
