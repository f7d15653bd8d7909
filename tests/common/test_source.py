"""What a module says, whatever its comments, its layout and the version of Python that reads it."""

import ast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.common import source
from harness.common.provenance import ROOT
from harness.common.source import read_sources, source_of, tree_sha256

FILES = sorted(ROOT.rglob("*.py"))
SNIPPET = '''"""What it is for."""
from __future__ import annotations
import os, numpy as np
from harness.common.files import sha256_json  # why
@decorated(1, key=None)
class Thing(Base, metaclass=Meta):
    """A thing."""
    field: int = 3
    """Of a kind."""
    async def made(self, /, one, *rest, two=1_000, **more) -> str | None:
        """Made."""
        match one:
            case {"a": [1, *_], **others} if others: return f"{one!r:>{two}} é {rest=} {'x'}" "y"
            case Thing(field=-2.5e3) | None: return b"\\x00" and ...
        try:
            async with opened(one) as (a, b), closed(): [x async for x in a if (y := x)]
        except* ValueError as error:
            raise KeyError from error
        return lambda z, *, w=two: {**more, "z": z[1:, ::2]}
'''
"""Of everything that the versions' trees have in other ways: texts with fields, type parameters."""


def said(text: str) -> source.Source:
    return source_of(text.encode(), "harness.some.module")


def test_a_text_has_one_hash_under_every_version_of_python():
    """Held against the hash that another version gave: this test runs under all of them."""
    assert said(SNIPPET).sha256 == (
        "a9c7e37c7af9b40c0e03f1d3015b164836b0459328167e5efc32e48d3a1a57d4")


def test_what_later_versions_add_to_a_tree_is_no_part_of_it_while_it_is_empty(monkeypatch):
    """Python 3.12 gives functions and classes `type_params`, and cuts texts with fields in other
    places than 3.11."""
    before, tree = said(SNIPPET).sha256, ast.parse(SNIPPET)
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef | ast.AsyncFunctionDef):
            node.type_params = []
        if isinstance(node, ast.JoinedStr):
            node.values = [piece for value in node.values for piece in (
                [ast.Constant(letter) for letter in ["", *value.value]]
                if isinstance(value, ast.Constant) else [value])]
    for kind in (ast.ClassDef, ast.AsyncFunctionDef):
        monkeypatch.setattr(kind, "_fields", tuple(dict.fromkeys((*kind._fields, "type_params"))))
    assert tree_sha256(tree) == before


class OtherWords(ast.NodeTransformer):
    """Every docstring with other words."""

    def visit_Expr(self, node: ast.Expr) -> ast.Expr:
        if isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            node.value = ast.Constant("Other words.")
        return node


@given(st.sampled_from(FILES))
@settings(max_examples=30, deadline=None)
def test_layout_comments_and_docstrings_are_no_part_of_a_module(path):
    text = path.read_text(encoding="utf-8")
    before = source_of(text.encode(), "harness.some.module")
    plain = ast.unparse(OtherWords().visit(ast.parse(text)))
    assert source_of(plain.encode(), "harness.some.module") == before
    assert source_of(f"# Said\n\n{text}\n# more\n".encode(), "harness.some.module") == before


@pytest.mark.parametrize("change", [
    ("3\n", "4\n"), ("1_000", "1_001"), ("!r", "!s"), (" é ", " e "), ("-2.5e3", "2.5e3"),
    ("key=None", "key=0"), ("/, one", "one, /"), ("ValueError", "TypeError"), ("::2", "::3"),
    ('"y"', '"z"'), ("[x async", "[y async"), ("str | None:", "str:"), ("two=1", "too=1")])
def test_every_statement_is_part_of_a_module(change):
    changed = SNIPPET.replace(*change, 1)
    assert changed != SNIPPET
    assert said(changed).sha256 != said(SNIPPET).sha256


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, min_value=0)
    | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3))


@given(VALUES, VALUES)
def test_two_values_are_told_apart(one, other):
    same = said(f"A = {one!r}\n").sha256 == said(f"A = {other!r}\n").sha256
    assert same == (repr(one) == repr(other))


def test_imports_are_found_wherever_they_stand():
    found = said('''
from typing import TYPE_CHECKING
import harness.one as first, torch.nn
if TYPE_CHECKING:
    from harness.types import Never
    import pandas
else:
    from harness.two import thing
def late():
    if first:
        from harness import three
        import sklearn.metrics, json
class Holder:
    try:
        from harness.four.deep import *
    except ImportError:
        with late(): import faiss
''')
    assert found.imports == ("harness.four.deep.*", "harness.one", "harness.three",
                             "harness.two.thing")
    assert found.libraries == ("faiss", "sklearn", "torch")


def test_a_relative_import_is_of_where_the_module_lies():
    text = "from .other import thing\nfrom . import more\nfrom ..else_where import that\n"
    assert said(text).imports == ("harness.else_where.that", "harness.some.more",
                                  "harness.some.other.thing")
    package = source_of(b"from .other import thing\n", "acme.some", package=True)
    assert package.imports == ("acme.some.other.thing",)


def test_what_adds_to_this_package_imports_this_package():
    added = source_of(b"import harness.a\nimport acme.b\nimport other.c\n", "acme.some")
    assert added == source.Source(added.sha256, ("acme.b", "harness.a"), ("other",))


def test_texts_are_read_once_and_what_is_damaged_again(tmp_path, monkeypatch):
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    root = tmp_path / "harness"
    root.mkdir()
    (root / "__init__.py").write_text("")
    (root / "one.py").write_text("A = 1\n")
    first = read_sources(root)
    assert first.keys() == {"harness", "harness.one"}
    read = []
    monkeypatch.setattr(source, "source_of",
                        lambda text, name, package: read.append(name) or source_of(text, name))
    assert read_sources(root) == first
    assert read == []
    (root / "one.py").write_text("A = 2\n")
    assert read_sources(root)["harness.one"] != first["harness.one"]
    assert read == ["harness.one"]
    for damage in ("", "[]", '{"x": 1}', '{"x": {"sha256": 1}}'):
        (kept,) = (tmp_path / "cache" / "sources").iterdir()
        kept.write_text(damage)
        assert read_sources(root)["harness"] == first["harness"]
