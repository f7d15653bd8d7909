"""Greedy decoding against one token at a time, one item at a time, with nothing shared."""

import pytest
import torch
from peft import LoraConfig, PromptTuningConfig, get_peft_model
from transformers import (
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    MistralConfig,
    MistralForCausalLM,
)

from harness.backbones.prompting import generate as room
from harness.backbones.prompting.generate import greedy
from harness.backbones.prompting.score import Prefix, read_prefix

HEAD = [5, 9, 11, 3]
ITEMS = [[7, 8], [4, 6, 10, 12, 7], [9], [13, 2, 5]]
MOST, END, PADDING, NEVER = 9, 1, 0, 99
LLAMA = {"vocab_size": 24, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2,
         "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 64,
         "initializer_range": 0.5}
GPT2 = {"vocab_size": 24, "n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 64,
        "initializer_range": 0.5}


def llama():
    torch.manual_seed(3)
    return LlamaForCausalLM(LlamaConfig(**LLAMA)).eval()


def gpt2():
    torch.manual_seed(3)
    return GPT2LMHeadModel(GPT2Config(**GPT2)).eval()


def with_lora():
    model = get_peft_model(llama(), LoraConfig(task_type="CAUSAL_LM", init_lora_weights=False))
    return model.eval()


def with_virtual_tokens():
    torch.manual_seed(4)
    model = get_peft_model(llama(), PromptTuningConfig(task_type="CAUSAL_LM",
                                                       num_virtual_tokens=3))
    torch.nn.init.normal_(model.prompt_encoder["default"].embedding.weight, std=0.5)
    return model.eval()


def one_by_one(model, tokens):
    given = []
    for _ in range(MOST):
        logits = model(input_ids=torch.tensor([tokens + given]),
                       attention_mask=torch.ones(1, len(tokens + given), dtype=torch.long)).logits
        token = int(logits[0, -1].argmax())
        if token == END:
            break
        given.append(token)
    return given


@pytest.mark.parametrize("make", [llama, gpt2, with_lora, with_virtual_tokens])
@pytest.mark.parametrize("head", [HEAD, []], ids=["shared head", "no head"])
def test_answers_are_those_of_one_token_at_a_time(make, head):
    model = make()
    with torch.inference_mode():
        found = greedy(model, read_prefix(model, head), ITEMS, MOST, PADDING, [END])
        wanted = [one_by_one(model, [*head, *item]) for item in ITEMS]
    assert found == wanted
    assert len({tuple(answer) for answer in wanted}) > 1


@pytest.mark.parametrize("make", [llama, gpt2, with_lora, with_virtual_tokens])
@pytest.mark.parametrize("head", [HEAD, []], ids=["shared head", "no head"])
@pytest.mark.parametrize("stage", [1, 2, 4])
def test_in_stages_answers_are_the_same_and_rows_that_ended_are_gone(make, head, stage,
                                                                     monkeypatch):
    """The end is a token that some answers hold early, and one answer never or late."""
    model = make()
    with torch.inference_mode():
        whole = greedy(model, read_prefix(model, head), ITEMS, MOST, PADDING, [NEVER])
        first = {end: sorted(row.index(end) if end in row else MOST for row in whole)
                 for end in range(24)}
        end = min(first, key=lambda token: first[token][0] - first[token][-1])
        assert first[end][0] + stage < first[end][-1]
        wanted = [row[: row.index(end)] if end in row else row for row in whole]
        monkeypatch.setattr(room, "STAGE", stage)
        rows, prefix = [], read_prefix(model, head)
        base = model.get_base_model() if hasattr(model, "get_base_model") else model
        base.register_forward_pre_hook(
            lambda module, given, named: rows.append(len(named["input_ids"])), with_kwargs=True)
        assert greedy(model, prefix, ITEMS, MOST, PADDING, [end]) == wanted
    written = rows[rows.index(len(ITEMS)):]
    assert written == sorted(written, reverse=True)
    assert written[0] == len(ITEMS) > written[-1]


def test_what_keeps_no_row_for_each_token_is_written_at_once(monkeypatch):
    """A sliding window drops what lies behind it: rows stay as they are."""
    torch.manual_seed(3)
    model = MistralForCausalLM(MistralConfig(**LLAMA, sliding_window=4)).eval()
    with torch.inference_mode():
        whole = greedy(model, Prefix(), ITEMS, MOST, PADDING, [NEVER])
        assert {*map(len, whole)} == {MOST}
        monkeypatch.setattr(room, "STAGE", 2)
        assert greedy(model, Prefix(), ITEMS, MOST, PADDING, [NEVER]) == whole


def test_an_answer_ends_with_its_end_token_or_its_room():
    model = llama()
    with torch.inference_mode():
        whole = greedy(model, Prefix(), ITEMS, MOST, PADDING, [23])
        end = whole[0][2]
        cut = greedy(model, Prefix(), ITEMS, MOST, PADDING, [end])
    assert all(len(answer) <= MOST for answer in whole)
    assert cut[0] == whole[0][: whole[0].index(end)]
    assert all(end not in answer for answer in cut)
