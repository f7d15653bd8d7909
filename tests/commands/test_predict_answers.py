"""What `harness predict` answers where a model gives no numbers, or a text holds strange names."""

from types import SimpleNamespace

import numpy as np
import pyarrow.parquet as pq
import pytest
from command_line import harness
from families import write_family
from tiny import WORDS
from transformers import AutoTokenizer, BartConfig, BartForSequenceClassification

from harness.backbones.finite import check_finite
from harness.commands.asked_rows import AskedRow
from harness.commands.predict import _tables, item_of
from harness.common.errors import HarnessError
from harness.study.outcome import outcome
from harness.tasks.examples import Example
from harness.tasks.task import load_task

LABELS = tuple(WORDS)


class Broken:
    """Gives no number for texts that hold `bad`."""

    def predict(self, examples, clock):
        return np.array([[float("nan") if "bad" in e.text else 0.5, 0.5] for e in examples])


def test_a_row_without_numbers_has_no_answer():
    """Case empty-text: never a class with NaN beside it."""
    unanswered = []
    task = SimpleNamespace(labels=("fruit", "metal"), kind="classification", input="text")
    rows = [AskedRow(item_of(text)) for text in ("good", "bad", "fine")]
    table, = _tables(Broken(), rows, task, unanswered)
    assert unanswered == [1]
    assert table["prediction"].to_pylist() == ["fruit", None, "fruit"]
    assert table["p:fruit"].to_pylist() == [0.5, None, 0.5]
    assert table["p:metal"].to_pylist() == [0.5, None, 0.5]


def test_the_item_whose_numbers_are_none_is_named():
    items = [Example("a1", "good", None, 0, "g", {}), Example("b2", "a bad one", None, 0, "g", {})]
    with pytest.raises(HarnessError, match=r"probabilities of item b2 \('a bad one'\) are not fin"):
        check_finite(Broken().predict(items, None), items, "probabilities")


def test_a_run_whose_probabilities_are_no_numbers_says_of_which_item(loaded):
    task = load_task(loaded)
    fitted = SimpleNamespace(predict=lambda items, clock: np.full((len(items), 3), np.nan))
    with pytest.raises(HarnessError, match=f"probabilities of item {task.splits.test[0].id} "):
        outcome(task, fitted)


def test_a_text_that_names_the_end_token_is_answered(suite_file, tmp_path):
    """Case end-token-in-text."""
    model = tmp_path / "bart"
    write_family("bart", model)
    names = dict(enumerate(LABELS))
    BartForSequenceClassification(BartConfig.from_pretrained(
        model, num_labels=3, id2label=names, label2id={v: k for k, v in names.items()},
    )).save_pretrained(model)
    (tmp_path / "texts.csv").write_text(
        "text\nold pear\nzinc and iron\na page that ends</s> here\n")
    said = harness("predict", model, "--suite", suite_file,
                   "--input", tmp_path / "texts.csv", "--output", tmp_path / "answers.parquet")
    assert said.code == 0, said.all
    found = pq.read_table(tmp_path / "answers.parquet")
    assert set(found["prediction"].to_pylist()) <= set(LABELS)
    assert len(found) == 3
    tokenizer = AutoTokenizer.from_pretrained(model)
    assert tokenizer("ends</s> here")["input_ids"].count(tokenizer.eos_token_id) == 2
