"""Runs on pictures, written for use elsewhere: the folder and its program answer as the run did."""

import io
import json
import shutil
import subprocess
import sys

import numpy as np
import onnx
import pytest
from gated import carried_out
from pictured import CLASSES, picture, suite_of_pictures, write_pictures, write_vision
from PIL import Image
from rich.console import Console

from harness.api import gates as api
from harness.backbones.graphs.session import PIXELS, open_graph
from harness.commands import export as commands
from harness.commands.export import Asked
from harness.common.errors import HarnessError
from harness.export.manifest import Manifest


def exported(gallery, label, to, folder):
    asked = Asked(gallery.run_id(label, "tiny"), str(gallery.folder / f"{gallery.name}.yaml"), None,
                  gallery.folder, gallery.runs)
    return commands.export(Console(file=io.StringIO()), asked, to, folder)


@pytest.mark.parametrize(("label", "to", "close"), [
    ("full", "merged", 0.01), ("lora", "merged", 0.01), ("features", "merged", 0.01),
    ("full", "bf16", 0.05), ("full", "onnx", 0.01), ("features", "onnx", 0.01),
    ("lora", "int8", 0.05)])
def test_the_folder_answers_as_the_run_did(gallery, tmp_path, label, to, close):
    """By the folder's own program, against the run's table, whose products some machines round."""
    found = exported(gallery, label, to, tmp_path / "out")
    assert found.answers.items == 18
    assert found.answers.equal == 18 or to in ("bf16", "int8")
    assert found.answers.changes.largest < close
    table = gallery.store.predictions(gallery.run_id(label, "tiny")).to_pandas()
    names = {e.id: e.picture.name for e in gallery.plan.task.splits.test}
    paths = [gallery.folder / "pictures" / names[item] for item in table["item"]]
    said = answered(tmp_path / "out", paths)
    shares = table[[f"p:{name}" for name in CLASSES]].to_numpy()
    np.testing.assert_allclose([float(line.split("\t")[1]) for line in said], shares.max(axis=1),
                               atol=close)
    if to in ("merged", "onnx"):
        assert [line.split("\t")[0] for line in said] == [
            CLASSES[i] for i in shares.argmax(axis=1)]
    told = Manifest.model_validate_json((tmp_path / "out" / "export.json").read_text())
    assert (told.reads.pixels, told.reads.max_length) == ((32, 32), None)
    card = (tmp_path / "out" / "README.md").read_text()
    assert "pipeline_tag: image-classification" in card
    assert "makes 32 × 32 pixels" in card
    assert "predict.py < paths.txt" in card


def answered(folder, paths):
    done = subprocess.run([sys.executable, "-I", str(folder / "predict.py")], text=True,
                          input="".join(f"{path}\n" for path in paths), capture_output=True,
                          check=False)
    assert done.returncode == 0, done.stderr[-500:]
    return done.stdout.splitlines()


@pytest.mark.parametrize("to", ["merged", "onnx"])
def test_the_program_reads_odd_files_as_the_harness_does(gallery, tmp_path, to):
    """Turned by EXIF, transparent, grey, of a palette."""
    image = Image.fromarray(picture("spots", 90))
    exif = Image.Exif()
    exif[0x0112] = 6
    clear = image.copy()
    clear.putalpha(Image.fromarray(picture("lines", 91)[..., 0]))
    for name, one, how in (("a.jpg", image, {"exif": exif}), ("b.png", clear, {}),
                           ("c.png", image.convert("L"), {}), ("d.gif", image.quantize(16), {})):
        one.save(tmp_path / name, **how)
    exported(gallery, "full", to, tmp_path / "out")
    paths = sorted(path for path in tmp_path.iterdir() if path.is_file())
    found = api.load(gallery.run_id("full", "tiny"), suite="scans", suites=gallery.folder,
                     runs=gallery.runs).predict_proba(paths)
    said = [float(line.split("\t")[1]) for line in answered(tmp_path / "out", paths)]
    np.testing.assert_allclose(said, found.max(axis=1), atol=0.003)


def test_what_is_exported_is_a_candidate(gallery, tmp_path):
    exported(gallery, "lora", "merged", tmp_path / "out")
    gallery.approve(gallery.run_id("lora", "tiny"), tmp_path)
    result = gallery.gate(tmp_path / "out", tmp_path)
    assert result.outcome == "passed"
    assert result.metrics["log_loss"].difference.value == pytest.approx(0, abs=1e-3)


@pytest.fixture(scope="module")
def graph(gallery, tmp_path_factory):
    """The tiny `full` run as an ONNX folder."""
    folder = tmp_path_factory.mktemp("graph") / "out"
    exported(gallery, "full", "onnx", folder)
    return folder


def test_a_graph_s_program_needs_no_library_of_models(gallery, graph):
    """With imports of torch, transformers and this package forbidden."""
    banned = "import sys; sys.modules.update(dict.fromkeys(('torch', 'transformers', 'harness')))\n"
    program = (graph / "predict.py").read_text().replace("import json", f"{banned}import json", 1)
    path = gallery.folder / "pictures" / "lines" / "000.png"
    done = subprocess.run(
        [sys.executable, "-I", "-c", f"__file__ = {str(graph / 'predict.py')!r}\n{program}"],
        input=f"{path}\n", capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-500:]
    assert done.stdout.split("\t")[0] in CLASSES


def changed(graph, tmp_path, name, **values):
    folder = shutil.copytree(graph, tmp_path / "theirs")
    found = json.loads((folder / name).read_text())
    (folder / name).write_text(json.dumps(found | values))
    return folder


@pytest.mark.parametrize(("name", "values", "words"), [
    ("preprocessing.json", {"filter": 0}, "says other steps than its image processor's"),
    ("preprocessing.json", {"add": [0, 0]}, "says other steps"),
    ("preprocessing.json", {"more": 1}, "says other steps"),
    ("preprocessor_config.json", {"size": {"height": 64, "width": 64}}, "says other steps"),
    ("preprocessor_config.json", {"size": {"height": 10**6, "width": 64}}, "asks for size.height"),
])
def test_a_graph_behind_another_resize_is_refused(gallery, graph, tmp_path, name, values, words):
    gallery.approve(gallery.run_id("majority"), tmp_path)
    with pytest.raises(HarnessError) as error:
        gallery.gate(changed(graph, tmp_path, name, **values), tmp_path)
    assert words in error.value.found


def test_a_graph_without_its_processor_or_of_texts_is_refused(gallery, place, graph, tmp_path):
    folder = shutil.copytree(graph, tmp_path / "theirs")
    (folder / "preprocessor_config.json").unlink()
    gallery.approve(gallery.run_id("majority"), tmp_path)
    with pytest.raises(HarnessError, match="nothing says how pictures are resized for it"):
        gallery.gate(folder, tmp_path)
    place.approve(place.run_id("lora", "enc"), tmp_path)
    with pytest.raises(HarnessError, match="reads pictures, and the items of the task are texts"):
        place.gate(graph, tmp_path)


def test_a_graph_is_judged_by_its_processor_where_nothing_is_stated(gallery, graph, tmp_path):
    """As a folder of another exporter is."""
    folder = shutil.copytree(graph, tmp_path / "theirs")
    (folder / "preprocessing.json").unlink()
    gallery.approve(gallery.run_id("full", "tiny"), tmp_path)
    result = gallery.gate(folder, tmp_path)
    assert result.outcome == "passed"
    assert result.metrics["log_loss"].difference.value == pytest.approx(0, abs=1e-3)
    path = folder / "preprocessor_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {
        "size": {"height": 64, "width": 64}, "do_center_crop": False}))
    with pytest.raises(HarnessError, match="cannot be run"):
        gallery.gate(folder, tmp_path)


def test_convolutions_are_rounded_by_scales_of_what_the_run_learned_from(tmp_path):
    """A ResNet: no scale is taken of what is asked, so answers hang on no other picture."""
    write_pictures(tmp_path / "pictures", 12)
    value = suite_of_pictures(write_vision("resnet", tmp_path / "model"))
    value["backbones"]["tiny"]["methods"], value["methods"] = ["full"], ["majority"]
    value["budget"] |= {"train": 9, "validation": 6, "test": 9, "trials": 1, "seeds": 1}
    found = exported(carried_out(tmp_path, value), "full", "int8", tmp_path / "out").answers
    assert 0 < found.changes.largest < 0.05
    graph = open_graph(tmp_path / "out")
    assert not graph.rounds
    pixels = np.random.default_rng(0).normal(size=(4, 3, 32, 32)).astype(np.float32)
    np.testing.assert_array_equal(graph({PIXELS: pixels})[1:2], graph({PIXELS: pixels[1:2]}))
    kinds = {node.op_type for node in onnx.load(tmp_path / "out" / "model.onnx").graph.node}
    assert {"QuantizeLinear", "DequantizeLinear"} <= kinds
    assert not {"ConvInteger", "MatMulInteger"} & kinds
