"""Modules as far as they say what is computed: what they import, and a hash of their statements.

Comments, docstrings and the way a module is laid out are left out, and so is what differs between
versions of Python in the trees that they make of one text.
"""

from __future__ import annotations

import ast
import hashlib
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from importlib.util import resolve_name
from pathlib import Path
from typing import Any

from harness.common.cache import cache_folder
from harness.common.errors import HarnessError
from harness.common.files import sha256_file, write_atomic

OURS = __name__.partition(".")[0]
UNSAID = ("ctx", "kind", "type_comment")
"""Fields of a tree that say nothing of what is computed."""


@dataclass(frozen=True)
class Source:
    """What a module says."""

    sha256: str
    """Of its statements."""
    imports: tuple[str, ...]
    """What it imports of its own package and of this one: modules, and names in modules."""
    libraries: tuple[str, ...]
    """What it imports of others, but for the standard library."""


def read_sources(root: Path) -> dict[str, Source]:
    """Every module below the folder of a package, by name; of a file, the one module. A text that
    was read before is looked up in the cache: a tree of the whole package takes a second."""
    paths = sorted(root.rglob("*.py")) if root.is_dir() else [root]
    texts = {module_name(path, root): (path.read_bytes(), path.stem == "__init__")
             for path in paths}
    names = {name: hashlib.sha256(f"{name}\0{package}\0".encode() + text).hexdigest()
             for name, (text, package) in texts.items()}
    kept = cache_folder() / "sources" / f"{root.stem}-{sha256_file(Path(__file__))}"
    before = _read(kept)
    found = {names[name]: before.get(names[name]) or source_of(text, name, package)
             for name, (text, package) in texts.items()}
    if found.keys() - before.keys():
        with suppress(HarnessError):  # without it, it is read again
            write_atomic(kept, json.dumps({key: asdict(source) for key, source in found.items()}))
    return {name: found[key] for name, key in names.items()}


def module_name(path: Path, root: Path) -> str:
    """What a file of the package in `root` is imported by."""
    if path == root:
        return root.stem
    parts = (root.name, *path.relative_to(root).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def source_of(text: bytes, name: str, package: bool = False) -> Source:
    """What a module of this name and text says; `package` where it is a package's own. Raises
    SyntaxError."""
    tree = ast.parse(text)
    followed = {name.partition(".")[0], OURS}
    imported = set(_imported(tree, name if package else name.rpartition(".")[0]))
    own = {one for one in imported if one.partition(".")[0] in followed}
    others = {one.partition(".")[0] for one in imported - own} - sys.stdlib_module_names
    return Source(tree_sha256(tree), tuple(sorted(own)), tuple(sorted(others)))


def tree_sha256(tree: ast.AST) -> str:
    """Of what a tree says, the same under every version of Python."""
    spelled: list[str] = []
    _spell(tree, spelled)
    return hashlib.sha256("".join(spelled).encode()).hexdigest()


def _read(kept: Path) -> Mapping[str, Source]:
    try:
        content = json.loads(kept.read_text(encoding="utf-8"))
        return {key: Source(fields["sha256"], tuple(fields["imports"]), tuple(fields["libraries"]))
                for key, fields in content.items()}
    except (OSError, ValueError, AttributeError, KeyError, TypeError):
        return {}


def _imported(tree: ast.AST, package: str) -> Iterator[str]:
    """Wherever in a module of a package it is imported, unless for type checkers alone."""
    for node in _run(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            module = resolve_name(module, package) if node.level else module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def _run(node: ast.AST) -> Iterator[ast.AST]:
    yield node
    for child in _children(node):
        yield from _run(child)


def _children(node: ast.AST) -> Iterable[ast.AST]:
    if isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING",
                                                               "typing.TYPE_CHECKING"):
        return node.orelse
    # No import is inside of an expression.
    return [child for child in ast.iter_child_nodes(node) if not isinstance(child, ast.expr)]


def _spell(value: Any, into: list[str]) -> None:
    """A tree as text: fields without a value are left out, as other versions have others of them.
    """
    if isinstance(value, ast.AST):
        into.append(f"{type(value).__name__}(")
        for field in value._fields:
            said = _said(value, getattr(value, field, None))
            if said is not None and said != [] and field not in UNSAID:
                into.append(f"{field}=")
                _spell(said, into)
        into.append(")")
    elif isinstance(value, list):
        for item in value:
            _spell(item, into)
            into.append(",")
    else:
        into.append(ascii(value))  # what `repr` escapes hangs on the version's Unicode


def _said(node: ast.AST, value: Any) -> Any:
    """A field's value without docstrings, and without the seams of a text with fields in it."""
    if not isinstance(value, list):
        return value
    if isinstance(node, ast.JoinedStr):
        return list(_joined(value))
    return [item for item in value if not _is_docstring(item)]


def _is_docstring(statement: Any) -> bool:
    return (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
            and isinstance(statement.value.value, str))


def _joined(values: list[ast.expr]) -> Iterator[ast.expr]:
    """Texts that follow each other as one, and no empty ones."""
    text = ""
    for value in values:
        if isinstance(value, ast.Constant):
            text += str(value.value)
            continue
        if text:
            yield ast.Constant(text)
        text = ""
        yield value
    if text:
        yield ast.Constant(text)
