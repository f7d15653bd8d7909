"""Damage: to bytes, and to trees of JSON values."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Callable
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

from harness.common.errors import HarnessError

fuzzed = settings.get_profile(os.environ.get("FUZZ_PROFILE", "quick"))

ODD_TEXTS = ("", " ", "\0", "\n", "\r\n", "\x85", "\u2028", "\ufeff", "\x1b[31m", "\u202etxt.exe",
             "\ud800", "𝔘", "ß", "..", "/", "../..", "~", "a" * 300, "null", "true", "1e5", "-0",
             "{text}", "{", "%s", "tag:wheel", "__class__", "NaN")
ODD_NUMBERS = (0, -1, 1, 2, 10**6, 2**31, 2**63, 2**64, -(2**63) - 1, 10**30, 10**400,
               0.0, -0.0, 0.5, 1e308, 5e-324, float("nan"), float("inf"), float("-inf"))
any_text = st.one_of(st.sampled_from(ODD_TEXTS), st.text(max_size=12),
                     st.text(st.characters(), max_size=6))
any_number = st.one_of(st.sampled_from(ODD_NUMBERS), st.integers(), st.floats())
any_scalar = st.one_of(st.none(), st.booleans(), any_number, any_text)
any_json = st.recursive(any_scalar, lambda inner: st.one_of(
    st.lists(inner, max_size=3), st.dictionaries(any_text, inner, max_size=3)), max_leaves=6)


def ours(call: Callable[..., Any], *args: Any) -> Any:
    """What the call gives; None where it raises an error of ours that can be shown."""
    try:
        return call(*args)
    except HarnessError as error:
        _check_shown(error)
        return None


def _check_shown(error: HarnessError) -> None:
    said = str(error)
    said.encode()
    assert error.found
    assert said.count("\n") <= 1
    assert "\0" not in said


def places(tree: Any) -> list[tuple[Any, Any]]:
    """Every container of the tree with every key or index in it."""
    found, ahead = [], [tree]
    while ahead:
        node = ahead.pop()
        if isinstance(node, dict | list | tuple):
            inner = node.items() if isinstance(node, dict) else enumerate(node)
            for key, value in inner:
                found.append((node, key))
                ahead.append(value)
    return found


def nested(depth: int, value: Any) -> Any:
    """The value in as many lists and mappings."""
    for i in range(depth):
        value = [value] if i % 2 else {"a": value}
    return value


@st.composite
def damaged(draw: st.DrawFn, tree: Any, most: int = 3, values: st.SearchStrategy = any_json) -> Any:
    """The tree with a few places removed, replaced, renamed, doubled, swapped or buried."""
    tree = copy.deepcopy(tree)
    for _ in range(draw(st.integers(1, most))):
        found = places(tree)
        if not found:
            return draw(values)
        holder, key = found[draw(st.integers(0, len(found) - 1))]
        how = draw(st.sampled_from(("replace", "replace", "remove", "rename", "bury", "swap",
                                    "odd number", "odd text", "grow")))
        _damage(draw, how, holder, key, found, values)
    return tree


def _damage(draw: st.DrawFn, how: str, holder: Any, key: Any, found: list[tuple[Any, Any]],
            values: st.SearchStrategy) -> None:
    if how == "remove":
        del holder[key]
    elif how == "rename" and isinstance(holder, dict):
        holder[draw(any_text)] = holder.pop(key)
    elif how == "bury":
        holder[key] = nested(draw(st.sampled_from((1, 2, 50, 190, 300))), holder[key])
    elif how == "swap":
        other, at = found[draw(st.integers(0, len(found) - 1))]
        holder[key] = copy.deepcopy(other[at])
    elif how == "odd number":
        holder[key] = draw(any_number)
    elif how == "odd text":
        holder[key] = draw(any_text)
    elif how == "grow" and isinstance(holder, list):
        holder.append(copy.deepcopy(holder[key]))
    elif how == "grow":
        holder[draw(any_text)] = draw(values)
    else:
        holder[key] = draw(values)


@st.composite
def damaged_bytes(draw: st.DrawFn, data: bytes, most: int = 4,
                  tokens: tuple[bytes, ...] = ()) -> bytes:
    """The bytes cut, flipped, spliced, or with something put in between."""
    for _ in range(draw(st.integers(1, most))):
        at = draw(st.integers(0, len(data)))
        how = draw(st.sampled_from(("cut", "flip", "insert", "token", "drop", "splice")))
        if how == "cut":
            data = data[:at]
        elif how == "flip" and at < len(data):
            data = data[:at] + bytes([data[at] ^ draw(st.integers(1, 255))]) + data[at + 1:]
        elif how == "drop":
            data = data[:at] + data[at + draw(st.integers(1, 40)):]
        elif how == "splice":
            start = draw(st.integers(0, len(data)))
            data = data[:at] + data[start:start + draw(st.integers(1, 40))] + data[at:]
        elif how == "token" and tokens:
            data = data[:at] + draw(st.sampled_from(tokens)) + data[at:]
        else:
            data = data[:at] + draw(st.binary(min_size=1, max_size=8)) + data[at:]
    return data


def as_json(tree: Any) -> str:
    """JSON with escapes, so that a lone surrogate can be written, and NaN as Python writes it."""
    return json.dumps(tree)
