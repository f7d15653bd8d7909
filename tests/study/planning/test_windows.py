"""Prompts and answers that a model's window does not hold are refused before anything runs."""

import dataclasses
import json
import shutil

import pytest
import yaml
from tiny import WORDS
from transformers import GPT2Config, GPT2LMHeadModel
from typer.testing import CliRunner

from harness.backbones.load import load_tokenizer
from harness.cli.app import app
from harness.common.device import Device
from harness.common.errors import HarnessError
from harness.study.planning.plan import make_plan
from harness.study.planning.windows import check_windows, misfits, window_findings
from harness.suite import load_suite

CPU = Device("cpu", "test", "no", 1)
LONG = {name: f"{name} {'old ' * 90}".strip() for name in WORDS}


@pytest.fixture
def plan_of(suite_file, decoder_folder, tmp_path):
    """A plan on the tiny decoder with another window, methods and task."""
    def make(methods, window=None, budget=(), **task):
        folder = tmp_path / f"window-{window}"
        if not folder.exists():
            shutil.copytree(decoder_folder, folder)
            config = json.loads((folder / "config.json").read_text())
            names = json.loads((folder / "tokenizer_config.json").read_text())
            config.pop("max_position_embeddings")
            names.pop("model_max_length")
            # A configuration says 0 where positions have no end.
            config["max_position_embeddings"] = window or 0
            (folder / "config.json").write_text(json.dumps(config))
            (folder / "tokenizer_config.json").write_text(json.dumps(names))
        suite = yaml.safe_load(suite_file.read_text())
        suite["task"] |= task
        suite["budget"] |= dict(budget)
        suite["backbones"] = {"dec": {"kind": "decoder", "source": {"file": str(folder)},
                                      "methods": methods}}
        path = tmp_path / "other.yaml"
        path.write_text(yaml.safe_dump(suite, sort_keys=False))
        return make_plan(load_suite(path), CPU)

    return make


def refused(plan):
    with pytest.raises(HarnessError) as error:
        check_windows(plan, plan.runs)
    return str(error.value)


def test_long_options_are_counted_in_tokens(plan_of):
    """Case window-too-small: options of 91 words were taken for 64 tokens."""
    plan = plan_of(["zero-shot", "lora"], 200, options=LONG)
    words = refused(plan)
    assert "other.yaml" in words
    assert "longer than the model's window of 200: most is the options" in words
    assert "Shorten the task's `options`" in words
    assert [finding.severity for finding in window_findings(plan)] == ["error"] * 2
    assert not misfits(*both(plan_of(["zero-shot"], 2000, options=LONG)))


def test_a_long_instruction_is_named(plan_of):
    """Case window-too-small: it failed once a run, after the start."""
    plan = plan_of(["zero-shot"], 100, prompt={
        "instruction": "Which kind? " + "old " * 120, "item": "Text: {text}\nKind:"})
    assert "most is the instruction" in refused(plan)


def test_texts_shots_and_what_is_retrieved_are_named(plan_of):
    short = {"instruction": "Kind?", "item": "{text}:"}
    letters = {name: name[-1] for name in WORDS}
    words = refused(plan_of(["zero-shot"], 14, {"max_length": 512}, prompt=short,
                            options=letters))
    assert "most is the text" in words
    few = refused(plan_of(["zero-shot", "few-shot"], 150, {"trials": 5}))
    assert "few-shot" in few
    assert "most is the shots" in few
    rag = refused(plan_of([{"rag": {"tokens": 256}}], 150, {"trials": 9}))
    assert "most is the shots" in rag


def test_virtual_tokens_take_from_the_window(plan_of):
    window, = misfits(*both(plan_of(["zero-shot"], 10)))
    exact = window.prompt + window.answer
    assert not misfits(*both(plan_of(["zero-shot", "lora"], exact)))
    unfit, = misfits(*both(plan_of(["zero-shot", "prompt-tuning"], exact)))
    assert (unfit.name, unfit.window) == ("prompt-tuning (dec)", exact - 16)


def both(plan):
    return plan, [run for run in plan.runs if run.identity.seed == 0]


def test_a_model_without_a_limit_goes_on(plan_of):
    plan = plan_of(["zero-shot", "few-shot"], None, {"trials": 9}, options=LONG)
    check_windows(plan, plan.runs)


def test_learned_positions_end_too(plan_of, decoder, tmp_path):
    """Case window-too-small: "IndexError: index out of range in self"."""
    folder, tokenizer = tmp_path / "gpt", load_tokenizer(decoder)
    tokenizer.model_max_length = int(1e30)
    GPT2LMHeadModel(GPT2Config(vocab_size=len(tokenizer), n_positions=100, n_embd=8, n_layer=1,
                               n_head=1)).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    plan = plan_of(["zero-shot"], 2000, {"max_length": 30}, options=LONG)
    handle = dataclasses.replace(plan.backbones["dec"], path=folder)
    plan = dataclasses.replace(plan, backbones={"dec": handle})
    assert "window of 100: most is the options" in refused(plan)


@pytest.mark.parametrize("command", ["check", "plan", "run"])
def test_every_command_refuses(plan_of, tmp_path, monkeypatch, command):
    plan_of(["zero-shot"], 100, options=LONG)
    monkeypatch.chdir(tmp_path)
    given = CliRunner().invoke(app, [command, "./other.yaml"])
    assert given.exit_code == 1
    said = f"{given.output} {given.exception}"
    assert "longer than the model's window of 100" in " ".join(said.split())
    assert not (tmp_path / "reports").exists()


def test_the_longest_examples_are_counted_that_similar_ones_may_be(plan_of):
    """As many as random choice would show, and the longest there are."""
    methods = [{"few-shot": {"choose": "similar"}}, {"few-shot": {"as": "drawn"}}]
    plan = plan_of(methods, 10, {"trials": 3})
    near, drawn = misfits(*both(plan))
    assert (near.name, drawn.name) == ("few-shot (dec)", "drawn (dec)")
    assert near.longest == drawn.longest == "shots"
    assert near.prompt >= drawn.prompt
    exact = near.prompt + near.answer
    assert not [found.name for found in misfits(*both(plan_of(methods, exact, {"trials": 3})))]


def test_a_rule_that_is_named_leaves_the_trials_to_the_examples(plan_of):
    """Of three trials of few-shot two show one example of each class, where rules are tried too."""
    few, fixed = misfits(*both(plan_of(
        ["few-shot", {"few-shot": {"score": "plain", "as": "fixed"}}], 10, {"trials": 3})))
    assert fixed.parts["shots"] > few.parts["shots"]
