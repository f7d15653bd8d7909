"""The file of looks: it only grows, and what was done to it shows."""

import json

import numpy as np
import pytest

from harness.common.errors import HarnessError
from harness.watch.kept import Look, add_look, number_of, read_looks
from harness.watch.labelled import Counted, counted, labelled, new_units


def look(number, texts, baseline="b", **more):
    return Look(before="", baseline=baseline, at="2026-01-01T00:00:00+00:00", look=number,
                texts=texts, **more)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "looks.jsonl"
    for number, texts in enumerate(("x", "y", "z"), start=1):
        names = tuple(f"{texts}{i}" for i in (1, 2, 3))
        add_look(path, read_looks(path, "b")[0],
                 look(number, texts, unit="items", right=2.0, counted=names))
    return path


def test_looks_are_read_as_they_were_written_and_of_one_baseline(file):
    everything, own = read_looks(file, "b")
    assert [one.texts for one in own] == ["x", "y", "z"]
    assert own[0].day == (2.0, 1.0)
    add_look(file, everything, look(1, "x", "other"))
    assert len(read_looks(file, "b")[1]) == 3
    assert len(read_looks(file, "other")[1]) == 1
    assert read_looks(file.with_name("none"), "b") == ((), ())


def test_a_table_keeps_its_number(file):
    own = read_looks(file, "b")[1]
    assert number_of(own, "y") == 2
    assert number_of(own, "new") == 4
    assert number_of((), "x") == 1


@pytest.mark.parametrize("harm", [
    lambda lines: [lines[0], lines[2]], lambda lines: lines[1:],
    lambda lines: [lines[1], lines[0], lines[2]],
    lambda lines: [lines[0].replace('"right": 2.0', '"right": 3.0'), *lines[1:]],
    lambda lines: [*lines, "{}"], lambda lines: [*lines[:2], lines[2][:40]],
    lambda lines: [*lines, "[" * 100_000]])
def test_what_was_taken_out_moved_edited_or_cut_shows(file, harm):
    file.write_text("\n".join(harm(file.read_text().splitlines())) + "\n")
    with pytest.raises(HarnessError, match=r"looks.jsonl, line \d: is not as it was written"):
        read_looks(file, "b")


def test_a_unit_counts_once_and_units_do_not_mix(file):
    own = read_looks(file, "b")[1]
    found = new_units(Counted("items", ("y1", "new"), np.array([1.0, 0.0])), own)
    assert found.ids == ("new",)
    assert found.right.tolist() == [0.0]
    with pytest.raises(HarnessError, match="counted items, and this one groups"):
        new_units(Counted("groups", ("g",), np.array([1.0])), own)


def test_a_group_counts_as_one_with_its_share_right():
    found = counted(["i", "j", "k"], ["g", "g", "h"], np.array([True, False, True]), "groups")
    assert sorted(found.right.tolist()) == [0.5, 1.0]
    assert not {"g", "h"} & set(found.ids)
    alone = counted(["i", "j", "k"], ["g", "g", "h"], np.array([True, False, True]), "items")
    assert alone.ids == ("i", "j", "k")


def test_what_all_days_say_is_of_all_units(file):
    own = read_looks(file, "b")[1]
    new = Counted("items", ("n",), np.array([0.0]))
    found = labelled(new, 3, own, (0.9, (0.85, 0.95)), 0.05, 0.05)
    assert (found.units, found.right, found.new, found.known) == (10, 6.0, 1, 2)
    assert found.least == pytest.approx(0.8)
    assert found.needed == 40
    assert found.low < 0.6 < found.high


def test_no_line_has_a_text(file):
    assert set(json.loads(file.read_text().splitlines()[0])) == {
        "before", "baseline", "at", "look", "texts", "unit", "right", "counted", "sha256"}
