"""Training with states kept below the blocks that learn is the training without them."""

import dataclasses
import weakref

import numpy as np
import pytest
import torch
from families import DECODERS, ENCODERS, FAMILIES, SEQ2SEQ, SMALL, word_pieces, write_family
from hypothesis import given
from hypothesis import strategies as st
from transformers import ConvBertConfig, ConvBertModel

from harness.backbones.blocks import transformer_blocks
from harness.backbones.encoding.features import FeatureStore
from harness.backbones.handle import folder_handle
from harness.backbones.kernels import kept_states
from harness.backbones.kernels.kept_states import KeptStates
from harness.backbones.load import load_classifier
from harness.common import memory
from harness.common.clock import Clock
from harness.common.device import Device
from harness.common.ranks import Ranks
from harness.methods import register_all
from harness.methods.job import Job
from harness.methods.learning import keeping
from harness.methods.learning.trials import fit_once
from harness.methods.method import METHODS
from harness.methods.whole import load_model
from harness.tasks.task import load_task

register_all()
CPU = Device("cpu", "test", "no", 1)
COMPUTED_ANEW = dict.fromkeys(
    ("mistral", "qwen2", "gemma2", "gemma3"),
    "its window is shorter than what prompts share: each item reads it again",
) | {"gpt2": "the dropout over its embeddings belongs to no module with weights",
     "mpnet": "its embeddings take 1 for padding, whatever its tokenizer says"}
SETTING = {"learning_rate": 3e-3}


@pytest.fixture(scope="module")
def handles(tmp_path_factory):
    made = {}

    def get(family):
        if family not in made:
            made[family] = folder_handle(write_family(family, tmp_path_factory.mktemp(family)))
        return made[family]

    return get


@pytest.fixture
def job(loaded, handles):
    def make(family, **budget) -> Job:
        task = load_task(loaded)
        splits = task.splits.sample(14, 6, 5)
        values = {"epochs": 3, "steps": 1, "batch": 4, "patience": 9, "max_length": 24, **budget}
        return Job(task=dataclasses.replace(task, splits=splits), train=splits.train,
                   validation=splits.validation,
                   budget=loaded.suite.budget.model_copy(update=values), seed=0, clock=Clock(),
                   device=CPU, store=FeatureStore(None), backbone=handles(family))

    return make


def learner_of(job, monkeypatch=None):
    """A learner of the selective method; with `monkeypatch` one that may keep nothing."""
    if monkeypatch is not None:
        monkeypatch.setattr(keeping, "ROOM", 0.0)
    method, loaded = METHODS["selective"]({"blocks": 1}), load_model(job)
    method.prepare(loaded, job)
    return method.learner(method._classifier(job, loaded), job)


@pytest.mark.parametrize("family", [*ENCODERS, *DECODERS])
def test_losses_and_weights_are_those_of_computing_anew(family, job, monkeypatch):
    here, method = job(family), METHODS["selective"]({"blocks": 1})
    kept = fit_once(method, here, SETTING).fit
    assert (learner_of(here).states is None) == (family in COMPUTED_ANEW)
    assert learner_of(here, monkeypatch).states is None
    anew = fit_once(method, here, SETTING).fit
    for name in ("train_loss", "validation_loss"):
        expected, found = ([getattr(point, name) for point in fit.training.curve
                            if getattr(point, name) is not None] for fit in (anew, kept))
        assert len(expected) in (3, 12)
        # Batches of other shapes are summed in another order.
        np.testing.assert_allclose(found, expected, rtol=2e-6)
    test = here.task.splits.test
    np.testing.assert_allclose(kept.fitted.predict(test, Clock()),
                               anew.fitted.predict(test, Clock()), atol=1e-5)
    saved = kept.training.flops / anew.training.flops
    assert saved == 1 if family in COMPUTED_ANEW else 0.4 < saved < 0.95


def test_a_batch_of_the_same_shape_gives_the_same_bits(job, monkeypatch):
    """One batch of texts of one length: nothing but the states can differ."""
    here = job("bert", batch=16, max_length=6)
    curves = [[(p.train_loss, p.validation_loss) for p in fit_once(
        METHODS["selective"]({"blocks": 1}), here, SETTING).fit.training.curve]]
    monkeypatch.setattr(keeping, "ROOM", 0.0)
    curves.append([(p.train_loss, p.validation_loss) for p in fit_once(
        METHODS["selective"]({"blocks": 1}), here, SETTING).fit.training.curve])
    assert curves[0] == curves[1]
    assert len({loss for loss, _ in curves[0]}) == 3


def test_dropout_is_off_below_the_blocks_that_learn_and_on_above(job):
    learner = learner_of(job("bert"))
    model = learner.model.train()
    below, above = transformer_blocks(model)
    assert not any(module.training for module in below.modules())
    assert not any(module.training for module in model.base_model.embeddings.modules())
    assert all(module.training for module in above.modules())
    assert model.training


def test_states_that_do_not_stay_the_same_are_not_kept(job):
    """Whatever changes them: here dropout in the embeddings, switched on again."""
    here = job("bert")
    plain = METHODS["full"]({})
    loaded = load_model(here)
    METHODS["selective"]({"blocks": 1}).prepare(loaded, here)
    for module in loaded.model.base_model.embeddings.modules():
        vars(module).pop("train", None)
    learner = plain.learner(plain._classifier(here, loaded), here)
    assert keeping.keeping(learner, here).states is None


@pytest.mark.parametrize("blocks", [2, 9])
def test_where_all_blocks_learn_nothing_is_kept(blocks, job):
    here = job("bert")
    method, loaded = METHODS["selective"]({"blocks": blocks}), load_model(here)
    method.prepare(loaded, here)
    assert method.learner(method._classifier(here, loaded), here).states is None


def test_one_epoch_several_ranks_little_memory_and_an_encoder_with_a_decoder_keep_nothing(
        job, monkeypatch):
    assert learner_of(job("bert", epochs=2)).states is not None
    assert learner_of(job("bert", epochs=1)).states is None
    assert learner_of(dataclasses.replace(job("bert"), ranks=Ranks(0, 2))).states is None
    assert learner_of(job(next(iter(SEQ2SEQ)))).states is None
    states = learner_of(job("bert")).states
    monkeypatch.setattr(memory.psutil, "virtual_memory", lambda: type(
        "Memory", (), {"available": 99 * states.bytes, "total": 7.9 * states.bytes}))
    assert learner_of(job("bert")).states is None


def test_states_that_hang_on_padding_are_not_kept(job, monkeypatch):
    """ConvBERT's convolutions reach over an item's end."""
    monkeypatch.setitem(FAMILIES, "convbert", (
        lambda: ConvBertModel(ConvBertConfig(**SMALL, pad_token_id=2, conv_kernel_size=5,
                                             head_ratio=2)), word_pieces))
    here = job("convbert")
    first, *others = here.train
    longer = dataclasses.replace(first, text=f"{first.text} {first.text}")
    uneven = dataclasses.replace(here, train=(longer, *others))
    assert learner_of(uneven).states is None
    assert learner_of(here).states is not None  # texts of one length are not padded
    monkeypatch.setattr(keeping, "APART", 2.0)
    assert learner_of(uneven).states is not None


def test_whether_states_are_kept_does_not_hang_on_the_memory_that_is_left(job, monkeypatch):
    monkeypatch.setattr(memory.psutil, "virtual_memory", lambda: type(
        "Memory", (), {"available": 1, "total": 2**34}))
    assert learner_of(job("bert")).states is not None


def test_a_model_whose_middle_cannot_be_entered_is_trained_as_ever(job, monkeypatch):
    """Blocks that hand on more than a state: the loss would be another, or none."""
    enter = KeptStates._enter

    def entered(self, block, given):
        hidden, *rest = enter(self, block, given)
        return (2 * hidden if self._begun else hidden), *rest

    torch.manual_seed(0)  # a head that happens to be all but blind would tell no states apart
    assert learner_of(job("bert")).states is not None
    monkeypatch.setattr(KeptStates, "_enter", entered)
    assert learner_of(job("bert")).states is None
    monkeypatch.setattr(KeptStates, "_enter", lambda self, block, given: enter(self, block, ()))
    assert learner_of(job("bert")).states is None  # a block that is called another way


@given(texts=st.lists(st.lists(st.integers(0, 99), max_size=6), max_size=5),
       padding=st.integers(0, 40))
def test_slots_are_numbers_of_their_own_and_never_padding(bert_model, texts, padding):
    states = KeptStates(bert_model, padding)
    slots = [states.slots(text) for text in texts]
    flat = [slot for text in slots for slot in text]
    assert len(set(flat)) == len(flat) == sum(map(len, texts))
    assert padding not in flat
    for text, given_slots in zip(texts, slots, strict=True):
        ids = states._look_up(None, (torch.tensor([[padding, *given_slots]]),))
        assert ids.tolist() == [[padding, *text]]


@pytest.fixture(scope="module")
def bert_model(handles):
    return load_classifier(handles("bert"), ("a", "b"), "cpu").model


def test_a_model_that_never_enters_the_block_is_trained_as_ever(job, monkeypatch):
    monkeypatch.setattr(KeptStates, "_enter", lambda self, block, given: given)
    assert learner_of(job("bert")).states is None


def test_one_table_at_a_time_is_held_while_it_is_tried(job, monkeypatch):
    alive = []

    def made(rows, like):
        table = make(rows, like)
        alive.append(weakref.ref(table.states))
        assert sum(ref() is not None for ref in alive) == 1
        return table

    make = kept_states._table
    monkeypatch.setattr(kept_states, "_table", made)
    assert learner_of(job("bert")).states is not None
    assert len(alive) > 3
