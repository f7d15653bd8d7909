"""Same knowledge: what searches hold, by content."""

import pytest
from ruled import changed, rule, ruled

from harness.measure.retrieval import PassageRetrieval, Retrieval

NAME = "Same knowledge"
EXAMPLES = {"indexed": 64, "index_bytes": 1, "build_seconds": 0.1, "k": 3,
            "same_label_hit_rate": 0.5, "same_label_share": 0.5}
PASSAGES = {"index": "flat", "indexed": 7, "index_bytes": 1, "build_seconds": 0.1,
            "update_passages": 0, "update_seconds": 0.0, "k": 3, "recall": None, "mrr": None,
            "answer_share": 0.5, "indexed_sha256": "passages"}


def searching(part, **fields):
    """A study in which `full` answers by a search; the corpus has seven passages."""
    study, tables = ruled()
    data = study.data.model_copy(update={"passages": 7, "passages_sha256": "passages"})

    def search(record):
        own = {"indexed_sha256": record.budget_used.read.train_sha256}
        found = Retrieval(**EXAMPLES | own | fields) if part is Retrieval else PassageRetrieval(
            **PASSAGES | fields)
        return record.model_copy(update={"retrieval": found})

    return changed(study.model_copy(update={"data": data}), search), tables


@pytest.mark.parametrize(("part", "said"), [
    (Retrieval, "by content 2 index what they were trained on, 0 the passages"),
    (PassageRetrieval, "by content 0 index what they were trained on, 2 the passages"),
])
def test_searches_that_hold_what_they_may_keep_the_rule(part, said):
    found = rule(NAME, *searching(part))
    assert found.held is True
    assert said in found.evidence


@pytest.mark.parametrize(("part", "fields", "said"), [
    (Retrieval, {"indexed_sha256": "train 0"}, "full (b), seed 1: indexes other texts"),
    (Retrieval, {"indexed": 65}, "full (b), seed 0: indexes 65, where there are 64"),
    (PassageRetrieval, {"indexed_sha256": "other"}, "full (b), seed 0: indexes other texts"),
    (PassageRetrieval, {"indexed": 6}, "full (b), seed 0: indexes 6, where there are 7"),
])
def test_a_search_that_holds_anything_else_breaks_it(part, fields, said):
    found = rule(NAME, *searching(part, **fields))
    assert found.held is False
    assert said in found.evidence


def test_without_a_search_or_a_record_of_what_it_holds_nothing_is_said():
    assert rule(NAME, *ruled()).held is None
    for part in (Retrieval, PassageRetrieval):
        assert rule(NAME, *searching(part, indexed_sha256=None)).held is None
    study, tables = searching(PassageRetrieval)
    unknown = study.data.model_copy(update={"passages_sha256": None})
    assert rule(NAME, study.model_copy(update={"data": unknown}), tables).held is None
