"""A page as something without eyes reads it: elements, forms, and text."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

import httpx

VOID = frozenset({"br", "circle", "hr", "img", "input", "link", "meta", "path", "rect", "stop"})


@dataclass
class Element:
    """An element, with what is in it."""

    tag: str
    attributes: dict[str, str]
    parent: "Element | None" = None
    text: str = ""

    def inside(self, tag: str) -> "Element | None":
        """The nearest element of this kind that it is in."""
        above = self.parent
        while above is not None and above.tag != tag:
            above = above.parent
        return above


@dataclass
class Reading(HTMLParser):
    """A page, read; it does not forgive elements that are left open."""

    elements: list[Element] = field(default_factory=list)
    _open: list[Element] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"an attribute of <{tag}> is repeated"
        attributes = {name: value or "" for name, value in attrs}
        self.handle_data(" ")
        element = Element(tag, attributes, self._open[-1] if self._open else None)
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self._open, f"</{tag}> closes nothing"
        assert tag == self._open[-1].tag, f"</{tag}> closes <{self._open[-1].tag}>"
        self._open.pop()

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.text += data

    def all(self, *tags: str) -> list[Element]:
        """Every element of these kinds."""
        return [element for element in self.elements if element.tag in tags]

    def one(self, tag: str) -> Element:
        """The one element of this kind."""
        (element,) = self.all(tag)
        return element

    @property
    def text(self) -> str:
        """Everything that is shown."""
        return " ".join(self.one("body").text.split())

    def form(self, action: str) -> dict[str, str]:
        """The fields of a form that are filled in already."""
        target = next(each for each in self.all("form") if each.attributes["action"] == action)
        return {
            each.attributes["name"]: each.attributes.get("value", "")
            for each in self.all("input")
            if each.inside("form") is target and each.attributes.get("type") == "hidden"
        }

    def finished(self) -> "Reading":
        """Itself, with everything closed."""
        assert [element.tag for element in self._open] == []
        return self


def read(page: httpx.Response | str) -> Reading:
    """Read a page."""
    reading = Reading()
    reading.feed(page if isinstance(page, str) else page.text)
    reading.close()
    return reading.finished()
