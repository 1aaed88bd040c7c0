"""What a server counts, as a scraper reads it."""

from collections.abc import Mapping
from dataclasses import dataclass

import httpx
from prometheus_client.parser import text_string_to_metric_families

from tests.kit.server import Server

Labels = frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Scrape:
    """One look at /metrics."""

    samples: Mapping[tuple[str, Labels], float]
    types: Mapping[str, str]

    def total(self, name: str, **labels: str) -> float:
        """The sum of a metric's series that have these labels among theirs."""
        wanted = set(labels.items())
        found = [n for (its, has), n in self.samples.items() if its == name and wanted <= has]
        return sum(found)

    def values(self, label: str) -> set[str]:
        """Every value that a label has anywhere."""
        return {value for _, has in self.samples for name, value in has if name == label}

    def counters(self) -> dict[tuple[str, Labels], float]:
        """Whatever can only grow."""
        return {
            (name, labels): value
            for (name, labels), value in self.samples.items()
            if self.types[name] != "gauge"
        }

    def audit_balance(self) -> float:
        """Events that happened beyond those stored, in flight, or dropped."""
        accounted = ("stored_total", "in_flight", "dropped_total")
        return self.total("gatewatch_audit_events_emitted_total") - sum(
            self.total(f"gatewatch_audit_events_{each}") for each in accounted
        )


def scrape(server: Server, client: httpx.Client | None = None) -> Scrape:
    """Look at /metrics, through a client of one's own if given."""
    answer = (client or httpx).get(f"{server.base}/metrics")
    answer.raise_for_status()
    return read(answer.text)


def read(text: str) -> Scrape:
    """Read the text format."""
    families = list(text_string_to_metric_families(text))
    return Scrape(
        {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in families
            for sample in family.samples
        },
        {sample.name: family.type for family in families for sample in family.samples},
    )
