from gatewatch.settings import SECTIONS
from gatewatch.settings.declare import declared_in
from gatewatch.settings.reference import render


def test_every_setting_is_in_the_reference_once():
    text = render()
    for section in SECTIONS.values():
        for _, declaration in declared_in(section):
            assert text.count(f"| `{declaration.variable}`") == 1


def test_the_reference_does_not_depend_on_where_it_is_made(monkeypatch):
    before = render()
    monkeypatch.setenv("GATEWATCH_PORT", "1")
    assert before == render()
