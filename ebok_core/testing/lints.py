"""Rules for source files that no linter knows, each a function from a syntax tree to complaints.

They hold for the core and for modules alike: `reliability.md` G1, G7, G8 and `security.md` S18, S49, S55.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

Lint = Callable[[ast.Module], Iterator[tuple[int, str]]]

_CLOCK_READS = {
    "datetime": {"now", "utcnow", "today"},
    "date": {"today"},
    "time": {"time", "time_ns", "localtime", "gmtime", "ctime"},
}
_FORBIDDEN_IMPORTS = {"pickle", "cPickle", "dill", "marshal", "shelve", "xmlrpc"}
_FORBIDDEN_CALLS = {"eval", "exec", "os.system", "os.popen", "tempfile.mktemp", "yaml.load", "yaml.unsafe_load"}
_SQL_CALLS = {"text", "exec_driver_sql", "execute", "literal_column", "executescript"}
_UNSAFE_TEMPLATE = re.compile(r"\|\s*safe\b|\{%-?\s*autoescape\s+false")


def clock_reads(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """G8: the time comes from `ebok_core.clock`, and from nowhere else."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = _name(node.func.value).rpartition(".")[2]
            if node.func.attr in _CLOCK_READS.get(owner, ()):
                yield node.lineno, f"{owner}.{node.func.attr}() asks the machine for the time: use ebok_core.clock"


def own_transactions(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """G1: only `unit_of_work` begins, commits and rolls back."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = _name(node.func.value).rpartition(".")[2].lower()
            ends = node.func.attr in ("commit", "begin", "rollback")
            if ends and not owner.startswith(("transaction", "savepoint")):
                yield node.lineno, f"{owner}.{node.func.attr}(): write through unit_of_work"
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if re.match(r"\s*(BEGIN|COMMIT|ROLLBACK)\b(\s+(IMMEDIATE|EXCLUSIVE|TRANSACTION))?\s*;?\s*$", node.value):
                yield node.lineno, f"raw {node.value.strip()}: write through unit_of_work"


def floats(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """G7: money and volumes are `Decimal`; no float literal, no float() and no float column."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, float):
            yield node.lineno, f"{node.value} is a float: write Decimal({str(node.value)!r})"
        if isinstance(node, ast.Call) and _name(node.func) == "float":
            yield node.lineno, "float(): keep it Decimal"
        if isinstance(node, ast.Attribute) and node.attr in ("Float", "REAL", "Double"):
            yield node.lineno, f"{_name(node)}: use Amount, Volume or Price, or fields.Decimal"


def unsafe_markup(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """S18: what is marked as safe HTML stands on a reviewed list."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _name(node.func).rpartition(".")[2] in ("Markup", "render_template_string"):
            yield node.lineno, f"{_name(node.func)}() passes the escaping by"


def forbidden_calls(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """S55: nothing that runs data as code, nothing through a shell."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else [node.module or ""]
            for name in names:
                if name.partition(".")[0] in _FORBIDDEN_IMPORTS:
                    yield node.lineno, f"{name} runs data as code"
        if isinstance(node, ast.Call):
            if _name(node.func) in _FORBIDDEN_CALLS:
                yield node.lineno, f"{_name(node.func)}() is forbidden"
            for keyword in node.keywords:
                if keyword.arg == "shell" and getattr(keyword.value, "value", None) is not False:
                    yield node.lineno, "shell=…: give the program and its arguments as a list"


def built_sql(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """S49: no SQL text is put together from pieces."""
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and node.args):
            continue
        if _name(node.func).rpartition(".")[2] in _SQL_CALLS and _is_built(node.args[0]):
            yield node.lineno, f"{_name(node.func)}() gets SQL built from pieces: bind parameters"


def only_declarations(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """A `plugin.py` is a table of contents: imports, and hooks of one statement without a choice or a loop."""
    logic = (ast.If, ast.For, ast.While, ast.Try, ast.With, ast.Lambda, ast.IfExp, ast.comprehension, ast.BoolOp)
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom) or _is_text(node):
            continue
        if isinstance(node, ast.If) and _name(node.test) == "TYPE_CHECKING":
            continue
        if not isinstance(node, ast.FunctionDef):
            yield node.lineno, "plugin.py holds imports and hook implementations only"
            continue
        body = [statement for statement in node.body if not _is_text(statement)]
        if len(body) != 1 or not isinstance(body[0], ast.Return | ast.Expr):
            yield node.lineno, f"{node.name} is more than one statement: move the work into the module"
        if any(isinstance(inner, logic) for statement in body for inner in ast.walk(statement)):
            yield node.lineno, f"{node.name} decides something: move that into the module"
        if not any("hookimpl" in ast.unparse(decorator) for decorator in node.decorator_list):
            yield node.lineno, f"{node.name} is no hook implementation"


EVERYWHERE: tuple[Lint, ...] = (clock_reads, own_transactions, unsafe_markup, forbidden_calls, built_sql)


def complaints(path: Path, *lints: Lint) -> list[str]:
    """What the lints say about one Python file, as `path:line: text`."""
    tree = ast.parse(path.read_text(), str(path))
    return [f"{path}:{line}: {text}" for lint in lints for line, text in lint(tree)]


def template_complaints(path: Path) -> list[str]:
    """Places where a template turns the escaping off."""
    lines = enumerate(path.read_text().splitlines(), start=1)
    return [f"{path}:{number}: {line.strip()}" for number, line in lines if _UNSAFE_TEMPLATE.search(line)]


def python_files(folder: Path, *, without: Iterable[str] = ()) -> list[Path]:
    """The Python files of a folder, but those whose path from there begins with one of `without`."""
    left_out = tuple(without)
    found = sorted(folder.rglob("*.py"))
    return [path for path in found if not path.relative_to(folder).as_posix().startswith(left_out)]


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """The absolute names that a file imports, with their lines; those for type checkers alone are left out."""
    tree = ast.parse(path.read_text(), str(path))
    for node in tree.body:
        for inner in ast.walk(node) if not (isinstance(node, ast.If) and _name(node.test) == "TYPE_CHECKING") else ():
            if isinstance(inner, ast.Import):
                yield from ((inner.lineno, alias.name) for alias in inner.names)
            elif isinstance(inner, ast.ImportFrom) and not inner.level:
                yield from ((inner.lineno, f"{inner.module}.{alias.name}") for alias in inner.names)


def _name(node: ast.AST) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{_name(node.value)}.{node.attr}"
    return ""


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _is_built(node: ast.AST) -> bool:
    if isinstance(node, ast.JoinedStr):
        return any(isinstance(part, ast.FormattedValue) for part in node.values)
    if isinstance(node, ast.BinOp):
        sides = (node.left, node.right)
        texts = any(isinstance(s, ast.JoinedStr) or isinstance(getattr(s, "value", None), str) for s in sides)
        return isinstance(node.op, ast.Add | ast.Mod) and texts
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format"
