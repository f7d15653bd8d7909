"""A tiny study's runs in every format: what is written answers what was fitted."""

import json
import shutil
import sys
from typing import get_args

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModel, AutoModelForCausalLM
from written import items, kept, whole, written

from harness.backbones.encoding.pooling import pool_of
from harness.backbones.graphs.session import MODEL, open_graph
from harness.common.clock import Clock
from harness.common.errors import HarnessError
from harness.common.kinds import ExportFormat
from harness.export.formats import FORMATS, find_format
from harness.export.int8 import rounded
from harness.export.plain import shipped


@pytest.fixture(scope="module")
def graph(place, tmp_path_factory):
    """The tiny `full` run as an ONNX folder, made once."""
    folder = tmp_path_factory.mktemp("graph")
    model = whole(place, "full", "enc")
    find_format("onnx", model).write(model, folder)
    return folder, model


def test_every_format_is_a_row(place):
    find_format("merged", whole(place, "full", "enc"))
    assert set(FORMATS) == set(get_args(ExportFormat))


@pytest.mark.parametrize(("label", "backbone"), [
    ("full", "enc"), ("lora", "enc"), ("features", "enc"), ("lora", "dec")])
def test_merged_weights_answer_as_the_run_did(place, tmp_path, label, backbone):
    """The run's arithmetic may be bf16, the folder's is fp32."""
    found = written(place, label, backbone, "merged", tmp_path)
    assert found == pytest.approx(kept(place, label, backbone), abs=0.02)
    weights = load_file(tmp_path / "model.safetensors")
    assert {one.dtype for one in weights.values()} == {torch.float32}
    assert not any("lora" in name for name in weights)


@pytest.mark.parametrize(("label", "backbone", "load"), [
    ("full", "enc", AutoModel), ("lora", "dec", AutoModelForCausalLM)])
def test_bf16_is_every_weight_rounded_once(place, tmp_path, label, backbone, load):
    found = written(place, label, backbone, "bf16", tmp_path / "half")
    assert found == pytest.approx(kept(place, label, backbone), abs=0.05)
    written(place, label, backbone, "merged", tmp_path / "whole")
    whole_ones = load_file(tmp_path / "whole" / "model.safetensors")
    halves = load_file(tmp_path / "half" / "model.safetensors")
    assert whole_ones.keys() == halves.keys()
    for name, one in halves.items():
        assert one.dtype == torch.bfloat16
        assert torch.equal(one, whole_ones[name].to(torch.bfloat16))
    assert load.from_pretrained(tmp_path / "half", dtype="auto").dtype == torch.bfloat16


def test_the_graph_answers_as_the_weights_do(place, graph, tmp_path):
    folder, model = graph
    weights = find_format("merged", model)
    weights.write(model, tmp_path)
    every = items(place, "full", "enc")
    mine = FORMATS["onnx"].load(model, folder).predict(every, Clock())
    assert mine == pytest.approx(weights.load(model, tmp_path).predict(every, Clock()), abs=1e-5)
    alone = [FORMATS["onnx"].load(model, folder).predict([one], Clock())[0] for one in every[:3]]
    assert mine[:3] == pytest.approx(np.stack(alone), abs=1e-5)


def test_the_graph_holds_no_paths_and_one_opset(graph, tmp_path):
    import onnx

    folder, _ = graph
    assert b"site-packages" not in (folder / MODEL).read_bytes()
    assert [(one.domain, one.version) for one in onnx.load(folder / MODEL).opset_import] == [
        ("", 18)]


def test_pooled_features_are_one_model(place, tmp_path):
    """A frozen backbone under a linear head, whose graph is checked against scikit-learn's head."""
    found = written(place, "features", "enc", "onnx", tmp_path)
    assert found == pytest.approx(kept(place, "features", "enc"), abs=0.02)
    assert found.sum(axis=1) == pytest.approx(1)
    written(place, "features", "enc", "merged", tmp_path / "weights")
    assert pool_of(tmp_path / "weights") == ("mean",)


def test_int8_is_smaller_and_its_answers_hang_on_no_other_item(place, graph, tmp_path):
    folder, model = graph
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    rounded(folder / MODEL, tmp_path / MODEL)
    eight = open_graph(tmp_path)
    assert eight.rounds
    assert not open_graph(folder).rounds
    every = items(place, "full", "enc")
    answering = FORMATS["int8"].load(model, tmp_path)
    mine = answering.predict(every, Clock())
    assert np.array_equal(mine[:1], answering.predict(every[:1], Clock()))
    assert np.array_equal(mine[::-1], answering.predict(every[::-1], Clock()))
    assert mine == pytest.approx(
        FORMATS["onnx"].load(model, folder).predict(every, Clock()), abs=0.1)
    together = shipped(model, tmp_path, eight).predict(every, Clock())
    assert not np.array_equal(mine, together), "the scale is of all that is asked at once"


@pytest.mark.parametrize(("label", "backbone", "words"), [
    ("tfidf", None, "no model by itself"), ("knn", "enc", "not those of one model's weights"),
    ("rag+lora", "dec", "no model by itself"), ("zero-shot", "dec", "leaves its backbone")])
def test_what_is_no_one_model_is_refused_by_name(place, label, backbone, words):
    with pytest.raises(HarnessError) as error:
        whole(place, label, backbone)
    assert words in error.value.found
    assert error.value.found.startswith(label.partition("+")[0])
    assert error.value.fix


@pytest.mark.parametrize("to", ["onnx", "int8"])
def test_a_model_that_is_asked_is_no_graph(place, to):
    with pytest.raises(HarnessError, match="answers by a prompt"):
        find_format(to, whole(place, "lora", "dec"))


@pytest.mark.parametrize("library", ["onnx", "onnxruntime", "onnxscript"])
def test_a_missing_extra_is_said_with_its_command(place, monkeypatch, tmp_path, library):
    model = whole(place, "full", "enc")
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(HarnessError) as error:
        find_format("onnx", model).write(model, tmp_path)
    assert error.value.found == f"ONNX needs {library}, which is not installed"
    assert error.value.fix == "pip install 'adaptation-harness[export]'"


def test_classes_are_named_in_the_configuration(graph):
    config = json.loads((graph[0] / "config.json").read_text())
    assert config["id2label"] == {"0": "fruit", "1": "metal", "2": "metal alloy"}
    assert config["problem_type"] == "single_label_classification"
