"""Backbones that another package reads."""

import numpy as np
import pytest
from pydantic import ValidationError

from harness.backbones import vectorizers
from harness.backbones.checkpoint import check_backbone
from harness.backbones.encoding.features import FeatureStore
from harness.backbones.frozen import frozen
from harness.backbones.handle import Handle, parameter_count
from harness.backbones.lengths import share_too_long
from harness.common.clock import Clock
from harness.common.device import detect
from harness.common.errors import HarnessError
from harness.common.registry import Registry
from harness.suite.backbone import BackboneSpec
from harness.tasks.examples import Item

SPEC = {"source": {"file": "words.vec"}, "methods": ["features"]}


class Lengths:
    """A text's vector is how many letters and words it has."""

    parameters = 7

    def __init__(self, path):
        self.scale = float(path.read_text())

    def embed(self, texts):
        return np.array([[self.scale * len(text), len(text.split())] for text in texts])


class Flat(Lengths):
    """Gives no row a text."""

    def embed(self, texts):
        return np.zeros(3)


@pytest.fixture
def handle(tmp_path, monkeypatch):
    known = Registry("reader of a backbone of kind vectors")
    known.register("lengths")(Lengths)
    known.register("flat")(Flat)
    monkeypatch.setattr(vectorizers, "VECTORIZERS", known)
    vectorizers.read_vectorizer.cache_clear()
    path = tmp_path / "scale.txt"
    path.write_text("2")

    def make(reader):
        return Handle("words", "vectors", path, "0" * 64, "scale.txt", reader=reader)

    yield make
    vectorizers.read_vectorizer.cache_clear()


def test_its_vectors_are_those_of_whole_texts_and_its_numbers_are_counted(handle):
    items = [Item("a", "one two", None), Item("b", "three", "four"), Item("c", "one two", None)]
    made = frozen(handle("lengths"), 1, detect())
    found = FeatureStore(None).features(made, items, Clock(), "encode")
    joined = [item.joined for item in items]
    assert found.tolist() == [[2.0 * len(text), len(text.split())] for text in joined]
    assert found.dtype == np.float32
    assert parameter_count(handle("lengths")) == 7
    assert share_too_long(handle("lengths"), None, items, 1) == 0.0


def test_another_shape_is_a_fault_of_the_package(handle):
    with pytest.raises(HarnessError, match=r"'flat' gives vectors of shape \[3\] for 1 texts"):
        FeatureStore(None).features(frozen(handle("flat"), 8, detect()), [Item("a", "b", None)],
                                    Clock(), "encode")


def test_what_it_cannot_read_is_said_before_anything_runs(handle):
    handle("lengths").path.write_text("two")
    with pytest.raises(HarnessError, match=r"scale.txt: 'lengths' \(.*\) cannot read it: "
                                           "ValueError"):
        check_backbone(handle("lengths"), "states")


def test_a_reader_that_there_is_not_is_named_with_the_nearest(handle):
    with pytest.raises(HarnessError, match="kind vectors 'lenghts'") as told:
        vectorizers.code_of("lenghts")
    assert "lengths" in told.value.fix


@pytest.mark.parametrize(("changes", "said"), [
    ({"kind": "vectors"}, "names what reads it"),
    ({"kind": "encoder", "reader": "lengths"}, "names what reads it"),
    ({"kind": "vectors", "reader": "lengths", "quantize": "nf4"}, "quantize"),
    ({"kind": "vectors", "reader": "lengths", "head": "classifier"}, "head")])
def test_a_suite_names_a_reader_where_the_kind_has_one(changes, said):
    with pytest.raises(ValidationError, match=said):
        BackboneSpec.model_validate(SPEC | changes)
    assert BackboneSpec.model_validate(SPEC | {"kind": "vectors", "reader": "lengths"}).reader
