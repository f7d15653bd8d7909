"""Suites are read by libyaml where it reads as PyYAML does, and faults are said by PyYAML."""

from pathlib import Path

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from harness.common import located
from harness.common.errors import HarnessError
from harness.common.located import read_yaml

PIECES = st.sampled_from([
    *" \n:-{}[],#'\"|>?!&*%@`~0.eE+a\\\t\ufeffé😀", "\n  ", "\n- ", ": ", "\\ud800", "1e5", "0x1F",
    "1:30", "2001-01-01", "null", "yes", "<<", "---", "...", "key"])


def read(text, path):
    path.write_text(text, encoding="utf-8")
    try:
        return read_yaml(path)
    except HarnessError as error:
        return str(error)


def by_pyyaml(text, path):
    before, located.FAST = located.FAST, yaml.SafeLoader
    try:
        return read(text, path)
    finally:
        located.FAST = before


@given(st.lists(PIECES, max_size=25).map("".join))
@example("a: x\ty")
@example("a: >#b\n  c")
@example("a: 1\nb: [1, {c: 2}]\n")
def test_what_is_read_is_what_pyyaml_reads(tmp_path_factory, text):
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    found, expected = read(text, path), by_pyyaml(text, path)
    if isinstance(expected, str) and not isinstance(found, str):
        # The one laxity: PyYAML takes a question mark in a flow for a key's beginning.
        assert "?" in text
    elif isinstance(expected, str) or expected.value is None:
        assert getattr(found, "value", found) == getattr(expected, "value", expected)
    else:
        assert (repr(found.value), found.lines) == (repr(expected.value), expected.lines)


@pytest.mark.parametrize("path", sorted(Path("suites").glob("*.yaml")), ids=lambda path: path.stem)
def test_suites_that_ship_have_the_same_lines(path):
    text = path.read_text()
    assert not located.ODD.search(text)
    fast, pure = (located._located(text, path, loader) for loader in (located.FAST,
                                                                      yaml.SafeLoader))
    assert fast == pure


@pytest.mark.parametrize("text", [
    "a: [1, 2", "a: 'x", "a: 1\n\tb: 2", "a: @x", "a: 1\n b: 2", 'a: "\\q"', "a: *b", "{" * 60])
def test_a_fault_has_the_words_of_pyyaml(tmp_path, text):
    path = tmp_path / "bad.yaml"
    found = read(text, path)
    assert isinstance(found, str)
    assert found == by_pyyaml(text, path)
