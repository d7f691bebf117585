"""The names of the guard's rules, read from its code, and a pytest plugin that takes one out.

What is taken out is every statement that yields a trip of that name; all else is as it is. The name
is what LABCTL_WITHOUT says.
"""

from __future__ import annotations

import ast
import inspect
import os
import sys
from collections.abc import Iterator
from types import ModuleType

from labctl.guard import decide

NAME = "LABCTL_WITHOUT"
_MAKERS = {"Trip", "_over", "_old"}


def _table() -> ModuleType:
    return sys.modules[decide.__module__]


def _of(node: ast.AST) -> str:
    """The name that a statement trips by, or ''."""
    given = (
        node.value.value
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Yield | ast.YieldFrom)
        else None
    )
    if not (isinstance(given, ast.Call) and isinstance(given.func, ast.Name)):
        return ""
    first = given.args[0] if given.args else None
    named = given.func.id in _MAKERS and isinstance(first, ast.Constant)
    return str(first.value) if named and isinstance(first, ast.Constant) else ""


def names() -> tuple[str, ...]:
    """Every name by which a rule trips, as they stand in the code."""
    tree = ast.parse(inspect.getsource(_table()))
    found = sorted(
        (node.lineno, _of(node)) for node in ast.walk(tree) if isinstance(node, ast.Expr)
    )
    return tuple(dict.fromkeys(name for _, name in found if name))


class _TakeOut(ast.NodeTransformer):
    def __init__(self, name: str) -> None:
        self.name = name
        self.taken = 0

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        if _of(node) != self.name:
            return node
        self.taken += 1
        # The function stays a generator.
        nothing = ast.Expr(ast.YieldFrom(ast.Tuple([], ast.Load())))
        return ast.fix_missing_locations(ast.copy_location(nothing, node))


def without(name: str) -> Iterator[tuple[str, object]]:
    """The functions of the rules with this one taken out, by name."""
    table, take_out = _table(), _TakeOut(name)
    tree = take_out.visit(ast.parse(inspect.getsource(table)))
    if not take_out.taken:
        raise ValueError(f"there is no rule {name}")
    made = ModuleType(table.__name__)
    exec(compile(tree, table.__file__ or "", "exec"), vars(made))
    for key, value in vars(made).items():
        if inspect.isgeneratorfunction(value):
            yield key, value


def pytest_configure() -> None:
    """Before any test is collected."""
    if name := os.environ[NAME]:
        for key, value in without(name):
            setattr(_table(), key, value)
