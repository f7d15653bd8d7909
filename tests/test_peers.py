"""The plain scripts of the benchmarks are asked what the harness asks."""

from types import SimpleNamespace

import pytest
from transformers import AutoTokenizer

from benchmarks.peers import prompting, trainer
from harness.backbones.prompting.prompts import prompt_writer
from harness.suite import Budget
from harness.tasks.task import load_task


class Listening:
    """Notes what HFLM would score; the last option is always the likeliest."""

    def __init__(self, tokenizer):
        self.tokenizer, self.heard = tokenizer, []

    def _loglikelihood_tokens(self, requests, disable_tqdm):
        self.heard = requests
        return [(float(number), False) for (_, number), _, _ in requests]


@pytest.fixture
def job(loaded, decoder):
    task = load_task(loaded)
    return SimpleNamespace(task=task, train=task.splits.train[:4], budget=Budget(max_length=16),
                           backbone=decoder)


def test_a_trainer_s_rows_end_in_the_right_answer_alone(job):
    tokenizer = AutoTokenizer.from_pretrained(job.backbone.path)
    rows = trainer.prompts(job, tokenizer)
    assert len(rows) == 4
    for row, example in zip(rows, job.train, strict=True):
        learned = [token for token, label in zip(row["input_ids"], row["labels"], strict=True)
                   if label == token]
        assert tokenizer.decode(learned, skip_special_tokens=True).strip() == job.task.options[
            example.label]


@pytest.mark.parametrize("before", [0, 2])
def test_every_option_is_scored_behind_an_item_s_whole_prompt(job, before):
    model = Listening(AutoTokenizer.from_pretrained(job.backbone.path))
    asked, shown = job.train[:2], job.train[2:2 + before]
    found = prompting.ask(model, job, asked, shown)
    assert found.predicted.tolist() == [len(job.task.options) - 1] * 2
    writer = prompt_writer(model.tokenizer, job.task.prompt, job.task.options, 16)
    alone = writer.prompts(asked)
    for (item, option), prompt, answer in model.heard:
        said = model.tokenizer.decode(answer, skip_special_tokens=True)
        assert said.strip() == job.task.options[int(option)]
        assert (len(prompt) == len(alone[int(item)])) == (before == 0)
