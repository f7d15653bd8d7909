"""A graph of DINOv2 becomes the model that it was exported from."""

import json
import warnings

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from transformers import AutoImageProcessor, AutoModel, Dinov2Config, Dinov2Model

from harness.backbones.dinov2 import converted
from harness.common.errors import HarnessError
from harness.common.files import sha256_file

SIDE, PATCH = 28, 14
THEN = {"attention.q_proj": "attention.attention.query", "attention.k_proj":
        "attention.attention.key", "attention.v_proj": "attention.attention.value",
        "attention.o_proj": "attention.output.dense"}
"""How transformers 4 called modules, and graphs that it exported still do."""


class Saliency(torch.nn.Module):
    """An encoder and something on top of it, as in the wheel."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.backbone = Dinov2Model(Dinov2Config(
            hidden_size=128, num_hidden_layers=2, num_attention_heads=2, mlp_ratio=2,
            image_size=56, patch_size=PATCH, use_mask_token=False)).eval()
        for parameter in self.backbone.parameters():
            torch.nn.init.normal_(parameter, std=0.2)
        self.decoder = torch.nn.Linear(128, 1)

    def forward(self, pixels):
        return self.decoder(self.backbone(pixels).last_hidden_state)


@pytest.fixture(scope="module")
def saliency():
    return Saliency().eval()


@pytest.fixture(scope="module")
def graph(saliency, tmp_path_factory):
    path = tmp_path_factory.mktemp("graph") / "small.onnx"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(saliency, (torch.zeros(1, 3, SIDE, SIDE),), path, dynamo=False,
                          input_names=["pixels"], opset_version=14)
    return onnx.load(path)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))


def renamed(graph, names):
    """The same graph with other names of modules."""
    made = onnx.ModelProto()
    made.CopyFrom(graph)
    for now, then in names.items():
        for one in made.graph.initializer:
            one.name = one.name.replace(now, then)
        for node in made.graph.node:
            node.name = node.name.replace(now.replace(".", "/"), then.replace(".", "/"))
            for place, name in enumerate(node.input):
                node.input[place] = name.replace(now, then)
    return made


def read(graph, folder):
    path = folder / "small.onnx"
    path.write_bytes(graph.SerializeToString())
    return converted(path, sha256_file(path))


@pytest.mark.parametrize("names", [{}, THEN], ids=["now", "then"])
def test_the_folder_is_the_model_that_was_exported(saliency, graph, names, tmp_path):
    folder, note = read(renamed(graph, names), tmp_path)
    assert "small.onnx" in note
    model = AutoModel.from_pretrained(folder).eval()
    assert type(model) is Dinov2Model
    assert model.config.image_size == 56
    pixels = torch.randn(2, 3, SIDE, SIDE)
    with torch.no_grad():
        expected = saliency.backbone(pixels).last_hidden_state
        torch.testing.assert_close(model(pixels).last_hidden_state, expected)
    assert sorted(path.name for path in folder.iterdir()) == [
        "config.json", "model.safetensors", "preprocessor_config.json"]


def test_onnxruntime_sees_the_same(graph, tmp_path):
    """What the graph itself gives where its encoder ends."""
    folder, _ = read(graph, tmp_path)
    [end] = [node.input[0] for node in graph.graph.node if node.name.startswith("/decoder/MatMul")]
    shown = renamed(graph, {})
    shown.graph.output.append(onnx.helper.make_tensor_value_info(end, onnx.TensorProto.FLOAT, None))
    pixels = np.random.default_rng(0).normal(size=(1, 3, SIDE, SIDE)).astype(np.float32)
    session = onnxruntime.InferenceSession(shown.SerializeToString())
    expected = session.run([end], {"pixels": pixels})[0]
    with torch.no_grad():
        found = AutoModel.from_pretrained(folder).eval()(torch.from_numpy(pixels))
    np.testing.assert_allclose(found.last_hidden_state, expected, atol=1e-4)


def test_pictures_are_read_as_dinov2_s_are(graph, tmp_path):
    """256 on the shorter side, the middle 224, ImageNet's mean and deviation."""
    folder, _ = read(graph, tmp_path)
    grey = np.full((300, 400, 3), 51, dtype=np.uint8)
    found = AutoImageProcessor.from_pretrained(folder)(grey, return_tensors="np")["pixel_values"]
    assert found.shape == (1, 3, 224, 224)
    expected = (0.2 - np.array([0.485, 0.456, 0.406])) / [0.229, 0.224, 0.225]
    np.testing.assert_allclose(found[0].mean(axis=(1, 2)), expected, rtol=1e-5)


def test_it_is_made_once(graph, tmp_path):
    first, _ = read(graph, tmp_path)
    made = (first / "model.safetensors").stat().st_mtime_ns
    second, _ = read(graph, tmp_path)
    assert second == first
    assert (second / "model.safetensors").stat().st_mtime_ns == made


def external(graph):
    one = graph.graph.initializer[3]
    one.data_location = onnx.TensorProto.EXTERNAL
    one.external_data.add(key="location", value="../../etc/passwd")
    one.ClearField("raw_data")


def lying(graph):
    graph.graph.initializer[3].dims[0] = 1 << 40


def half(graph):
    graph.graph.initializer[3].data_type = onnx.TensorProto.FLOAT16


def without(part):
    def change(graph):
        kept = [one for one in graph.graph.initializer if part not in one.name]
        del graph.graph.initializer[:]
        graph.graph.initializer.extend(kept)
    return change


def another(graph):
    for one in graph.graph.initializer:
        one.name = one.name.replace("backbone.", "encoder.")


@pytest.mark.parametrize(("change", "words"), [
    (external, "lies in another file"), (lying, "is not fp32 of the size"),
    (half, "is not fp32 of the size"), (without("projection.weight"), "is no DINOv2"),
    (without("norm1.bias"), "missing keys"), (without("layernorm.weight"), "missing keys"),
    (another, "is no DINOv2")])
def test_another_graph_is_refused_and_nothing_is_kept(graph, change, words, tmp_path):
    made = renamed(graph, {})
    change(made)
    with pytest.raises(HarnessError, match=words) as caught:
        read(made, tmp_path)
    assert caught.value.found.startswith("small.onnx: ")
    assert not list((tmp_path / "cache").rglob("*.safetensors"))


def test_what_is_no_graph_is_refused(tmp_path):
    path = tmp_path / "a.onnx"
    for content in (b"", b"not a graph" * 100, json.dumps({"a": 1}).encode()):
        path.write_bytes(content)
        with pytest.raises(HarnessError, match=r"a\.onnx: is no "):
            converted(path, sha256_file(path))
