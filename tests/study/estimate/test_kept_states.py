"""What the planner takes for granted of kept states, and of features, is what runs do."""

from types import SimpleNamespace

import families
import pytest
from families import write_family

from harness.backbones.encoding.padding import Padding
from harness.backbones.handle import folder_handle
from harness.methods import register_all
from harness.methods.learning import encoder as encoders
from harness.methods.method import METHODS, Course
from harness.study.estimate import work
from harness.study.estimate.probe import Subject, measure
from harness.study.estimate.work import Work

DEPTH = {"llama": {"num_hidden_layers": 8}, "gpt2": {"n_layer": 8}}


@pytest.fixture
def handle(tmp_path, monkeypatch):
    def make(family):
        build, tokenizer = families.FAMILIES[family]

        def deep():
            shallow = build()
            shallow.config.update(DEPTH[family] | {"layer_types": None})
            return type(shallow)(shallow.config)

        monkeypatch.setitem(families.FAMILIES, family, (deep, tokenizer))
        return folder_handle(write_family(family, tmp_path / family))

    return make


@pytest.mark.parametrize(("family", "bytes_a_token"), [("llama", 4 * 32), ("gpt2", 0)])
def test_a_model_that_keeps_none_is_planned_without(family, bytes_a_token, handle, device):
    register_all()
    subject = Subject.of(handle(family), 32, device, METHODS["selective"]({"blocks": 2}))
    few, more = subject.depths
    assert few == 2 < more < 8
    measured = measure(subject, print)
    assert measured.kept == bytes_a_token


@pytest.mark.parametrize(("method", "narrowed"), [(None, False), ("full", True),
                                                   ("setfit", False)])
def test_features_are_timed_on_all_tokens(method, narrowed, encoder, device, monkeypatch):
    seen = []
    # Not timed: it is tried as the model answers, whatever is timed of it.
    monkeypatch.setattr(encoders, "find_padding", lambda items, compute: Padding.RIGHT)

    def alone(last):
        seen.append(last is not None)
        return original(last)

    original = encoders.first_token_alone
    monkeypatch.setattr(encoders, "first_token_alone", alone)
    register_all()
    made = None if method is None else METHODS[method]({})
    measure(Subject.of(encoder, 32, device, made), print)
    assert set(seen) == {narrowed}


@pytest.mark.parametrize(("room", "keeps"), [(1.0, True), (0.99, False)])
def test_states_that_find_no_room_are_planned_without(room, keeps, device, monkeypatch):
    monkeypatch.setattr(work, "ROOM", 0.5)
    monkeypatch.setattr(work, "total", lambda device: 2 * room * 128 * 30)
    run = SimpleNamespace(identity=SimpleNamespace(devices=1))
    planned = Work(SimpleNamespace(device=device), run, SimpleNamespace(kept=128.0), None)
    part = SimpleNamespace(tokens=lambda each: 10 + each)
    planned.__dict__["lengths"] = SimpleNamespace(train=part, validation=part, answer=3, nodes=7)
    planned.__dict__["course"] = Course(epochs=2)
    assert planned._keeps == keeps
