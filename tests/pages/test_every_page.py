"""What is true of every page, looked at through its sample."""

import dataclasses
import importlib
import pkgutil
import re
from pathlib import Path

import pytest
from playwright.async_api import Browser, Route
from tests.kit.house import NOON
from tests.pages.reading import Reading, read

import gatewatch
from gatewatch.http import static
from gatewatch.http.pages import Page, Pages
from gatewatch.http.urls import Urls
from gatewatch.kernel.time import FixedClock

ROOT = Path(gatewatch.__file__).parent
ISSUER = "https://example.com/auth"


def pages() -> list[type[Page]]:
    """Every page there is: a dataclass with a template."""
    found = {}
    for module in pkgutil.walk_packages(gatewatch.__path__, "gatewatch."):
        if module.name.endswith(".pages") or module.name.startswith("gatewatch.admin."):
            for each in vars(importlib.import_module(module.name)).values():
                if dataclasses.is_dataclass(each) and hasattr(each, "template"):
                    found[each.__name__] = each
    return [found[name] for name in sorted(found)]


def shown(page: Page) -> str:
    """A page as HTML, below an issuer that has a path."""
    return Pages(Urls(ISSUER), FixedClock(NOON)).response(page).body.decode()


every_page = pytest.mark.parametrize("page", pages(), ids=lambda page: page.__name__)


@every_page
def test_a_sample_renders_as_sound_html_with_one_heading(page):
    reading = read(shown(page.sample()))
    assert reading.one("html").attributes["lang"] == "en"
    (title,) = [each for each in reading.all("title") if each.inside("head")]
    assert title.text.endswith(" · gatewatch")
    assert reading.one("h1").text
    assert reading.one("main").attributes["id"] == "main"


@every_page
def test_ids_are_unique_and_every_reference_leads_to_one(page):
    reading = read(shown(page.sample()))
    ids = [each.attributes["id"] for each in reading.elements if "id" in each.attributes]
    assert len(set(ids)) == len(ids)
    assert set() == set(_references(reading)) - set(ids)


@every_page
def test_every_control_has_a_name_that_can_be_read_aloud(page):
    reading = read(shown(page.sample()))
    labelled = {each.attributes.get("for") for each in reading.all("label")}
    for control in reading.all("input", "select", "textarea"):
        hidden = control.attributes.get("type") == "hidden"
        named = control.attributes.get("id") in labelled or control.inside("label") is not None
        assert hidden or named, control
    for button in reading.all("button", "summary", "a"):
        assert button.text.strip() or button.attributes.get("aria-label"), button


@every_page
def test_nothing_is_inline_and_nothing_comes_from_elsewhere(page):
    reading = read(shown(page.sample()))
    assert reading.all("style") == []
    assert [script.text for script in reading.all("script")] == [""]
    for element in reading.elements:
        assert "style" not in element.attributes
        assert [name for name in element.attributes if name.startswith("on")] == []
        for name in ("src", "href", "action"):
            target = element.attributes.get(name, "/auth/")
            assert target.startswith(("/auth/", "#", "?")), target


@every_page
def test_every_form_that_changes_something_carries_its_proof(page):
    reading = read(shown(page.sample()))
    for form in reading.all("form"):
        if form.attributes["method"] == "post":
            assert reading.form(form.attributes["action"])["csrf_token"]


def test_every_template_is_of_a_page_or_of_a_layout():
    templates = ROOT / "templates"
    kept = {str(path.relative_to(templates)) for path in templates.rglob("*.html")}
    parts = {name for name in kept if name.startswith("layout/") or name.endswith("_parts.html")}
    assert kept - parts == {page.template for page in pages()}


def _references(reading: Reading) -> list[str]:
    names = ("for", "aria-labelledby", "aria-describedby", "data-copy")
    found = [
        each.attributes[name]
        for each in reading.elements
        for name in names
        if name in each.attributes
    ]
    hrefs = [each.attributes.get("href", "") for each in reading.all("a")]
    return [*found, *(href[1:] for href in hrefs if href.startswith("#"))]


# ---- the look


SHEET = (ROOT / "static" / "gatewatch.css").read_text()

PAIRS = (
    ("ink", "paper"), ("ink", "surface"), ("ink", "sunk"), ("muted", "paper"),
    ("muted", "surface"), ("muted", "sunk"), ("muted", "accent-soft"), ("ink", "accent-soft"),
    ("accent", "paper"), ("accent", "surface"), ("on-accent", "accent"),
    ("on-accent", "accent-hover"), ("danger", "danger-soft"), ("surface", "danger"),
    ("warn", "warn-soft"), ("ok", "ok-soft"),
)  # fmt: skip
"""Text and what it stands on."""


def palettes() -> dict[str, dict[str, str]]:
    """The colours by name, in light and in dark."""
    light, dark = (
        dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{3,6});", block))
        for block in re.findall(r":root \{(.*?)\}", SHEET, re.DOTALL)
    )
    return {"light": light, "dark": {**light, **dark}}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), PAIRS)
def test_text_stands_out_from_what_it_stands_on(scheme, text, ground):
    """WCAG 2.2, success criterion 1.4.3: 4.5 to 1."""
    colours = palettes()[scheme]
    assert _contrast(colours[text], colours[ground]) >= 4.5


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_edges_of_controls_stand_out(scheme):
    """WCAG 2.2, success criterion 1.4.11: 3 to 1."""
    colours = palettes()[scheme]
    for edge in ("edge", "accent"):
        assert _contrast(colours[edge], colours["surface"]) >= 3
        assert _contrast(colours[edge], colours["paper"]) >= 3


def _contrast(one: str, other: str) -> float:
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(digit * 2 for digit in colour[1:])
    linear = [
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        for value in (int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4))
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.browser
async def test_a_browser_has_nothing_to_object_to_and_nothing_is_wider_than_a_phone(
    browser: Browser,
):
    html = {f"/auth/{page.__name__}": shown(page.sample()) for page in pages()}
    served = Pages(Urls(ISSUER), FixedClock(NOON))
    headers = {
        name.decode(): value.decode()
        for name, value in served.response(pages()[0].sample()).headers
    }

    async def answer(route: Route) -> None:
        path = route.request.url.removeprefix("https://example.com")
        if path in html:
            await route.fulfill(body=html[path], headers=headers)
        else:
            asset = static._by_published_name()[path.removeprefix("/auth/static/")]
            await route.fulfill(body=asset.body, content_type=asset.media_type.decode())

    page = await browser.new_page(viewport={"width": 360, "height": 780})
    objections = []
    page.on("console", lambda said: objections.append(said.text))
    page.on("pageerror", lambda error: objections.append(str(error)))
    await page.route("**/*", answer)
    for path in html:
        await page.goto(f"https://example.com{path}")
        await page.evaluate("document.querySelectorAll('details').forEach(it => it.open = true)")
        width = await page.evaluate("document.documentElement.scrollWidth")
        assert (path, 360) == (path, width)
    assert objections == []
