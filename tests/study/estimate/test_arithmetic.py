"""FLOPs from shapes against torch's own counter."""

import pytest
import torch

from harness.backbones.flops import FlopCounter
from harness.backbones.kernels.first_token import first_token_alone, last_block
from harness.backbones.load import load_with_head
from harness.methods import register_all
from harness.methods.method import METHODS
from harness.study.estimate.arithmetic import Reading, arithmetic_of
from harness.study.estimate.cut import cut_backbone, depths, parameters_at
from harness.study.estimate.probe import Subject, _classifier, _job
from harness.study.estimate.reading import decoder_pass, encoder_pass, learning_pass

ROWS, WIDTH = 4, 24


def counted(action):
    with FlopCounter() as counter:
        action()
    return counter.total


def prepared(handle, device, method):
    register_all()
    loaded = load_with_head(handle, ("a", "b"), device.type)
    made = METHODS[method]({})
    made.prepare(loaded, _job(Subject.of(handle, 48, device, made), handle))
    return loaded.model.train()


@pytest.mark.parametrize("method", ["full", "lora", "selective", "bitfit", "prefix-tuning",
                                    "prompt-tuning"])
def test_a_bert_that_learns(encoder, device, method):
    model = prepared(encoder, device, method)
    ids = torch.randint(5, 100, (ROWS, WIDTH))
    mask = torch.ones_like(ids)
    shapes = arithmetic_of(model)
    reading = encoder_pass(ROWS, WIDTH, shapes)
    model.eval()
    forward = counted(lambda: model(input_ids=ids, attention_mask=mask))
    assert shapes.forward.of(reading) == pytest.approx(forward, rel=0.05)
    model.train()
    both = counted(lambda: model(input_ids=ids, attention_mask=mask).logits.sum().backward())
    assert shapes.training.of(reading) == pytest.approx(both, rel=0.05)


@pytest.mark.parametrize("method", ["full", "lora", "selective", "prompt-tuning"])
def test_a_bert_whose_last_block_reads_the_first_token_alone(encoder, device, method):
    model = prepared(encoder, device, method)
    ids = torch.randint(5, 100, (ROWS, WIDTH))
    last = last_block(model)
    shapes = arithmetic_of(model, last)
    reading = encoder_pass(ROWS, WIDTH, shapes)

    def learn():
        with first_token_alone(last):
            model(input_ids=ids, attention_mask=torch.ones_like(ids)).logits.sum().backward()

    assert shapes.training.of(reading) == pytest.approx(counted(learn), rel=0.05)
    assert shapes.training.of(reading) < 0.8 * arithmetic_of(model).training.of(reading)


@pytest.mark.parametrize("method", ["full", "lora", "selective"])
def test_a_llama_that_learns_to_answer(decoder, device, method):
    from harness.methods.learning.decoder import DecoderLearner

    register_all()
    made = METHODS[method]({})
    job = _job(Subject.of(decoder, 48, device, made), decoder)
    loaded = load_with_head(decoder, ("a", "b"), device.type)
    made.prepare(loaded, job)
    classifier = _classifier(job, loaded)
    learner = DecoderLearner(classifier, job)
    shapes = arithmetic_of(loaded.model)
    nodes = learner.items[0].answers.longest
    reading = learning_pass(ROWS, learner.lengths()[0], 1 + nodes, len(classifier.head), shapes)
    both = counted(lambda: learner.loss(list(range(ROWS))).backward())
    assert shapes.training.of(reading) == pytest.approx(both, rel=0.05)


@pytest.mark.parametrize("kind", ["encoder", "decoder"])
def test_an_epoch_that_begins_with_kept_states(request, device, kind):
    handle = request.getfixturevalue(kind)
    register_all()
    made = METHODS["selective"]({"blocks": 1})
    job = _job(Subject.of(handle, 48, device, made), handle)
    loaded = load_with_head(handle, ("a", "b"), device.type)
    made.prepare(loaded, job)
    learner = made.learner(_classifier(job, loaded), job)
    assert learner.states is not None
    width = learner.lengths()[0]
    shapes = arithmetic_of(loaded.model, last_block(loaded.model))
    if kind == "encoder":
        reading = item = encoder_pass(ROWS, width, shapes)
    else:
        nodes = len(learner.items[0].answers.tokens)
        head = len(learner.asked.head)
        reading = learning_pass(ROWS, width, 1 + nodes, head, shapes)
        item = decoder_pass(ROWS, width, 0, head, shapes)
    loaded.model.train()
    learner.loss(list(range(ROWS)))
    again = counted(lambda: learner.loss(list(range(ROWS))).backward())
    spared = shapes.below.of(item)
    assert spared > 0.1 * again
    # Of what prompts share, the last block's keys and values alone have a gradient.
    assert shapes.training.of(reading) - spared == pytest.approx(again, rel=0.1)


def test_readings_add_up():
    one = Reading(1, 10, 2, 100, 10)
    assert one + one == one.times(2)
    assert one + Reading() == one


def test_a_cut_backbone_has_its_first_blocks_and_the_same_head(decoder, tmp_path, device):
    whole = load_with_head(decoder, ("a", "b"), device.type).model
    cut = load_with_head(cut_backbone(decoder, 1, tmp_path / "cut"), ("a", "b"), device.type).model
    assert len(cut.model.layers) == 1
    assert torch.equal(cut.model.layers[0].mlp.up_proj.weight,
                       whole.model.layers[0].mlp.up_proj.weight)
    assert torch.equal(cut.lm_head.weight, whole.lm_head.weight)
    assert sum(p.numel() for p in cut.parameters()) == parameters_at(decoder, 1)
    assert depths(decoder, 2) == (None,)
