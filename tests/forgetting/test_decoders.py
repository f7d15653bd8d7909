"""Our scoring against lm-eval's own HFLM, and adapters on and off, on tiny models."""

import random
from types import SimpleNamespace

import pytest
import torch
from lm_eval.models.huggingface import HFLM
from peft import LoraConfig, PrefixTuningConfig, get_peft_model

from harness.backbones.load import load_asked, load_causal
from harness.common.capabilities import ABILITIES, Can
from harness.common.device import Device
from harness.common.errors import HarnessError
from harness.forgetting import benchmarks
from harness.forgetting.answers import once
from harness.forgetting.benchmarks import Examination
from harness.forgetting.language_model import SharedContextLM

FP32 = Device("cpu", "test", "no", 1)
SCORED = [kind for kind, able in ABILITIES.items() if Can.SCORE in able]
ASKED = {"arc_easy": 10, "winogrande": 8, "mmlu": 9, "lambada_openai": 7}


@pytest.fixture
def backbone_of(decoder, seq2seq):
    return {"decoder": decoder, "seq2seq": seq2seq}.__getitem__


def request(context, continuation):
    return SimpleNamespace(args=(context, continuation))


def requests():
    rng = random.Random(0)
    words = ["apple", "old iron", "a very red plum", "tin", "brass and zinc"]
    made = []
    for _ in range(30):
        context = " ".join(rng.choices(words, k=rng.randint(1, 6)))
        made += [request(context, " " + " ".join(rng.choices(words, k=rng.randint(1, 4))))
                 for _ in range(rng.randint(1, 4))]
    # An option that is a prefix of another, one asked twice, a context that is empty or ends in
    # a space, and the same option behind another context.
    made += [request("old", " tin"), request("old", " tin lead"), request("old", " tin"),
             request("", "apple pear"), request("new ", "tin"), request("older", " tin")]
    rng.shuffle(made)
    return made


@pytest.mark.parametrize("kind", SCORED)
def test_scores_and_greedy_flags_are_those_of_hflm(kind, backbone_of):
    loaded = load_asked(backbone_of(kind), "cpu")
    asked = requests()
    theirs = HFLM(pretrained=loaded.model, tokenizer=loaded.tokenizer, batch_size=4)
    expected = theirs.loglikelihood(asked, disable_tqdm=True)
    found = SharedContextLM(loaded, FP32).loglikelihood(asked, disable_tqdm=True)
    assert [score for score, _ in found] == pytest.approx([s for s, _ in expected], abs=1e-4)
    assert [greedy for _, greedy in found] == [greedy for _, greedy in expected]


def test_greedy_answers_are_known_as_such(decoder):
    loaded = load_causal(decoder, "cpu")
    ids = loaded.tokenizer("the old", return_tensors="pt").input_ids
    tokens = []
    for _ in range(3):
        tokens.append(int(loaded.model(ids).logits[0, -1].argmax()))
        ids = torch.cat([ids, torch.tensor([[tokens[-1]]])], dim=1)
    context = loaded.tokenizer("the old").input_ids
    other = [*tokens[:2], (tokens[2] + 1) % 300]
    model = SharedContextLM(loaded, FP32)
    flags = [greedy for _, greedy in model._loglikelihood_tokens(
        [(("", ""), context, tokens), (("", ""), context, other), (("", ""), context, tokens[:1])])]
    assert flags == [True, False, True]


def test_rolling_likelihood_is_that_of_hflm(decoder):
    loaded = load_causal(decoder, "cpu")
    asked = [SimpleNamespace(args=("the old tin and a pear " * 40,))]
    theirs = HFLM(pretrained=loaded.model, tokenizer=loaded.tokenizer, max_length=64)
    short = SharedContextLM(loaded, FP32)
    short._max_length = 64
    assert short.loglikelihood_rolling(asked, disable_tqdm=True) == pytest.approx(
        theirs.loglikelihood_rolling(asked, disable_tqdm=True), rel=1e-5)


def test_benchmarks_by_lm_eval_with_items_drawn_by_seed(decoder, small_catalogue):
    loaded = load_causal(decoder, "cpu")
    first = Examination(ASKED, 5, seed=0).put_to(loaded, FP32)
    again = Examination(ASKED, 5, seed=0)
    assert again.put_to(loaded, FP32) == first
    assert again.put_to(loaded, FP32) == first  # an examination may be put to many models
    counts = {name: sum(a.benchmark == name for a in first.answers) for name in ASKED}
    assert counts == ASKED
    assert {a.metric for a in first.answers} == {"acc", "acc_norm"}
    for answer in first.answers:
        if answer.benchmark != "lambada_openai":
            assert (answer.target == answer.chosen) == bool(answer.score)
    assert len(first.passages) == 5
    assert all(p.nats > 0 and p.tokens > 3 for p in first.passages)
    other = Examination(ASKED, 5, seed=1).put_to(loaded, FP32)
    assert {a.item for a in other.answers} != {a.item for a in first.answers}


@pytest.mark.parametrize("chat", [False, True])
@pytest.mark.parametrize("kind", SCORED)
def test_lm_eval_s_own_model_has_the_same_accuracy(kind, chat, backbone_of, small_catalogue,
                                                   monkeypatch):
    loaded = load_asked(backbone_of(kind), "cpu")
    loaded.tokenizer.chat_template = "<s>{{ messages[-1].content }}</s>the answer:"
    ours = Examination(ASKED, 0, 0, chat).put_to(loaded, FP32)
    monkeypatch.setattr(SharedContextLM, "_loglikelihood_tokens", HFLM._loglikelihood_tokens)
    theirs = Examination(ASKED, 0, 0, chat).put_to(loaded, FP32)
    assert [a.score for a in ours.answers] == [a.score for a in theirs.answers]
    assert {a.chat for a in ours.answers} == {chat}


def test_an_adapter_switched_off_is_the_backbone_bit_for_bit(decoder, small_catalogue):
    examination = Examination({"arc_easy": 8, "lambada_openai": 4}, 6, seed=0)
    loaded = load_causal(decoder, "cpu")
    before = examination.put_to(loaded, FP32)
    torch.manual_seed(1)
    loaded.model = get_peft_model(loaded.model, LoraConfig(
        r=4, target_modules="all-linear", init_lora_weights=False, task_type="CAUSAL_LM"))
    on = examination.put_to(loaded, FP32)
    assert [p.nats for p in on.passages] != [p.nats for p in before.passages]
    with loaded.model.disable_adapter():
        assert examination.put_to(loaded, FP32) == before


def test_virtual_tokens_count(decoder, small_catalogue):
    examination = Examination({"arc_easy": 8}, 6, seed=0)
    loaded = load_causal(decoder, "cpu")
    before = examination.put_to(loaded, FP32)
    loaded.model = get_peft_model(loaded.model, PrefixTuningConfig(
        num_virtual_tokens=4, task_type="CAUSAL_LM"))
    torch.nn.init.normal_(loaded.model.prompt_encoder["default"].embedding.weight)
    after = examination.put_to(loaded, FP32)
    assert [p.nats for p in after.passages] != [p.nats for p in before.passages]


def test_what_does_not_fit_is_cut_on_the_left_and_counted(decoder):
    loaded = load_causal(decoder, "cpu")
    model = SharedContextLM(loaded, FP32)
    model._max_length = 12
    context, option = list(range(10, 30)), [40, 41, 42]
    (cut, _), = model._loglikelihood_tokens([(("", ""), context, option)])
    assert model.truncated == 1
    (whole, _), = model._loglikelihood_tokens([(("", ""), context[-10:], option)])
    assert (cut, model.truncated) == (whole, 1)
    with pytest.raises(HarnessError, match="does not fit the model's window of 12"):
        model._loglikelihood_tokens([(("", ""), context, list(range(13)))])


def test_an_empty_choice_is_an_error(decoder):
    loaded = load_causal(decoder, "cpu")
    with pytest.raises(HarnessError, match="an empty choice '' after 'old tin'"):
        SharedContextLM(loaded, FP32)._loglikelihood_tokens([(("old tin", ""), [7, 8], [])])


def test_an_item_counts_once_however_many_filters_its_task_has():
    samples = [{"doc_id": i, "filter": f} for f in ("strict", "flexible") for i in range(3)]
    assert [s["doc_id"] for s in once(samples)] == [0, 1, 2]
    assert once([]) == []


def test_nobody_asks_git_for_the_user_s_commit(monkeypatch):
    """It complains to the terminal where there is none."""
    monkeypatch.setattr(benchmarks.evaluator, "get_git_commit_hash", lambda: pytest.fail("asked"))
    with benchmarks._silently():
        assert benchmarks.evaluator.get_git_commit_hash() is None
    with pytest.raises(pytest.fail.Exception):
        benchmarks.evaluator.get_git_commit_hash()
