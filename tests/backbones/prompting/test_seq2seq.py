"""Encoder-decoders: options scored as transformers itself scores labels, answers as it decodes."""

import json

import pytest
import torch
from families import END, PAD, SEQ2SEQ, write_family
from safetensors.torch import load_file, save_file

from harness.backbones.blocks import linear_layers, transformer_blocks
from harness.backbones.handle import folder_handle
from harness.backbones.load import load_seq2seq
from harness.backbones.prompting import seq2seq
from harness.backbones.prompting.generate import greedy
from harness.backbones.prompting.options import option_tree
from harness.backbones.prompting.prompts import prompt_writer
from harness.backbones.prompting.score import read_prefix, score_options, score_with_greedy
from harness.backbones.prompting.scoring_check import check_scoring
from harness.backbones.prompting.seq2seq_prompts import Seq2SeqWriter
from harness.common.errors import CannotRunError, HarnessError
from harness.suite import Prompt
from harness.tasks.examples import Example

HEAD = [31, 32, 33]
ITEMS = [[41, 42, 43, 44, 45, END], [51, END], [61, 62, 63, END]]
OPTIONS = [[[71, 72, 73, END], [71, 74, END], [9, END]], [[71, 72, 73, END]], [[80], [81]]]
PROMPT = Prompt(instruction="Which one? {options}.", item="Text: {text}\nKind:")


@pytest.fixture(scope="module", params=SEQ2SEQ)
def folder(request, tmp_path_factory):
    return write_family(request.param, tmp_path_factory.mktemp(request.param))


@pytest.fixture(scope="module")
def loaded(folder):
    return load_seq2seq(folder_handle(folder), "cpu")


def by_labels(model, item, option):
    """transformers' own loss is the mean over the label's tokens of -log p."""
    ids = torch.tensor([[*HEAD, *item]])
    loss = model(input_ids=ids, attention_mask=torch.ones_like(ids),
                 labels=torch.tensor([option])).loss
    return -float(loss) * len(option)


@torch.no_grad()
@pytest.mark.parametrize("positions", [1, 1 << 14], ids=["an option a pass", "all in one pass"])
def test_scores_are_those_of_labels(loaded, positions, monkeypatch):
    monkeypatch.setattr(seq2seq, "POSITIONS", positions)
    model = loaded.model
    scored = score_options(model, read_prefix(model, HEAD), ITEMS, list(map(option_tree, OPTIONS)),
                           PAD)
    for item, options, scores in zip(ITEMS, OPTIONS, scored, strict=True):
        expected = [by_labels(model, item, option) for option in options]
        assert scores.tolist() == pytest.approx(expected, abs=1e-4)


def test_the_loss_of_one_answer_has_the_gradient_of_its_label(loaded):
    model = loaded.model
    item, option, learns = ITEMS[0], OPTIONS[0][0], list(model.parameters())
    ours = -score_options(model, read_prefix(model, HEAD), [item], [option_tree([option])],
                          PAD)[0].sum()
    theirs = len(option) * model(input_ids=torch.tensor([[*HEAD, *item]]),
                                 labels=torch.tensor([option])).loss
    for ours_of, theirs_of in zip(*(torch.autograd.grad(loss, learns, allow_unused=True,
                                                        materialize_grads=True)
                                    for loss in (ours, theirs)), strict=True):
        torch.testing.assert_close(ours_of, theirs_of, atol=1e-4, rtol=1e-4)


def one_by_one(model, item, most):
    """Greedy decoding without a cache: a whole pass a token."""
    ids, given = torch.tensor([[*HEAD, *item]]), []
    for _ in range(most):
        so_far = torch.tensor([[model.config.decoder_start_token_id, *given]])
        token = int(model(input_ids=ids, decoder_input_ids=so_far).logits[0, -1].argmax())
        if token == END:
            break
        given.append(token)
    return given


@torch.no_grad()
def test_answers_are_those_of_one_token_at_a_time_whatever_the_checkpoint_is_used_to(loaded):
    model = loaded.model
    wanted = [one_by_one(model, item, 7) for item in ITEMS]
    habits = model.generation_config.to_dict()
    model.generation_config.update(num_beams=4, no_repeat_ngram_size=1, min_length=5)
    found = greedy(model, read_prefix(model, HEAD), ITEMS, 7, PAD, [END])
    model.generation_config.update(**habits)
    assert found == wanted
    assert max(map(len, found)) == 7
    for item, answer in zip(ITEMS, found, strict=True):
        paths = [[*answer[:2]], [answer[0], answer[1] + 1]]
        _, is_greedy = score_with_greedy(model, read_prefix(model, HEAD), [item],
                                         [option_tree(paths)], PAD)[0]
        assert is_greedy.tolist() == [True, False]


def test_a_prompt_and_its_answers_are_framed_as_the_tokenizer_frames_texts(loaded):
    tokenizer = loaded.tokenizer
    writer = prompt_writer(tokenizer, PROMPT, ("plum", "zinc"), 20, Seq2SeqWriter)
    example = Example("i", "red iron", None, 0, "g", {})
    asked, = writer.questions([example])
    assert asked.answers.paths == [tokenizer("plum")["input_ids"], tokenizer("zinc")["input_ids"]]
    whole = asked.prompt
    start = tokenizer("a")["input_ids"][:-2]
    assert whole[: len(start)] == start
    assert whole[-1] == END
    assert whole.count(END) == 1
    assert "red iron" in tokenizer.decode(whole)
    with pytest.raises(CannotRunError, match="makes nothing of the answer ''"):
        prompt_writer(tokenizer, PROMPT, ("plum", ""), 20, Seq2SeqWriter).questions([example])


def test_blocks_are_the_encoder_s_then_the_decoder_s_and_no_head_is_among_the_layers(loaded):
    model = loaded.model
    blocks = transformer_blocks(model)
    inside = set(model.get_decoder().modules())
    assert [block in inside for block in blocks] == sorted(block in inside for block in blocks)
    assert sum(block in inside for block in blocks) == getattr(
        model.config, "num_decoder_layers", 2)
    assert not any("lm_head" in name for name in linear_layers(model))
    assert len(linear_layers(model)) >= 20


def test_a_decoder_that_sees_what_comes_after_is_refused(loaded):
    """As if its mask were not causal: options then depend on what stands behind them."""
    model = loaded.model

    def peek(module, args, output):
        output.logits += output.logits.sum(dim=1, keepdim=True)
        return output

    check_scoring(model)
    handle = model.register_forward_hook(peek)
    try:
        with pytest.raises(CannotRunError, match="not those scored one by one"):
            check_scoring(model)
    finally:
        handle.remove()


def test_weights_without_a_decoder_and_a_decoder_without_a_start_are_refused(folder, tmp_path):
    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    handle, config = folder_handle(tmp_path), tmp_path / "config.json"
    content = json.loads(config.read_text())
    config.write_text(json.dumps(content | {"decoder_start_token_id": None}))
    with pytest.raises(CannotRunError, match="no decoder_start_token_id"):
        load_seq2seq(handle, "cpu")
    config.write_text(json.dumps(content))
    weights = load_file(tmp_path / "model.safetensors")
    save_file({name: tensor for name, tensor in weights.items()
               if not name.startswith(("decoder.block", "model.decoder.layers"))},
              tmp_path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(HarnessError, match=r"its weights lack .*: answers would be random"):
        load_seq2seq(handle, "cpu")
