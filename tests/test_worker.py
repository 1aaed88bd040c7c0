import pytest

from gatewatch.worker import Seat, parse_seat

ARGUMENTS = [
    "--listen=5,6",
    "--metrics=7",
    "--lifeline=8",
    "--ready=9",
    "--slot=1",
    "--slots=3",
    "--grace=2.5",
]


def test_a_seat_is_what_the_supervisor_handed_over():
    expected = Seat(
        listen=(5, 6), metrics=7, lifeline=8, ready=9, slot=1, slots=3, grace=2.5, died=(-9, 1)
    )
    assert expected == parse_seat([*ARGUMENTS, "--died=-9", "--died=1"])


def test_a_seat_has_no_defaults(capsys):
    with pytest.raises(SystemExit):
        parse_seat(ARGUMENTS[1:])
    assert "--listen" in capsys.readouterr().err
