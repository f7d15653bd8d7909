"""A decoder that answers through a head on its last token."""

import dataclasses

import numpy as np
import pytest
import yaml

from harness.backbones.handle import get_backbone
from harness.common.clock import Clock
from harness.common.errors import HarnessError
from harness.methods import register_all
from harness.methods.learning.trials import fit_once
from harness.methods.method import METHODS
from harness.methods.resolve import resolve
from harness.suite import load_suite
from harness.tasks.examples import asked

register_all()


def suite(path, **change):
    value = yaml.safe_load(path.read_text())
    value["backbones"] = {"dec": value["backbones"]["dec"] | {"methods": ["lora"]} | change}
    path.write_text(yaml.safe_dump(value, sort_keys=False))
    return load_suite(path)


def test_methods_take_it_for_an_encoder_and_its_note_says_what_it_is(suite_file):
    loaded = suite(suite_file, head="classifier", methods=["features", "full", "lora"])
    assert [entry.label for entry in resolve(loaded) if entry.backbone] == ["features", "full",
                                                                            "lora"]
    handle = get_backbone(loaded, "dec")
    assert handle.kind == "encoder"
    assert "head on its last token" in " ".join(handle.notes)


@pytest.mark.parametrize(("change", "words"), [
    ({"head": "classifier", "methods": ["zero-shot"]}, "zero-shot"),
    ({"head": "classifier", "kind": "encoder"}, "leave it out"),
    ({"head": "classifer"}, "head")])
def test_what_has_no_such_head_is_refused(suite_file, change, words):
    with pytest.raises(HarnessError, match=words):
        resolve(suite(suite_file, **change))


@pytest.mark.parametrize("method", ["full", "selective", "bitfit", "lora", "prompt-tuning"])
def test_it_learns_answers_items_alone_as_among_others_and_comes_back(method, suite_file, job,
                                                                      tmp_path):
    handle = get_backbone(suite(suite_file, head="classifier"), "dec")
    here = dataclasses.replace(job(), backbone=handle)
    made, rate = METHODS[method]({}), {"learning_rate": 1e-3}
    fitted = fit_once(made, here, rate).fit.fitted
    assert "ForSequenceClassification" in str(type(fitted.loaded.model)) or method in (
        "lora", "prompt-tuning")
    items = asked(here.validation)
    among = fitted.predict(items, Clock())
    alone = np.concatenate([fitted.predict([item], Clock()) for item in items])
    assert np.allclose(among, alone, atol=0.01)
    fitted.save(tmp_path)
    assert np.array_equal(made.load(here, rate, tmp_path).predict(items, Clock()), among)
