"""Attempts as the log counts them, without a model."""

from types import SimpleNamespace

import pytest

from harness.common.errors import HarnessError
from harness.gate import attempts
from harness.gate.attempts import (
    Book,
    Tried,
    answered_before,
    approve_in,
    attempts_in,
    begin,
    coming,
    counts,
    end,
    tried,
)
from harness.gate.log import Log, read_log
from harness.gate.verdict import Attempt
from harness.measure.part import RecordPart
from harness.suite import Gate


def baseline(name="a"):
    return SimpleNamespace(
        sha256=f"file of {name}", against=name, name=f"model {name}",
        record=SimpleNamespace(identity=SimpleNamespace(run_id=f"run {name}")),
        approval=SimpleNamespace(by="someone"))


def book(folder, name="a", limit=10):
    return Book(Log(folder / "s.log.jsonl"), baseline(name), limit)


def model(key):
    return Tried(key, f"candidate {key}", "0" * 64, None)


def test_each_attempt_has_its_number_and_its_part_of_the_5_percent(tmp_path):
    found = [begin(book(tmp_path), model(key)) for key in "xyzx"]
    assert [a.number for a in found] == [1, 2, 3, 1], "the same again is no new one"
    assert [a.alpha for a in found] == pytest.approx([0.05 / 2, 0.05 / 6, 0.05 / 12, 0.05 / 2])
    assert [a.spent for a in found[:3]] == pytest.approx([0.05 / 2, 0.1 / 3, 0.15 / 4])
    assert coming(book(tmp_path)).number == 4
    assert [line["tried"] for line in read_log(book(tmp_path).log)] == ["x", "y", "z"]


def test_no_more_than_the_limit_but_those_that_were_begun_stand(tmp_path):
    for key in "xy":
        begin(book(tmp_path, limit=2), model(key))
    for refused in (lambda: begin(book(tmp_path, limit=2), model("z")),
                    lambda: coming(book(tmp_path, limit=2))):
        with pytest.raises(HarnessError, match="2 attempts were made against model a, of 2"):
            refused()
    assert begin(book(tmp_path, limit=1), model("y")).number == 2, "under a limit lowered since"
    assert begin(book(tmp_path, limit=3), model("z")).number == 3


class Small(RecordPart):
    """What is kept of a result."""

    outcome: str
    attempt: Attempt | None = None
    broken: tuple[str, ...] = ()
    mended: tuple[str, ...] = ()


def test_an_answer_is_kept_and_comes_back_whatever_the_limit_is_since(tmp_path, monkeypatch):
    monkeypatch.setattr(attempts, "GateResult", Small)
    for key in "xy":
        begin(book(tmp_path), model(key))
    assert answered_before(book(tmp_path), model("y")) is None
    end(book(tmp_path), model("y"), Small(outcome="failed", broken=("item",)))
    again = answered_before(book(tmp_path, limit=1), model("y"))
    assert (again.outcome, again.broken) == ("failed", ()), "no item of the gate's is told"
    assert (again.attempt.number, again.attempt.kept) == (2, True)
    assert answered_before(book(tmp_path), model("x")) is None
    assert end(book(tmp_path), model("y"), Small(outcome="passed")).outcome == "failed"
    assert [line["event"] for line in read_log(book(tmp_path).log)].count("outcome") == 1


def test_attempts_against_another_model_are_its_own(tmp_path):
    begin(book(tmp_path), model("x"))
    assert begin(book(tmp_path, "b"), model("x")).number == 1
    assert begin(book(tmp_path, "b"), model("y")).number == 2
    assert coming(book(tmp_path)).number == 2


def test_an_attempt_stands_beside_its_own_outcome(tmp_path):
    one = book(tmp_path)
    approve_in(one.log, one.baseline)
    lines = ({"event": "attempt", "against": "a", "number": 1},
             {"event": "attempt", "against": "b", "number": 1},
             {"event": "attempt", "against": "a", "number": 2},
             {"event": "outcome", "against": "a", "number": 2})
    assert list(attempts_in((*read_log(one.log), *lines))) == [
        (lines[0], None), (lines[1], None), (lines[2], lines[3])]


RULES = Gate(artifact_bytes_at_most=1)


def key(run_id="r", sha256="s", base="b", max_length=9, labels=(), forgetting=None, policy=RULES):
    """Of a run of ours, or of a stranger's folder."""
    record = run_id and SimpleNamespace(identity=SimpleNamespace(run_id=run_id))
    candidate = SimpleNamespace(name="c", sha256=sha256, record=record,
                                base=base and SimpleNamespace(sha256=base))
    measure = SimpleNamespace(forgetting=forgetting)
    loaded = SimpleNamespace(suite=SimpleNamespace(measure=measure))
    context = SimpleNamespace(loaded=loaded, max_length=max_length, labels=dict(labels))
    found = tried(candidate, context, policy)
    assert (found.name, found.sha256, found.run_id) == ("c", sha256, run_id)
    return found.key


def test_an_attempt_is_a_candidate_as_it_is_read_under_a_policy():
    others = [key(run_id="q"), key(run_id=None), key(sha256="t"), key(base="c"), key(base=None),
              key(labels=[("x", "y")]), key(labels=[("y", "x")]),
              key(forgetting=SimpleNamespace(model_dump=lambda mode: {"a": 1})),
              key(policy=Gate(artifact_bytes_at_most=2)), key(run_id=None, max_length=8)]
    assert len({key(), *others}) == 1 + len(others)
    assert key(max_length=8) == key(), "a run of ours knows how much it reads"
    assert key(policy=RULES.model_copy(update={"attempts": 3})) == key()
    assert key(labels=[("x", "y"), ("a", "b")]) == key(labels=[("a", "b"), ("x", "y")])


@pytest.mark.parametrize(("policy", "part", "there", "counted"), [
    (RULES, False, False, False), (None, False, False, False), (None, True, False, True),
    (RULES, True, False, True), (RULES.model_copy(update={"attempts": 3}), False, False, True),
    (RULES, False, True, True)])
def test_attempts_are_counted_where_anything_says_so(tmp_path, policy, part, there, counted):
    log = book(tmp_path).log
    if there:
        approve_in(log, baseline())
    assert counts(policy, part, log) is counted
