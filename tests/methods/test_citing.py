"""Passages with numbers, and answers that end with one."""

import numpy as np
import pytest

from harness.backbones.encoding.features import FeatureStore
from harness.common.clock import Clock
from harness.methods import register_all
from harness.methods.asking.citing import without_citation
from harness.methods.job import Job
from harness.methods.learning.decoder import plain_decoder
from harness.methods.method import METHODS
from harness.suite import Budget
from harness.targets.metrics import TOKEN_F1

register_all()
CITING = {"search": "bm25", "tokens": 160, "cite": True}


@pytest.fixture
def job(quiz_task, decoder, encoder, device, tmp_path):
    splits = quiz_task.splits
    return Job(quiz_task, splits.train, splits.validation,
               Budget(train=14, validation=5, test=20, epochs=1, steps=1, batch=4, max_length=48,
                      trials=1, seeds=1), 0, device, Clock(), FeatureStore(tmp_path / "f"),
               backbone=decoder, embedder=encoder, metric=TOKEN_F1)


@pytest.mark.parametrize(("text", "answer", "number"), [
    ("Queen Ada [2]", "Queen Ada", 2), ("Queen Ada. [2].", "Queen Ada.", 2), ("[1]", "", 1),
    ("Ada[1][3]", "Ada", 3), ("北京【2】。", "北京", 2), ("القاهرة [٢]", "القاهرة", 2),
    ("Ada", "Ada", None), ("see [1] for Ada", "see [1] for Ada", None), ("a[i]", "a[i]", None),
    ("", "", None), ("Ada [2] or so", "Ada [2] or so", None), ("x ［3］", "x", 3)])
def test_an_answer_is_what_stands_before_its_numbers(text, answer, number):
    assert without_citation(text) == (answer, number)


def test_passages_are_numbered_from_the_top_and_what_is_said_of_it_stands_behind(job):
    options = CITING | {"cite_as": "Say which."}
    fitted = METHODS["rag"](options).fit(job, {"k": 3}).fitted
    items = job.task.splits.test
    places = fitted.retriever.places(items, 3, Clock())
    for row, asked in zip(places.tolist(), fitted.write(items, Clock()), strict=True):
        text = fitted.loaded.tokenizer.decode(asked.prompt)
        texts = fitted.retriever.texts(row)
        found = [text.index(f"[{number}] ") for number in range(1, 1 + len(texts))]
        assert found == sorted(found)
        assert f"[{len(texts)}] {texts[0][:20]}" in text, "the best is the last"
        assert text.index("Say which.\n\nQuestion:") > found[-1]


def test_marks_take_of_the_passages_room(job):
    writer = plain_decoder(job).writer
    marked = "".join(writer.passages(["best " * 50, "next " * 50], 80, ["[1] ", "[2] "]))
    assert marked.index("[1] next") < marked.index("[2] best")
    assert len(writer.tokenizer(marked)["input_ids"]) <= 80


def test_numbers_are_noted_and_no_part_of_the_answer(job, monkeypatch):
    fitted = METHODS["rag"](CITING).fit(job, {"k": 2}).fitted
    items = job.task.splits.test[:3]
    monkeypatch.setattr(fitted, "answer", lambda items, prefix: np.array(
        ["Ada [1]", "Bo", "Cy [9]"], dtype=object))
    assert fitted.predict(items, Clock()).tolist() == ["Ada", "Bo", "Cy"]
    assert [fitted.cited[item.id] for item in items] == [1, None, 9]
    plain = METHODS["rag"]({"search": "bm25", "tokens": 160}).fit(job, {"k": 2}).fitted
    monkeypatch.setattr(plain, "answer", lambda items, prefix: np.array(
        ["Ada [1]"] * len(items), dtype=object))
    assert plain.predict(items, Clock()).tolist() == ["Ada [1]"] * 3
    assert plain.cited == {}


def test_what_cites_needs_a_corpus_and_words():
    rag = METHODS["rag"](CITING)
    assert rag.needs_corpus
    assert rag.refuses("classification", "decoder") == (
        "cite: only answers in words end with the number of a passage")
    assert rag.refuses("generation", "decoder") is None
