"""Files stay small: soft limits are remarks at the end of the run, hard ones fail."""

from __future__ import annotations

import ast

import pytest

# (soft, hard) lines, architecture.md "Layout".
FILE, FUNCTION, TEMPLATE, PLUGIN = (400, 550), (40, 75), (150, 220), (150, 150)


def functions(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{path.name}: {node.name}", node.end_lineno - node.lineno + 1


def lines(path):
    return len(path.read_text().splitlines())


def sources(root):
    return [*root.glob("ebok_core/**/*.py"), *root.glob("plugins/*/ebok_*/**/*.py")]


def measured(root):
    """Triples of a name, its size and its limits."""
    for path in sources(root):
        name = str(path.relative_to(root))
        if "migrations/versions" in name:
            continue
        yield name, lines(path), PLUGIN if path.name == "plugin.py" else FILE
        for function, size in functions(path):
            yield f"{name.rpartition('/')[0]}/{function}()", size, FUNCTION
    for path in [*root.glob("ebok_core/**/templates/**/*.html"), *root.glob("plugins/*/ebok_*/templates/**/*.html")]:
        yield str(path.relative_to(root)), lines(path), TEMPLATE


def test_nothing_is_too_big(root, remark):
    too_big = []
    for name, size, (soft, hard) in measured(root):
        if size > hard:
            too_big.append(f"{name}: {size} lines, at most {hard}")
        elif size > soft:
            remark(f"{name}: {size} lines, better {soft}")
    assert too_big == []


FORBIDDEN_NAMES = ("utils", "util", "helpers", "helper", "common", "misc")


def test_names_say_what_is_inside(root):
    for path in sources(root):
        stem = path.stem
        assert stem not in FORBIDDEN_NAMES, path
        assert not stem.startswith("base_") and "manager" not in stem, path
        assert not {"common", "utils", "helpers"} & set(path.relative_to(root).parts), path


@pytest.mark.parametrize("pattern", ["ebok_core/**/*.py", "plugins/*/ebok_*/**/*.py"])
def test_every_file_public_class_and_function_has_a_docstring(root, pattern):
    bare = []
    for path in root.glob(pattern):
        tree = ast.parse(path.read_text())
        name = path.relative_to(root)
        if path.stat().st_size and not ast.get_docstring(tree):
            bare.append(f"{name}")
        if path.name == "plugin.py" or "migrations" in path.parts:
            continue  # hooks are described where they are specified
        for node in tree.body:
            public = isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")
            if public and not ast.get_docstring(node) and not is_compiled(node) and not is_view_overload(node):
                bare.append(f"{name}:{node.lineno}: {node.name}")
    assert bare == []


def is_compiled(node):
    """SQLAlchemy's `@compiles` functions are described by the element that they compile."""
    return any("compiles" in ast.unparse(decorator) for decorator in node.decorator_list)


def is_view_overload(node):
    return any("overload" in ast.unparse(decorator) for decorator in node.decorator_list)
