"""Suites that explode, construct objects or hold more than a suite does."""

import pytest
from command_line import harness, refused

LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{b}: &{b} [{', '.join(['*' + a] * 9)}]\n"
    for a, b in zip("abcdefgh", "bcdefghi", strict=True))


@pytest.mark.parametrize(("text", "words"), [
    (LAUGHS, "aliases and tags are not allowed"),
    ("name: !!python/object/apply:os.system ['touch owned']\n", "aliases and tags"),
    ("name: !!python/object/new:subprocess.Popen [[touch, owned]]\n", "aliases and tags"),
    ("name: !!python/name:os.system\n", "aliases and tags"),
    ("!!python/module:this x: 1\n", "aliases and tags"),
    ("x: &a\n  <<: *a\n", "aliases and tags"),
    ("name: tiny\nname: other\n", "given twice"),
    ("{" * 900_000, "nested deeper than 50 levels"),
    ("[" * 900_000, "nested deeper than 50 levels"),
    ("a: [" + "{}, " * 20_000 + "]", "more than 20,000"),
    ("- " * 400_000 + "x", "nested deeper than 50 levels"),
    ("# " + "x" * 1_000_001, "larger than 1,000,000 bytes"),
    ("name: \x1b[2J\n", "not"),
    ("name: tiny\n\x1b]0;owned\x07: 1\n", "not"),
    ("title: 2026-99-99\n", "not valid YAML"),
    ("- just\n- a list\n", "a suite is a mapping"),
], ids=lambda value: value[:24])
def test_a_hostile_suite_is_refused(tmp_path, monkeypatch, text, words):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad.yaml").write_text(text)
    refused(harness("plan", "bad.yaml"), "bad.yaml", words)
    assert [p.name for p in tmp_path.iterdir()] == ["bad.yaml"]


def test_every_command_refuses_it(tmp_path):
    path = tmp_path / "bad.yaml"
    path.write_text(LAUGHS)
    for words in (("run", path), ("report", path), ("gate", "x", "--suite", path),
                  ("forget", "x", "--base", "y", "--suite", path),
                  ("predict", "x", "--suite", path, "--input", path, "--output", "o.parquet")):
        refused(harness(*words), "bad.yaml:2", "aliases and tags")


def test_field_names_and_values_are_shown_without_their_codes(suite_file):
    text = suite_file.read_text()
    suite_file.write_text(text + '"\\e]0;owned\\a[bold red]x\\u202e": 1\n')
    refused(harness("plan", suite_file), "unknown field", "[bold red]x")
    suite_file.write_text(text.replace("seeds: 2", 'seeds: "\\e[2Jmany"'))
    refused(harness("plan", suite_file), "budget.seeds")


@pytest.mark.parametrize("name", ["../../evil", "a/b", "/etc/evil", "..", "=1+1"])
def test_a_suite_s_name_is_no_path(suite_file, name):
    suite_file.write_text(suite_file.read_text().replace("name: tiny", f"name: '{name}'"))
    refused(harness("plan", suite_file), "name")
