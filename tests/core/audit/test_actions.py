"""Every action that the code records is declared with its words, and every declared one is recorded somewhere."""

from __future__ import annotations

import ast
import fnmatch
import importlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ebok_core import plugins
from ebok_core.portal import assemble

RECORD = "record"
ANY = "*"
"""A part of an action that depends on data: some declared action must fit."""


class Sources:
    """The syntax trees of a package, with what is needed to follow a text to where it is written."""

    def __init__(self, *folders: Path) -> None:
        self.trees = {path: ast.parse(path.read_text()) for folder in folders for path in sorted(folder.rglob("*.py"))}
        self.calls: dict[str, list[tuple[Path, ast.Call]]] = {}
        self.constants: dict[str, list[tuple[Path, ast.AST]]] = {}
        self._asked: set[tuple[str, str]] = set()
        for path, tree in self.trees.items():
            for statement in tree.body:
                for name, value in _assignments(statement):
                    self.constants.setdefault(name, []).append((path, value))
            for node in ast.walk(tree):
                if isinstance(node, ast.Call):
                    self.calls.setdefault(_name(node.func), []).append((path, node))
                for child in ast.iter_child_nodes(node):
                    child.parent = node  # type: ignore[attr-defined]

    def recorded(self) -> Iterator[tuple[str, set[str]]]:
        """Each call of `audit.record` with the keys that it may record; none where it can't be told."""
        for path, node in self.calls.get(RECORD, []):
            if _is_record(node, path):
                action = node.args[1] if len(node.args) > 1 else _keyword(node, "action")
                self._asked.clear()
                yield f"{path.name}:{node.lineno}", self.texts(action, path) if action is not None else set()

    def texts(self, node: ast.AST, path: Path) -> set[str]:
        """The texts that an expression may have."""
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return {node.value}
        if isinstance(node, ast.IfExp):
            return self.texts(node.body, path) | self.texts(node.orelse, path)
        if isinstance(node, ast.JoinedStr):
            found = {""}
            for part in node.values:
                if isinstance(part, ast.FormattedValue):
                    ends = {text for text in self.texts(part.value, path) if text.replace("_", "").isalpha()} | {ANY}
                else:
                    ends = self.texts(part, path)
                found = {a + b for a in found for b in ends}
            return found
        if isinstance(node, ast.Attribute):
            return self._constant(node.attr, lambda p: p.stem == _name(node.value))
        if isinstance(node, ast.Name):
            function = _enclosing(node)
            if function is not None and node.id in _parameters(function):
                return self._given(function, node.id, path)
            return self._constant(node.id, path.__eq__) or self._constant(node.id, lambda p: True)
        if isinstance(node, ast.Subscript):  # a choice out of a table
            tables = self.constants.get(_name(node.value), [])
            constants = (c for p, table in tables for c in ast.walk(table) if isinstance(c, ast.Constant))
            return {c.value for c in constants if isinstance(c.value, str) and c.value.count(".") >= 2}
        return set()

    def _constant(self, name: str, fits: Callable[[Path], bool]) -> set[str]:
        found: set[str] = set()
        for path, value in self.constants.get(name, []):
            if fits(path) and ("constant", f"{path}:{name}") not in self._asked:
                self._asked.add(("constant", f"{path}:{name}"))
                found |= self.texts(value, path)
                self._asked.discard(("constant", f"{path}:{name}"))
        return found

    def _given(self, function: ast.FunctionDef, parameter: str, home: Path) -> set[str]:
        """What the callers of a helper give for its parameter."""
        if (function.name, parameter) in self._asked:
            return set()
        self._asked.add((function.name, parameter))
        place = _parameters(function).index(parameter)
        found: set[str] = set()
        for path, node in self.calls.get(function.name, []):
            if function.name.startswith("_") and path != home:
                continue
            given = node.args[place] if len(node.args) > place else _keyword(node, parameter)
            found |= self.texts(given, path) if given is not None else set()
        return found


def _is_record(node: ast.Call, path: Path) -> bool:
    if not isinstance(node.func, ast.Attribute) or node.func.attr != RECORD:
        return False
    return _name(node.func.value) == "audit" or (_name(node.func.value) == "service" and path.parent.name == "audit")


def _name(node: ast.AST) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _keyword(node: ast.Call, name: str) -> ast.AST | None:
    return next((k.value for k in node.keywords if k.arg == name), None)


def _parameters(function: ast.FunctionDef) -> list[str]:
    arguments = function.args
    return [a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]


def _enclosing(node: ast.AST) -> ast.FunctionDef | None:
    while node is not None:
        node = getattr(node, "parent", None)
        if isinstance(node, ast.FunctionDef):
            return node
    return None


def _assignments(node: ast.stmt) -> Iterator[tuple[str, ast.AST]]:
    if isinstance(node, ast.AnnAssign) and node.value is not None:
        yield _name(node.target), node.value
    if isinstance(node, ast.Assign):
        for target in node.targets:
            if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                yield from ((_name(t), v) for t, v in zip(target.elts, node.value.elts, strict=False))
            yield _name(target), node.value


def packages(root):
    return {"ebok_core": [root / "ebok_core"]} | {
        path.parent.name: [path.parent] for path in sorted(root.glob("plugins/*/*/plugin.py"))
    }


@pytest.fixture(scope="module")
def declared(root):
    names = [name for name in packages(root) if name != "ebok_core"]
    modules = [importlib.import_module(f"{name}.plugin") for name in names]
    portal = assemble(plugins.given(modules, ()), strict=True)
    return {action.key: action for action in portal.of("ebok_audit_actions")}


@pytest.fixture(scope="module")
def recorded(root):
    return {name: list(Sources(*folders).recorded()) for name, folders in packages(root).items()}


def test_every_recorded_action_is_declared(recorded, declared):
    undeclared = [
        f"{name}/{where}: {key}"
        for name, calls in recorded.items()
        for where, keys in calls
        for key in keys
        if not fnmatch.filter(declared, key)
    ]
    assert undeclared == [], "declare them as AuditAction: the panel shows their words"


def test_the_action_of_every_call_is_known(recorded):
    unknown = [f"{name}/{where}" for name, calls in recorded.items() for where, keys in calls if not keys]
    assert unknown == [], "give the action as a text or a constant, so that a reader finds it"
    assert sum(map(len, recorded.values())) > 20


def test_every_declared_action_is_recorded(recorded, declared):
    used = {key for calls in recorded.values() for _where, keys in calls for key in keys}
    assert [key for key in declared if not any(fnmatch.fnmatch(key, pattern) for pattern in used)] == []


def test_every_action_has_words_of_its_own(declared):
    assert [key for key, action in declared.items() if not str(action.title).strip() or str(action.title) == key] == []


def test_an_undeclared_action_would_be_found(tmp_path):
    (tmp_path / "x.py").write_text(
        "A = 'core.a.b'\n"
        "def helper(session, verb): audit.record(session, f'core.x.{verb}', actor=1)\n"
        "def one(session): helper(session, 'done'); audit.record(session, A)\n"
    )
    assert [keys for _where, keys in Sources(tmp_path).recorded()] == [{"core.x.done", "core.x.*"}, {"core.a.b"}]
