"""An FA(3) file as a plain tree that remembers what was read of it: what is left over must be shown too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field


@dataclass(eq=False)
class Node:
    """An element: local name, text with white space at its ends removed, attributes, children. `used` once read."""

    name: str
    text: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)
    children: list[Node] = field(default_factory=list)
    used: bool = False

    def all(self, name: str) -> list[Node]:
        """Children of a name, in order. They are not marked: their own parts are read one by one."""
        return [child for child in self.children if child.name == name]

    def first(self, path: str) -> Node:
        """The first element at a path of names, or an empty one where there is none."""
        found = self
        for name in path.split("/"):
            found = next((child for child in found.children if child.name == name), MISSING)
        return found

    def take(self, path: str) -> str:
        """The text of the first element at a path, which is read by that; "" where there is none."""
        found = self.first(path)
        if found is not MISSING:
            found.used = True
        return found.text

    def take_all(self, name: str) -> list[str]:
        """The texts of every child of a name, all read by that."""
        found = self.all(name)
        for child in found:
            child.used = True
        return [child.text for child in found]

    def has_unread(self) -> bool:
        """Whether a text below (or here) was not read yet."""
        if not self.children:
            return bool(self.text) and not self.used
        return any(child.has_unread() for child in self.children)

    def leaves(self) -> Iterator[Node]:
        """Every element without children, this one or below, in the file's order."""
        if not self.children:
            yield self
        for child in self.children:
            yield from child.leaves()

    def __bool__(self) -> bool:
        return self is not MISSING


MISSING = Node("")
