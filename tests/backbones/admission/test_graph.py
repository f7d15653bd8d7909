"""A stranger's ONNX folder is refused for whatever could do harm, and for what is no classifier."""

import json
import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from harness.backbones.admission.graph import admit_graph, is_graph
from harness.backbones.admission.graph_form import form_of
from harness.backbones.graphs.session import open_graph
from harness.common.errors import HarnessError

INPUTS = ("input_ids", "attention_mask")
CLASSES = 3


def tensor(name, values):
    return numpy_helper.from_array(np.asarray(values), name)


def nodes():
    """The mean over a text's own tokens of a row of three numbers for each token."""
    return [helper.make_node("Gather", ["table", "input_ids"], ["states"]),
            helper.make_node("Cast", ["attention_mask"], ["mask"], to=TensorProto.FLOAT),
            helper.make_node("Unsqueeze", ["mask", "last"], ["own"]),
            helper.make_node("Mul", ["states", "own"], ["kept"]),
            helper.make_node("ReduceSum", ["kept", "middle"], ["sum"], keepdims=0),
            helper.make_node("ReduceSum", ["own", "middle"], ["count"], keepdims=0),
            helper.make_node("Div", ["sum", "count"], ["logits"])]


def table(rows=400):
    return np.random.default_rng(0).normal(size=(rows, CLASSES)).astype(np.float32)


def a_graph(*more, inputs=INPUTS, kind=TensorProto.INT64, shape=("batch", "sequence"),
            outputs=("logits",), opset=18):
    sides = {"logits": ["batch", CLASSES]}
    model = helper.make_model(helper.make_graph(
        [*nodes(), *more], "tiny",
        [helper.make_tensor_value_info(name, kind, shape) for name in inputs],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, sides.get(name, ["batch"]))
         for name in outputs],
        [tensor("table", table()), tensor("last", np.array([-1])),
         tensor("middle", np.array([1]))]),
        opset_imports=[helper.make_opsetid("", opset)])
    model.ir_version = 10
    return model


@pytest.fixture
def folder(tmp_path, encoder_folder):
    """A folder that may be used."""
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(encoder_folder / name, tmp_path)
    (tmp_path / "config.json").write_text(json.dumps({
        "model_type": "bert", "id2label": {str(i): f"c{i}" for i in range(CLASSES)}}))
    onnx.save(a_graph(), tmp_path / "model.onnx")
    return tmp_path


def refused(folder, *words):
    with pytest.raises(HarnessError) as error:
        admit_graph(folder)
    assert all(word in error.value.found for word in words), error.value.found
    assert error.value.fix


def save(folder, model):
    onnx.save(model, folder / "model.onnx")


def test_a_sound_folder_is_admitted_and_answers_as_its_numbers_say(folder):
    admitted = admit_graph(folder)
    assert admitted.parameters == table().size + 2
    assert is_graph(folder)
    ids, mask = np.array([[5, 7, 0]]), np.array([[1, 1, 0]])
    found = open_graph(folder)({"input_ids": ids, "attention_mask": mask})
    assert found == pytest.approx(table()[[5, 7]].mean(axis=0)[None], abs=1e-6)


def test_a_folder_with_weights_beside_its_graph_is_taken_by_its_weights(folder):
    (folder / "model.safetensors").write_bytes(b"")
    assert not is_graph(folder)


def test_operators_of_other_domains_are_refused(folder):
    model = a_graph()
    model.graph.node[0].domain = "evil.ops"
    save(folder, model)
    refused(folder, "operators of its own", "evil.ops.Gather")
    model = a_graph()
    model.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    save(folder, model)
    refused(folder, "operators of its own", "com.microsoft")


def test_functions_of_its_own_are_refused(folder):
    model = a_graph()
    model.functions.append(helper.make_function(
        "mine", "Twice", ["x"], ["y"], [helper.make_node("Add", ["x", "x"], ["y"])],
        [helper.make_opsetid("", 18)]))
    save(folder, model)
    refused(folder, "functions of its own", "Twice")


def test_an_operator_that_there_is_not_is_refused(folder):
    save(folder, a_graph(helper.make_node("Nonsense", ["logits"], ["more"])))
    refused(folder, "no sound graph")


@pytest.mark.parametrize("location", ["../secret.bin", "/etc/passwd", "weights.bin"])
def test_weights_in_another_file_are_refused_and_never_read(folder, location):
    (folder / "weights.bin").write_bytes(table().tobytes())
    model = a_graph()
    outside = model.graph.initializer[0]
    outside.ClearField("raw_data")
    outside.data_location = TensorProto.EXTERNAL
    outside.external_data.add(key="location", value=location)
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    refused(folder, "table lies in another file")


def inner(name, *more):
    """A branch that gives a constant."""
    made = helper.make_node("Constant", [], [name], value=tensor("one", np.float32(1)))
    return helper.make_graph([made, *more], name, [],
                             [helper.make_tensor_value_info(name, TensorProto.FLOAT, [])])


def test_loops_are_refused_also_within_a_branch(folder):
    loop = helper.make_node("Loop", ["", "", "x"], ["y"], body=inner("body"))
    save_unchecked(folder, a_graph(loop))
    refused(folder, "a loop (Loop)")
    branch = helper.make_node("If", ["yes"], ["y"], then_branch=inner("then", loop),
                              else_branch=inner("else"))
    save_unchecked(folder, a_graph(branch))
    refused(folder, "a loop (Loop)")


def save_unchecked(folder, model):
    (folder / "model.onnx").write_bytes(model.SerializeToString())


def test_files_named_within_a_branch_are_seen(folder):
    constant = tensor("far", np.float32([1, 2]))
    constant.data_location = TensorProto.EXTERNAL
    constant.external_data.add(key="location", value="/etc/hostname")
    held = helper.make_node("Constant", [], ["far"], value=constant)
    branch = helper.make_node("If", ["yes"], ["y"], then_branch=inner("then", held),
                              else_branch=inner("else"))
    save_unchecked(folder, a_graph(branch))
    refused(folder, "far lies in another file")


@pytest.mark.parametrize("opset", [7, 99])
def test_an_opset_that_is_not_known_is_refused(folder, opset):
    save(folder, a_graph(opset=opset))
    refused(folder, f"opset {opset}")


@pytest.mark.parametrize(("changes", "words"), [
    ({"inputs": ("input_ids", "attention_mask", "pixel_values")}, "pixel_values"),
    ({"kind": TensorProto.FLOAT}, "int64"),
    ({"shape": (1, 16)}, "fixed shape"),
    ({"shape": ("batch",)}, "[batch, sequence]"),
    ({"outputs": ("sum",)}, "not 'logits' alone"),
    ({"outputs": ("logits", "sum")}, "not 'logits' alone"),
])
def test_other_inputs_and_outputs_are_refused(folder, changes, words):
    save_unchecked(folder, a_graph(**changes))
    with pytest.raises(HarnessError) as error:
        form_of(Path("model.onnx"), a_graph(**changes).graph)
    assert words in error.value.found


def test_what_is_no_graph_is_refused(folder):
    (folder / "model.onnx").write_bytes(b"\x80\x04 not a protobuf at all" * 50)
    refused(folder, "is no")
    (folder / "model.onnx").write_bytes(b"")
    refused(folder, "is no sound graph")


def test_a_shape_that_no_memory_holds_ends_the_look_and_not_the_program(folder):
    """A petabyte of zeros."""
    huge = [helper.make_node("ConstantOfShape", ["sides"], ["zeros"]),
            helper.make_node("ReduceSum", ["zeros"], ["nothing"], keepdims=0),
            helper.make_node("Add", ["logits", "nothing"], ["more"])]
    model = a_graph(*huge)
    model.graph.initializer.append(tensor("sides", np.array([10**7, 10**7])))
    for node in model.graph.node:
        node.output[:] = ["inside" if one == "logits" else one for one in node.output]
        node.input[:] = ["inside" if one == "logits" else one for one in node.input]
        node.output[:] = ["logits" if one == "more" else one for one in node.output]
    save(folder, model)
    refused(folder, "")


def test_a_folder_that_is_too_large_or_lacks_its_parts_is_refused(folder):
    with pytest.raises(HarnessError, match="more than the 1,000 allowed"):
        admit_graph(folder, 1000)
    (folder / "tokenizer.json").unlink()
    (folder / "tokenizer_config.json").unlink()
    refused(folder, "no tokenizer")
    (folder / "config.json").unlink()
    refused(folder, "without config.json")


def test_a_link_that_leaves_the_folder_is_refused(folder, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "model.onnx"
    shutil.move(folder / "model.onnx", elsewhere)
    (folder / "model.onnx").symlink_to(elsewhere)
    refused(folder, "a link that leaves the folder")
