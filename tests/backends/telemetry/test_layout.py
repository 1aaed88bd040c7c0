from enum import StrEnum
from itertools import pairwise

import pytest

from gatewatch.backends.telemetry.layout import lay_out
from gatewatch.catalogue.metric import Counter, Histogram, Route
from gatewatch.catalogue.metrics import METRICS


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


ROUTED = Counter(name="routed_total", help="By route.", labels={"route": Route, "colour": Colour})
PLAIN = Counter(name="plain_total", help="By colour.", labels={"colour": Colour})
TIMES = Histogram(name="seconds", help="How long.", buckets=(0.1, 1.0))


def test_no_two_series_share_a_cell():
    layout = lay_out((ROUTED, PLAIN, TIMES), ("/a", "/b"))
    spans = sorted((place.start, place.end) for place in layout.places.values())
    assert all(end <= start for (_, end), (start, _) in pairwise(spans))
    assert layout.cells == 1 + 2 * 2 + 2 + 4


def test_a_process_that_knows_no_routes_agrees_on_the_rest():
    knowing, ignorant = (
        lay_out((ROUTED, PLAIN, TIMES), ("/a",)),
        lay_out((ROUTED, PLAIN, TIMES), ()),
    )
    assert knowing.places["plain_total"] == ignorant.places["plain_total"]
    assert knowing.places["seconds"] == ignorant.places["seconds"]


def test_every_series_has_a_rank_of_its_own():
    place = lay_out((ROUTED,), ("/a", "/b")).places["routed_total"]
    assert [place.rank(series) for series in ROUTED.series(("/a", "/b"))] == [0, 1, 2, 3]


@pytest.mark.parametrize("labels", [(), ("red",), ("/a", "green"), ("/a", "red", "red")])
def test_labels_that_cannot_be_have_no_rank(labels):
    place = lay_out((ROUTED,), ("/a",)).places["routed_total"]
    with pytest.raises(ValueError, match="routed_total has no series"):
        place.rank(labels)


def test_another_catalogue_has_another_fingerprint():
    prints = {
        lay_out(METRICS, ("/a",)).fingerprint,
        lay_out(METRICS, ("/b",)).fingerprint,
        lay_out(METRICS, ()).fingerprint,
        lay_out(METRICS[1:], ()).fingerprint,
    }
    assert len(prints) == 4
