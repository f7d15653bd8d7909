import dataclasses

from harness.common.provenance import Provenance
from harness.study import check, examined
from harness.study.planning.plan import make_plan


def test_findings_of_other_code_or_texts_are_not_taken_for_these(loaded, device, monkeypatch):
    found = check._look(make_plan(loaded, device))
    before = found.key
    assert found.key == before
    first, *rest = found.splits.train
    shouted = dataclasses.replace(first, text=first.text.upper())  # folds to the same
    other = dataclasses.replace(found.splits, train=(shouted, *rest))
    assert other.sha256 == found.splits.sha256
    assert dataclasses.replace(found, splits=other).key != before
    monkeypatch.setattr(examined, "provenance", lambda *_, known: Provenance("other code", {}))
    assert found.key != before
