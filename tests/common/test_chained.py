"""Lines that only grow: what was done to them shows, with the line."""

import json

import pytest

from harness.common.chained import Break, chain_text, chained, read_chain


@pytest.fixture
def lines():
    found = ()
    for number in range(4):
        found = (*found, chained(found, {"what": number}))
    return found


def test_lines_come_back_as_they_were_written(lines):
    assert read_chain(chain_text(lines)) == (lines, None)
    assert read_chain("") == ((), None)
    assert [line["before"] for line in lines] == ["", *(line["sha256"] for line in lines[:-1])]


@pytest.mark.parametrize("end", ["\u2028", "\u2029", "\x85", "\x0b", "\x1e", "\r", "\n", "\r\n"])
def test_whatever_ends_a_line_elsewhere_ends_none_here(end, tmp_path):
    """Names and texts of strangers stand in the lines."""
    lines = (chained((), {"name": f"a{end}b"}),)
    file = tmp_path / "lines.jsonl"
    file.write_text(chain_text((*lines, chained(lines, {"name": "ü"}))), encoding="utf-8")
    found, broken = read_chain(file.read_text(encoding="utf-8"))
    assert broken is None
    assert [line["name"] for line in found] == [f"a{end}b", "ü"]
    assert "ü" in file.read_text(encoding="utf-8"), "a person reads it in a repository"


@pytest.mark.parametrize(("harm", "found"), [
    (lambda texts: [texts[0], *texts[2:]], Break(2, "moved")),
    (lambda texts: texts[1:], Break(1, "moved")),
    (lambda texts: [*texts, texts[-1]], Break(5, "moved")),
    (lambda texts: [*texts[:3], texts[3].replace("3", "9", 1)], Break(4, "edited")),
    (lambda texts: [*texts, "[1]"], Break(5, "no-line")),
    (lambda texts: [*texts, "[" * 100_000], Break(5, "no-line")),
    (lambda texts: [*texts[:3], texts[3][:-5]], Break(4, "no-line"))])
def test_the_first_line_that_is_not_as_it_was_is_named(lines, harm, found):
    texts = [json.dumps(line) for line in lines]
    sound, broken = read_chain("\n".join(harm(texts)))
    assert broken == found
    assert len(sound) == found.number - 1
