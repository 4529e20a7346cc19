"""What the architecture checks read: the product's own files, parsed once."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

HOME = Path(__file__).resolve().parent.parent.parent
APP, TEMPLATES, STATIC = HOME / "reviewapp", HOME / "templates", HOME / "static"
ROOMS = sorted(path.parent for path in APP.glob("*/__init__.py"))


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def modules(*folders: Path, migrations: bool = False) -> list[Path]:
    """Python files below `folders`, the migrations among them or not."""
    found = [path for folder in folders for path in sorted(folder.rglob("*.py"))]
    return [path for path in found if migrations or "migrations" not in path.parts]


def dotted(node: ast.AST) -> str:
    """`a.b.c` for a chain of attributes, with `()` where a link is a call; empty for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    if isinstance(node, ast.Call):
        return f"{dotted(node.func)}()"
    return ""


def calls(node: ast.AST) -> Iterator[ast.Call]:
    return (child for child in ast.walk(node) if isinstance(child, ast.Call))


def imports(module: ast.AST) -> Iterator[tuple[str, int]]:
    """Every imported name in full, with its line: `from a import b` gives `a.b`."""
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)


def place(path: Path, line: int = 0) -> str:
    shown = path.relative_to(HOME).as_posix() if path.is_relative_to(HOME) else path.name
    return f"{shown}:{line}" if line else shown
