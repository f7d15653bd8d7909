"""Records, baselines and published studies that were damaged or made up."""

import io
import json
import math

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import as_json, damaged, damaged_bytes, fuzzed, ours, places
from synthetic import LABELS, answers, examples, published, record

from harness.common.sealed import seal, sealed
from harness.gate.baseline import Approval, Baseline, read_baseline
from harness.report.published import Published, published_json, read_published
from harness.study.record import Record
from harness.study.store import PREDICTIONS, RECORD, Store
from harness.study.tables import class_table
from harness.targets.kinds import KINDS

TOKENS = (b"NaN", b"Infinity", b'"NaN"', b"1e999", b"9" * 5000, b"null", b"{}", b"[" * 300, b"\0",
          b'"\\ud800"', b"\xff", b"\xef\xbb\xbf", b'"schema_version": 99,', b"-1", b'""')
ITEMS = 6


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A store with one whole run: its folder, its record's bytes, its predictions' bytes."""
    import numpy as np

    asked = examples(ITEMS)
    probabilities = answers(np.random.default_rng(0), asked, 2.0, len(LABELS))
    store = Store(tmp_path_factory.mktemp("runs"))
    made = store.write(record("full", 0, asked, probabilities),
                       class_table(asked, probabilities, LABELS))
    folder = store.path(made.identity.run_id)
    return store, made, (folder / RECORD).read_bytes(), (folder / PREDICTIONS).read_bytes()


def resealed(tree) -> bytes:
    """The tree as JSON, with the hash that it should have where it can have one."""
    return (sealed(as_json(tree)) if isinstance(tree, dict) else as_json(tree)).encode(
        "utf-8", "surrogatepass")


@fuzzed
@given(data=st.data())
def test_a_damaged_record_is_never_a_result(kept, data):
    store, made, text, _ = kept
    run_id = made.identity.run_id
    damage = data.draw(st.one_of(damaged_bytes(text, tokens=TOKENS),
                                 damaged(json.loads(text)).map(resealed)))
    (store.path(run_id) / RECORD).write_bytes(damage)
    found = ours(store.load, run_id)
    (store.path(run_id) / RECORD).write_bytes(text)
    if found is not None:
        assert Record.model_validate_json(found.model_dump_json()) == found or not finite(found)
        assert found.status.state != "ok" or found.predictions_sha256 == made.predictions_sha256
    assert store.load(run_id) == made


@fuzzed
@given(data=st.data())
def test_a_record_with_damaged_predictions_is_absent(kept, data):
    store, made, _, table = kept
    path = store.path(made.identity.run_id) / PREDICTIONS
    damage = data.draw(damaged_bytes(table))
    path.write_bytes(damage)
    assert store.load(made.identity.run_id) == (made if damage == table else None)
    path.write_bytes(table)
    assert store.load(made.identity.run_id) == made


def finite(part) -> bool:
    """Whether every number of a part is one: NaN is not equal to itself."""
    fields = part.model_dump()
    return all(math.isfinite(holder[key]) for holder, key in places(fields)
               if isinstance(holder[key], float))


@pytest.fixture(scope="module")
def baseline(kept):
    """The fields of a baseline of the kept run, without its hash."""
    _, made, _, table = kept
    answered = pq.read_table(io.BytesIO(table))
    return Baseline(
        suite="s", suite_sha256="0" * 64, kind="classification", record=made, origin="o",
        splits_sha256="0" * 64, labels=LABELS, artifact_sha256="0" * 64, artifact_bytes=5,
        approval=Approval(by=None, at="2026-01-01T00:00:00+00:00", note=""),
        items=tuple(answered["item"].to_pylist()),
        targets=tuple(answered["target"].to_pylist()),
        answers=tuple(zip(*(answered[f"p:{label}"].to_pylist() for label in LABELS),
                                strict=True)), sha256="").model_dump(mode="json")


def check_baseline(found: Baseline | None) -> None:
    """What the gate takes for granted of a baseline."""
    if found is None:
        return
    assert len(found.items) == len(found.targets) == len(found.answers)
    assert len(set(found.items)) == len(found.items) > 0
    kind = KINDS[found.kind]
    for answer in found.answers if kind.classes else ():
        assert len(answer) == len(found.labels)
        assert all(map(math.isfinite, answer))
    assert kind.classes or all(isinstance(answer, str) or math.isfinite(answer)
                               for answer in found.answers)


@fuzzed
@given(data=st.data())
def test_a_damaged_baseline_is_not_read(folder, baseline, data):
    path = folder / "s.json"
    fields = baseline | {"sha256": seal(baseline)}
    path.write_text(json.dumps(fields))
    whole = read_baseline(path)
    path.write_bytes(data.draw(st.one_of(
        damaged_bytes(json.dumps(fields).encode(), tokens=TOKENS),
        damaged(fields).map(lambda t: as_json(t).encode()))))
    found = ours(read_baseline, path)
    assert found is None or found == whole


@fuzzed
@given(data=st.data())
def test_a_made_up_baseline_with_the_right_hash_fits_together(folder, baseline, data):
    path = folder / "s.json"
    light = {k: baseline[k] for k in ("kind", "labels", "items", "targets", "answers", "history",
                                      "artifact_bytes", "schema_version")}
    changed = data.draw(damaged(light, most=2))
    fields = baseline | changed if isinstance(changed, dict) else changed
    if isinstance(fields, dict):
        fields["sha256"] = seal(fields)
    path.write_text(json.dumps(fields))
    check_baseline(ours(read_baseline, path))


@pytest.fixture(scope="module")
def study():
    """A small `study.json`."""
    return published_json(published({"full": 2.0}, items=12, seeds=1, majority=False))


@fuzzed
@given(data=st.data())
def test_a_damaged_study_is_a_study_or_an_error_of_ours(folder, study, data):
    path = folder / "study.json"
    path.write_bytes(data.draw(st.one_of(
        damaged_bytes(study.encode(), tokens=TOKENS),
        damaged(json.loads(study)).map(resealed))))
    found = ours(read_published, path)
    if found is not None:
        again = Published.model_validate_json(found.model_dump_json())
        assert again == found or not finite(found)
