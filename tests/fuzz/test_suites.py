"""Suites that nobody wrote by hand."""

import math
import re
from pathlib import Path

import yaml
from hypothesis import given
from hypothesis import strategies as st
from strategies import any_json, any_text, as_json, damaged, damaged_bytes, fuzzed, ours, places
from tiny import suite_dict

from harness.suite import LoadedSuite, load_suite, methods_of

VALID = suite_dict(Path("enc"), Path("dec")) | {
    "description": "Small.", "train_sizes": [8, 12],
    "decide": {"metric": "macro_f1", "matters": 0.02, "limits": {"p95_ms": 10.0},
               "prices": {"currency": "EUR", "device_hour": 1.5}},
    "gate": {"metrics": {"accuracy": {"at_least": 0.5}}, "ratio_at_most": {"memory": 1.5}},
    "profiles": {"quick": {"budget": {"train": 12}, "gate": None, "methods": ["majority"]},
                 "full": {"backbones": {"dec": None}}},
}
SOURCES = [{"file": "data"}, {"hub": "a/b", "revision": "main"},
           {"wheel": "a==1", "sha256": "0" * 64, "path": "a/b",
            "mirrors": [{"wheel": "b==2", "sha256": "1" * 64}]}]
RAW = {f"@{i}@": raw for i, raw in enumerate((
    ".nan", ".inf", "-.inf", "2001-01-01", "2001-99-99", "2001-01-01T00:00:00Z", "1e999", "=",
    "<<", "~", "0x" + "f" * 4000, "9" * 5000, "1:" * 400 + "1", "1:" * 400 + "1.5",
    "1:" * 20 + "1.5", "0o7", "!!binary aa", "&a b", "*a", "[" * 120, "{a: " * 120, "? [a]", "'",
    "\t", "--- a\n...", "%YAML 9.9\n---"))}
TOKENS = (
    *(raw.encode() for raw in RAW.values()), b"\0", b"\xff", b"\xef\xbb\xbf", b"\xed\xa0\x80",
    b"\n", b": ", b"- ", b"? ", b"# ", b"|\n ", b"\xc2\x85", b"\"\\ud800\"", b"\"\\x00\"")
TEXT = yaml.safe_dump(VALID, sort_keys=False).encode()
profiles = st.one_of(st.none(), st.sampled_from(("quick", "full", "standard", "none", "")))
pieces = st.one_of(st.sampled_from(list(RAW)), any_json)


def written(tree: object) -> str:
    """The tree as YAML, with what JSON cannot say."""
    text = as_json(tree)
    for mark, raw in RAW.items():
        text = text.replace(f'"{mark}"', raw)
    return text


def check(loaded: LoadedSuite | None) -> None:
    if loaded is None:
        return
    assert re.fullmatch("[0-9a-f]{64}", loaded.digest)
    fields = loaded.suite.model_dump(exclude={"backbones": True, "methods": True, "task": {
        "reader": True}})
    numbers = [holder[key] for holder, key in places(fields) if isinstance(holder[key], float)]
    assert all(math.isfinite(number) for number in numbers)
    for _, location, _ in methods_of(loaded.suite):
        assert ours(loaded.source.line, location) >= 1


@fuzzed
@given(data=st.one_of(st.binary(max_size=60), any_text.map(lambda t: t.encode("utf-8", "replace")),
                      damaged_bytes(TEXT, tokens=TOKENS)), profile=profiles)
def test_bytes_are_a_suite_or_an_error_of_ours(folder, data, profile):
    path = folder / "suite.yaml"
    path.write_bytes(data)
    check(ours(load_suite, path, profile))


@fuzzed
@given(tree=damaged(VALID, values=pieces), profile=profiles)
def test_a_damaged_suite_is_a_suite_or_an_error_of_ours(folder, tree, profile):
    path = folder / "suite.yaml"
    path.write_text(written(tree))
    check(ours(load_suite, path, profile))


@fuzzed
@given(source=st.sampled_from(SOURCES).flatmap(damaged),
       reader=damaged({"r": VALID["task"]["reader"]}, values=pieces))
def test_a_damaged_task_is_a_task_or_an_error_of_ours(folder, source, reader):
    path = folder / "suite.yaml"
    task = VALID["task"] | {"source": source, "reader": reader.get("r")
                            if isinstance(reader, dict) else reader}
    path.write_text(written(VALID | {"task": task}))
    check(ours(load_suite, path))


@fuzzed
@given(change=damaged(VALID["profiles"], values=pieces), profile=profiles)
def test_a_damaged_profile_is_a_profile_or_an_error_of_ours(folder, change, profile):
    path = folder / "suite.yaml"
    path.write_text(written(VALID | {"profiles": change}))
    check(ours(load_suite, path, profile))
