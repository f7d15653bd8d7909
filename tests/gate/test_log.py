"""A log that only grows, and what shows that it did not."""

import json
import multiprocessing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.common.errors import HarnessError
from harness.common.sealed import seal
from harness.gate.log import Log, append, read_log


def log_of(folder, count=5):
    log = Log(folder / "s.log.jsonl")
    for number in range(count):
        with log.alone():
            append(log, {"event": "attempt", "what": f"{number}"})
    return log


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    log = log_of(tmp_path_factory.mktemp("log"))
    return log.path.read_text(), log.head.read_text()


def test_lines_are_read_as_they_were_added(tmp_path):
    log = log_of(tmp_path)
    lines = read_log(log)
    assert [line["what"] for line in lines] == list("01234")
    assert [line["line"] for line in lines] == [1, 2, 3, 4, 5]
    assert [line["before"] for line in lines] == ["", *(line["sha256"] for line in lines[:-1])]
    assert not read_log(Log(tmp_path / "none.log.jsonl"))


def test_what_was_written_before_stays_byte_for_byte(tmp_path):
    log = log_of(tmp_path, 2)
    before = log.path.read_bytes()
    with log.alone():
        append(log, {"event": "outcome"})
    assert log.path.read_bytes().startswith(before)


CHANGES = {
    "removed from the middle": (lambda lines: lines[:2] + lines[3:], "line 3 does not follow"),
    "removed from the beginning": (lambda lines: lines[1:], "line 1 does not follow"),
    "removed from the end": (lambda lines: lines[:-1], "has 4 lines, and its head names 5"),
    "emptied": (lambda lines: [], "has 0 lines, and its head names 5"),
    "moved": (lambda lines: [lines[1], lines[0], *lines[2:]], "line 1 does not follow"),
    "doubled": (lambda lines: [*lines, lines[-1]], "line 6 does not follow"),
    "edited": (lambda lines: [*lines[:3], lines[3].replace('"3"', '"9"'), lines[4]],
               "line 4 does not have its hash"),
    "cut short": (lambda lines: [*lines[:4], lines[4][:-9]], "line 5 is no line"),
    "a list": (lambda lines: [*lines[:4], "[1]"], "line 5 is no line")}


@pytest.mark.parametrize("change", CHANGES)
def test_any_change_is_refused_with_its_line(tmp_path, change):
    log, (make, words) = log_of(tmp_path), CHANGES[change]
    log.path.write_text("\n".join(make(log.path.read_text().splitlines())))
    with pytest.raises(HarnessError, match=words):
        read_log(log)
    with log.alone(), pytest.raises(HarnessError, match=words):
        append(log, {"event": "attempt"})


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_no_byte_of_it_can_be_another(whole, tmp_path_factory, data):
    """One character of the log or of its head."""
    folder = tmp_path_factory.mktemp("one")
    log = Log(folder / "s.log.jsonl")
    texts = list(whole)
    which = data.draw(st.integers(0, 1))
    place = data.draw(st.integers(0, len(texts[which]) - 1))
    other = data.draw(st.sampled_from("0a}{\"x9 \n"))
    texts[which] = texts[which][:place] + other + texts[which][place + 1:]
    log.path.write_text(texts[0])
    log.head.write_text(texts[1])

    def same():
        return ([json.loads(line) for line in texts[0].splitlines()],
                json.loads(texts[1])) == ([json.loads(line) for line in whole[0].splitlines()],
                                          json.loads(whole[1]))
    try:
        read_log(log)
    except HarnessError:
        return
    assert same(), (which, place, other)


def test_lines_sealed_anew_do_not_follow_the_head(tmp_path):
    """A last line that someone wrote in the place of another."""
    log = log_of(tmp_path)
    lines = log.path.read_text().splitlines()
    last = json.loads(lines[-1]) | {"what": "mine"}
    lines[-1] = json.dumps(last | {"sha256": seal(last)})
    log.path.write_text("\n".join(lines) + "\n")
    with pytest.raises(HarnessError, match="line 5 is not the one that its head names"):
        read_log(log)


@pytest.mark.parametrize("lost", ["path", "head"])
def test_half_of_it_is_none(tmp_path, lost):
    log = log_of(tmp_path)
    getattr(log, lost).unlink()
    assert log.there
    with pytest.raises(HarnessError, match="No such file"):
        read_log(log)


def test_a_log_a_line_ahead_of_its_head_is_whole(tmp_path):
    """As a process leaves it that ends between the two."""
    log = log_of(tmp_path)
    head = log.head.read_text()
    with log.alone():
        append(log, {"event": "outcome"})
    log.head.write_text(head)
    assert len(read_log(log)) == 6
    with log.alone():
        append(log, {"event": "outcome"})
    assert len(read_log(log)) == 7


def _add(path, count):
    log = Log(path)
    for number in range(count):
        with log.alone():
            append(log, {"event": "attempt", "what": str(number)})


def test_processes_that_write_at_once_lose_no_line(tmp_path):
    path = tmp_path / "s.log.jsonl"
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=_add, args=(path, 10)) for _ in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    assert len(read_log(Log(path))) == 40
