import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from naive import option_by_option
from peft import (
    LoraConfig,
    PrefixTuningConfig,
    PromptEncoderConfig,
    PromptTuningConfig,
    get_peft_model,
)
from transformers import GPT2Config, GPT2LMHeadModel

from harness.backbones.load import load_causal
from harness.backbones.prompting.options import ROOT, option_tree
from harness.backbones.prompting.score import Prefix, apart, read_prefix, score_options

# "5 6" is a prefix of "5 6 7"; two start with 9; one is a single token and its end.
OPTIONS = [[5, 6, 3], [5, 6, 7, 3], [9, 10, 3], [9, 11, 12, 3], [20, 3]]
HEAD = [2, 30, 31, 32, 33]
ITEMS = [[40, 41, 42], [50], [60, 61, 62, 63, 64, 65, 66]]


@torch.no_grad()
def scored(model, head=HEAD):
    tree = option_tree(OPTIONS)
    prefix = read_prefix(model, head)
    return torch.stack(score_options(model, prefix, ITEMS, [tree] * len(ITEMS), 0))


@pytest.fixture
def model(decoder):
    return load_causal(decoder, "cpu").model


def test_one_pass_equals_option_by_option(model):
    with torch.no_grad():
        expected = option_by_option(lambda ids: model(input_ids=ids).logits, HEAD, ITEMS, OPTIONS)
    torch.testing.assert_close(scored(model), expected, atol=1e-4, rtol=0)


def test_a_shared_prefix_changes_nothing(model):
    tree = option_tree(OPTIONS)
    with torch.no_grad():
        whole = score_options(model, Prefix(), [HEAD + i for i in ITEMS], [tree] * 3, 0)
    torch.testing.assert_close(scored(model), torch.stack(whole), atol=1e-4, rtol=0)


@pytest.mark.parametrize("config", [
    LoraConfig(task_type="CAUSAL_LM", init_lora_weights=False, target_modules="all-linear"),
    PrefixTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=4),
    PromptTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=4),
    PromptEncoderConfig(task_type="CAUSAL_LM", num_virtual_tokens=4, encoder_hidden_size=16),
], ids=lambda c: c.peft_type.value)
def test_one_pass_equals_peft_s_own_forward(model, config):
    torch.manual_seed(1)
    adapted = get_peft_model(model, config).eval()
    with torch.no_grad():
        expected = option_by_option(
            lambda ids: adapted(input_ids=ids, attention_mask=torch.ones_like(ids)).logits,
            HEAD, ITEMS, OPTIONS)
    torch.testing.assert_close(scored(adapted), expected, atol=1e-4, rtol=0)


def test_learned_positions_are_right_too():
    torch.manual_seed(0)
    gpt2 = GPT2LMHeadModel(GPT2Config(vocab_size=100, n_embd=32, n_layer=2, n_head=2,
                                      n_positions=64)).eval()
    with torch.no_grad():
        expected = option_by_option(lambda ids: gpt2(input_ids=ids).logits, HEAD, ITEMS, OPTIONS)
    torch.testing.assert_close(scored(gpt2), expected, atol=1e-4, rtol=0)


def test_scores_do_not_depend_on_the_company_in_a_batch(model):
    tree = option_tree(OPTIONS)
    with torch.no_grad():
        alone = [score_options(model, read_prefix(model, HEAD), [item], [tree], 0)[0]
                 for item in ITEMS]
    torch.testing.assert_close(scored(model), torch.stack(alone), atol=1e-5, rtol=0)


def test_gradients_through_a_shared_prefix_equal_those_of_whole_prompts(model):
    tree = option_tree([OPTIONS[1]])
    gradients = []
    for prefix_tokens, items in ((HEAD, ITEMS), ([], [HEAD + i for i in ITEMS])):
        model.zero_grad()
        scores = score_options(model, read_prefix(model, prefix_tokens), items, [tree] * 3, 0)
        (-torch.stack(scores).sum()).backward()
        gradients.append(torch.cat([p.grad.flatten() for p in model.parameters()]))
    torch.testing.assert_close(gradients[0], gradients[1], atol=1e-5, rtol=1e-4)


def test_a_prefix_shared_by_several_passes_gets_the_sum_of_their_gradients(model):
    tree, found = option_tree([OPTIONS[1]]), []
    for passes in ([ITEMS], [ITEMS[:1], ITEMS[1:]]):
        model.zero_grad()
        prefix, give_back = apart(read_prefix(model, HEAD))
        for items in passes:
            (-torch.stack(score_options(model, prefix, items, [tree] * len(items), 0)).sum()
             ).backward()
        give_back()
        found.append(torch.cat([p.grad.flatten() for p in model.parameters()]))
    model.zero_grad()
    scores = score_options(model, read_prefix(model, HEAD), ITEMS, [tree] * 3, 0)
    (-torch.stack(scores).sum()).backward()
    expected = torch.cat([p.grad.flatten() for p in model.parameters()])
    for gradient in found:
        torch.testing.assert_close(gradient, expected, atol=1e-5, rtol=1e-4)


def test_under_autocast_a_score_is_the_sum_of_its_steps_and_no_rounder(model):
    tree = option_tree(OPTIONS)
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
        scores = torch.stack(score_options(model, read_prefix(model, HEAD), ITEMS, [tree] * 3, 0))
    assert scores.dtype == torch.float32
    assert not torch.equal(scores, scores.bfloat16().float())


SEQUENCES = st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=5).map(tuple), min_size=1,
                     max_size=8, unique=True)


@given(SEQUENCES)
def test_a_tree_spells_its_options(sequences):
    tree = option_tree(sequences)
    for sequence, steps in zip(sequences, tree.steps, strict=True):
        assert tuple(tree.edges[s][1] for s in steps) == sequence
        node = ROOT
        for step in steps[:-1]:
            assert tree.edges[step][0] == node
            node = next(n for n, (p, t) in enumerate(zip(tree.parents, tree.tokens, strict=True))
                        if p == node and t == tree.edges[step][1])
    prefixes = {s[:n] for s in sequences for n in range(1, len(s))}
    assert len(tree.tokens) == len(prefixes)
    assert torch.equal(tree.incidence().sum(1), torch.tensor([float(len(s)) for s in sequences]))


@pytest.mark.parametrize("options", [[], [[]], [[1], []], [[1, 2], [1, 2]]])
def test_empty_and_equal_options_are_refused(options):
    with pytest.raises(ValueError, match=r"no tokens|same tokens"):
        option_tree(options)
