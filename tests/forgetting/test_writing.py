"""Our writing of answers against lm-eval's own HFLM, and what is asked in a chat template."""

import random
from types import SimpleNamespace

import pytest
import torch
from lm_eval.models.huggingface import HFLM
from peft import PrefixTuningConfig, get_peft_model

from harness.backbones.load import load_asked, load_causal
from harness.backbones.prompting import generate
from harness.backbones.prompting.generate import greedy
from harness.backbones.prompting.stops import Stops
from harness.common.capabilities import ABILITIES, Can
from harness.common.device import Device
from harness.common.errors import HarnessError
from harness.forgetting import language_model as room
from harness.forgetting.benchmarks import Examination
from harness.forgetting.language_model import SharedContextLM
from harness.forgetting.writing import Wanted, greedily

FP32 = Device("cpu", "test", "no", 1)
ASKED = [kind for kind, able in ABILITIES.items() if Can.SCORE in able]
MOST = 9
GREEDY = {"do_sample": False, "temperature": 0.0, "max_gen_toks": MOST}
CHAT = ("{% for m in messages %}<{{ m.role }}>{{ m.content }}</{{ m.role }}>{% endfor %}"
        "{% if add_generation_prompt %}<assistant>{% endif %}")


@pytest.fixture
def backbone_of(decoder, seq2seq):
    return {"decoder": decoder, "seq2seq": seq2seq}.__getitem__


def contexts():
    rng = random.Random(0)
    words = ["apple", "old iron", "a very red plum", "tin", "brass and zinc"]
    return [" ".join(rng.choices(words, k=rng.randint(1, 6))) for _ in range(45)] + ["old", "old"]


def asking(until, **more):
    return [SimpleNamespace(args=(text, {"until": until, **GREEDY, **more}))
            for text in contexts()]


@pytest.fixture(params=ASKED)
def both(request, backbone_of, monkeypatch):
    """HFLM by itself and ours, on one model, and what HFLM needs to write no more tokens. Ours
    writes in stages, between which what has ended is gone."""
    monkeypatch.setattr(generate, "STAGE", 4)
    loaded = load_asked(backbone_of(request.param), "cpu")
    theirs = HFLM(pretrained=loaded.model, tokenizer=loaded.tokenizer, batch_size=1)
    # It counts the tokens of an encoder-decoder's context among those that may be written.
    exactly = {"max_length": MOST + 1} if request.param == "seq2seq" else {}
    return theirs, SharedContextLM(loaded, FP32), exactly


def test_answers_are_those_of_hflm(both):
    theirs, ours, exactly = both
    expected = theirs.generate_until(asking([], **exactly), disable_tqdm=True)
    found = ours.generate_until(asking([]))
    assert found == expected
    assert len({*found}) > 3
    assert found[-1] == found[-2]


def test_answers_end_where_those_of_hflm_end(both):
    """At texts that the model writes, of one letter and of several."""
    theirs, ours, exactly = both
    whole = [text for text in ours.generate_until(asking([])) if len(text) > 4]
    until = [whole[0][3], whole[1][1:3], "never"]
    expected = theirs.generate_until(asking(until, **exactly), disable_tqdm=True)
    assert ours.generate_until(asking(until)) == expected
    assert expected != ours.generate_until(asking([]))
    assert not any(stop in text for stop in until for text in expected)


def test_an_end_token_that_the_checkpoint_names_ends_an_answer(both, monkeypatch):
    _, ours, _ = both
    written = []
    monkeypatch.setattr(room, "greedy",
                        lambda *given: written.append(greedy(*given)) or written[-1])
    ours.generate_until(asking([]))
    end = written[0][0][2]
    ours.model.generation_config.eos_token_id = [ours.tokenizer.eos_token_id, end]
    ours.generate_until(asking([]))
    whole, cut = ([row for batch in batches for row in batch]
                  for batches in (written[:2], written[2:]))
    assert cut == [row[:row.index(end)] if end in row else row for row in whole]
    assert cut != whole


def test_a_row_that_has_ended_is_padded_while_others_are_written(decoder, monkeypatch):
    loaded = load_causal(decoder, "cpu")
    model, passes = SharedContextLM(loaded, FP32), []
    whole = model.generate_until(asking([]))
    until = [whole[0][0]]
    monkeypatch.setattr(Stops, "__call__", _counting(Stops.__call__, passes))
    model.generate_until(asking(until))
    assert 1 <= max(passes) <= MOST


def _counting(inner, passes):
    def counted(self, ids, scores, **more):
        passes.append(ids.shape[1] - self.start)
        return inner(self, ids, scores, **more)
    return counted


def test_what_is_not_greedy_is_left_to_hflm(decoder, monkeypatch):
    loaded = load_causal(decoder, "cpu")
    model = SharedContextLM(loaded, FP32)
    alone = model.generate_until(asking([])[:4])
    mixed = asking([])[:4] + asking([], do_sample=True, temperature=0.7)[:3]
    given = []
    monkeypatch.setattr(HFLM, "generate_until",
                        lambda self, requests, disable: given.append(requests) or ["a", "b", "c"])
    assert model.generate_until([*mixed[4:6], *mixed[:4], mixed[6]]) == ["a", "b", *alone, "c"]
    assert given == [mixed[4:]]


@pytest.mark.parametrize(("options", "wanted"), [
    ({"until": ["\n"], "do_sample": False}, Wanted(256, ("\n", "</s>"))),
    ({"until": "\n", "max_new_tokens": 5}, Wanted(5, ("\n", "</s>"))),
    ({"temperature": 0.0, "max_gen_toks": 7}, Wanted(7, ("</s>",))),
    ({"temperature": 0.5}, None), ({"do_sample": True, "temperature": 1.0}, None),
    ({"num_beams": 4}, None), ({"repetition_penalty": 1.2}, None)])
def test_which_requests_are_greedy(options, wanted):
    assert greedily(options, "</s>", 256) == wanted


def test_a_context_is_cut_on_the_left_as_hflm_cuts_it(decoder):
    loaded = load_causal(decoder, "cpu")
    ours = SharedContextLM(loaded, FP32)
    theirs = HFLM(pretrained=loaded.model, tokenizer=loaded.tokenizer, batch_size=1)
    ours._max_length = theirs._max_length = MOST + 6
    expected = theirs.generate_until(asking([]), disable_tqdm=True)
    assert ours.generate_until(asking([])) == expected
    lengths = [len(loaded.tokenizer(text).input_ids) for text in contexts()]
    assert ours.truncated == sum(length > 6 for length in lengths) > 3
    ours._max_length = MOST
    with pytest.raises(HarnessError, match="answers of 9 tokens leave a context no room"):
        ours.generate_until(asking([]))


def test_virtual_tokens_count(decoder):
    loaded = load_causal(decoder, "cpu")
    before = SharedContextLM(loaded, FP32).generate_until(asking([]))
    loaded.model = get_peft_model(loaded.model, PrefixTuningConfig(
        num_virtual_tokens=4, task_type="CAUSAL_LM"))
    torch.nn.init.normal_(loaded.model.prompt_encoder["default"].embedding.weight, std=3.0)
    model = SharedContextLM(loaded, FP32)
    after = model.generate_until(asking([]))
    assert after != before
    alone = [model.generate_until([one])[0] for one in asking([])[:5]]
    assert alone == after[:5]


BENCHMARKS = {"ifeval": 6, "nq_open": 5, "triviaqa": 4, "arc_easy": 5, "winogrande": 4, "mmlu": 4,
              "lambada_openai": 3}


@pytest.fixture(scope="module")
def metrics():
    return {"ifeval": "prompt_level_strict_acc", "nq_open": "exact_match",
            "triviaqa": "exact_match"}


def test_written_answers_are_judged_by_lm_eval(decoder, small_catalogue, metrics):
    examination = Examination(BENCHMARKS, 0, seed=0)
    loaded = load_causal(decoder, "cpu")
    found = examination.put_to(loaded, FP32)
    assert examination.put_to(loaded, FP32) == found
    counts = {name: sum(a.benchmark == name for a in found.answers) for name in BENCHMARKS}
    assert counts == BENCHMARKS
    for a in found.answers:
        assert a.metric == metrics.get(a.benchmark, a.metric)
        assert not a.chat, "the tiny model has no template"
    prompts = [a for a in found.answers if a.benchmark == "ifeval"]
    assert [a.target for a in prompts] == [
        " / ".join(f.instruction for f in found.followed if f.item == a.item) for a in prompts]
    assert [bool(a.score) for a in prompts] == [
        all(f.strict for f in found.followed if f.item == a.item) for a in prompts]
    assert all(a.text.startswith("Answer these questions:\n\nQ: what is a ")
               for a in found.answers if a.benchmark == "nq_open")


def test_an_exact_match_is_one_with_any_reference(decoder, small_catalogue, monkeypatch):
    """Case, articles and punctuation do not count, and lm-eval strips the space before."""
    said = {"nq_open": " An Old APPLE", "triviaqa": " pear"}
    for name, answer in said.items():
        monkeypatch.setattr(SharedContextLM, "generate_until",
                            lambda self, requests, answer=answer, **_: [answer] * len(requests))
        found = Examination({name: 24}, 0, seed=0).put_to(load_causal(decoder, "cpu"), FP32)
        word = answer.split()[-1].lower()
        assert {bool(a.score) for a in found.answers} == {True, False}
        for a in found.answers:
            assert bool(a.score) == (word in a.target.split(" / ")), a
            assert a.chosen == answer.strip()


def test_instructions_are_asked_in_the_chat_template_and_others_where_it_is_asked(
        decoder, small_catalogue):
    loaded = load_causal(decoder, "cpu")
    plain = Examination(BENCHMARKS, 0, seed=0).put_to(loaded, FP32)
    loaded.tokenizer.chat_template = CHAT
    by_default = Examination(BENCHMARKS, 0, seed=0).put_to(loaded, FP32)
    everywhere = Examination(BENCHMARKS, 0, seed=0, chat=True).put_to(loaded, FP32)
    assert {a.benchmark for a in by_default.answers if a.chat} == {"ifeval"}
    assert all(a.chat for a in everywhere.answers)
    for p, d, e in zip(plain.answers, by_default.answers, everywhere.answers, strict=True):
        assert p.item == d.item == e.item
        assert e.text.startswith("<") or p.benchmark == "winogrande"
        if p.benchmark == "ifeval":
            assert d.text == f"<user>{p.text}</user><assistant>"
        else:
            assert d == p
    for name in ("arc_easy", "nq_open"):
        assert [a.text for a in everywhere.answers if a.benchmark == name] != [
            a.text for a in plain.answers if a.benchmark == name]


def test_a_tuned_model_is_asked_in_the_template_of_its_base(decoder, small_catalogue):
    base, tuned = load_causal(decoder, "cpu"), load_causal(decoder, "cpu")
    base.tokenizer.chat_template = CHAT
    tuned.tokenizer.chat_template = "another {{ messages[0].content }}"
    examination = Examination({"ifeval": 3}, 0, seed=0, tokenizer=base.tokenizer)
    assert examination.put_to(tuned, FP32) == examination.put_to(base, FP32)


def test_a_template_that_loses_the_words_is_an_error(decoder, small_catalogue):
    loaded = load_causal(decoder, "cpu")
    loaded.tokenizer.chat_template = "hello"
    with pytest.raises(HarnessError, match="does not keep the user's words"):
        Examination({"ifeval": 3}, 0, seed=0).put_to(loaded, FP32)
