"""The page `docs/hooks.md`, made from `hookspecs.py`; `python -m ebok_core.testing.hookdocs` writes it."""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ebok_core import hookspecs
from ebok_core.plugins import build

PAGE = Path("docs/hooks.md")
INTRODUCTION = """\
# Hooks

For authors of modules: every place where the core asks a module. This page is made from `ebok_core/hookspecs.py`; after
a change there run `python -m ebok_core.testing.hookdocs`.

A module implements hooks in its `plugin.py`, each marked with `@hookimpl` from `ebok_core`, and takes only the
arguments it needs. Startup hooks are called once, module by module, while the portal is put together; their results are
checked and frozen. Hooks marked *live* are asked while the portal runs: each call is guarded, so that a module that
fails costs its own part of a page and nothing else. *Planned* hooks may be implemented, but no page or job uses the
answers yet.
"""

# Collected and checked, but nothing of the core asks for them yet; a test holds the list to the sources.
PLANNED = frozenset(
    {
        "ebok_api_resources",
        "ebok_event",
        "ebok_notification_channels",
        "ebok_statistics",
    }
)


class Hook(NamedTuple):
    """One hook as its page shows it."""

    name: str
    section: str
    signature: str
    marks: tuple[str, ...]
    text: str


def hooks() -> Iterator[Hook]:
    """Every hook of the core in the order of its page."""
    source = inspect.getsource(hookspecs)
    lines = source.splitlines()
    manager = build()
    for node in ast.parse(source).body:
        if not (isinstance(node, ast.FunctionDef) and node.name.startswith("ebok_")):
            continue
        returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
        text = inspect.cleandoc(ast.get_docstring(node) or "")
        spec = getattr(manager.hook, node.name).spec
        flags = (("first answer wins", "firstresult"), ("historic", "historic"))
        marks = [mark for mark, said in flags if spec.opts[said]]
        if "live" in text.partition("\n")[0].rpartition("(")[2]:
            marks.append("live")
        if node.name in PLANNED:
            marks.append("planned: nothing asks for it yet")
        section = next(line[2:] for line in reversed(lines[: node.lineno]) if line.startswith("# "))
        yield Hook(node.name, section, f"{node.name}({ast.unparse(node.args)}){returns}", tuple(marks), text)


def render() -> str:
    """The page's Markdown."""
    parts = [INTRODUCTION]
    section = ""
    for hook in hooks():
        if hook.section != section:
            section = hook.section
            parts.append(f"## {section}\n")
        marks = f" *({', '.join(hook.marks)})*" if hook.marks else ""
        parts.append(f"### `{hook.signature}`{marks}\n\n{hook.text}\n")
    return "\n".join(parts)


if __name__ == "__main__":
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(render())
    sys.stdout.write(f"{PAGE}\n")
