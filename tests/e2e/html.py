"""A small reader of HTML for tests: elements, attributes, text, and whether all tags are closed."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = frozenset({"meta", "link", "input", "img", "br", "path", "circle"})


@dataclass(slots=True)
class Element:
    """One element; `text` is all the text below it, white space folded."""

    tag: str
    attributes: dict[str, str]
    parts: list[str] = field(default_factory=list)
    children: list["Element"] = field(default_factory=list)

    @property
    def text(self) -> str:
        return " ".join("".join(self.parts).split())

    def all(self, tag: str = "", **wanted: str) -> list["Element"]:
        """Elements below this one by tag and attributes; `cls` means one of the classes."""
        found = [child for child in self.children if child.is_(tag, wanted)]
        return found + [deep for child in self.children for deep in child.all(tag, **wanted)]

    def one(self, tag: str = "", **wanted: str) -> "Element":
        """The only such element."""
        found = self.all(tag, **wanted)
        assert len(found) == 1, f"{len(found)} elements {tag} {wanted}"
        return found[0]

    def is_(self, tag: str, wanted: dict[str, str]) -> bool:
        """Whether tag and attributes are these."""
        if tag and self.tag != tag:
            return False
        for name, value in wanted.items():
            if name == "cls":
                if value not in self.attributes.get("class", "").split():
                    return False
            elif self.attributes.get(name.replace("_", "-")) != value:
                return False
        return True


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("", {})
        self.open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"an attribute stands twice: {tag} {names}"
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.open[-1].children.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open[-1].children.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open[-1].tag == tag, f"</{tag}> closes <{self.open[-1].tag}>"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        for element in self.open:
            element.parts.append(data)


def read(text: str) -> Element:
    """The tree of a page or fragment; AssertionError for tags that do not match or double ids."""
    reader = _Reader()
    reader.feed(text)
    reader.close()
    assert len(reader.open) == 1, f"not closed: {[element.tag for element in reader.open[1:]]}"
    ids = [element.attributes["id"] for element in reader.root.all() if "id" in element.attributes]
    assert len(ids) == len(set(ids)), f"an id stands twice: {sorted(ids)}"
    return reader.root
