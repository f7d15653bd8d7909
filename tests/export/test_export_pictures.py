"""Runs on pictures, written for use elsewhere: the folder and its program answer as the run did."""

import io
import subprocess
import sys

import numpy as np
import pytest
from pictured import CLASSES, picture
from PIL import Image
from rich.console import Console

from harness.api import gates as api
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
    ("full", "bf16", 0.05)])
def test_the_folder_answers_as_the_run_did(gallery, tmp_path, label, to, close):
    """By the folder's own program, against the run's table, whose products some machines round."""
    found = exported(gallery, label, to, tmp_path / "out")
    assert found.answers.items == 18
    assert found.answers.equal == 18 or to == "bf16"
    assert found.answers.changes.largest < close
    table = gallery.store.predictions(gallery.run_id(label, "tiny")).to_pandas()
    names = {e.id: e.picture.name for e in gallery.plan.task.splits.test}
    paths = [gallery.folder / "pictures" / names[item] for item in table["item"]]
    said = answered(tmp_path / "out", paths)
    shares = table[[f"p:{name}" for name in CLASSES]].to_numpy()
    np.testing.assert_allclose([float(line.split("\t")[1]) for line in said], shares.max(axis=1),
                               atol=close)
    if to == "merged":
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


def test_the_program_reads_odd_files_as_the_harness_does(gallery, tmp_path):
    """Turned by EXIF, transparent, grey, of a palette."""
    image = Image.fromarray(picture("spots", 90))
    exif = Image.Exif()
    exif[0x0112] = 6
    clear = image.copy()
    clear.putalpha(Image.fromarray(picture("lines", 91)[..., 0]))
    for name, one, how in (("a.jpg", image, {"exif": exif}), ("b.png", clear, {}),
                           ("c.png", image.convert("L"), {}), ("d.gif", image.quantize(16), {})):
        one.save(tmp_path / name, **how)
    exported(gallery, "full", "merged", tmp_path / "out")
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


@pytest.mark.parametrize("to", ["onnx", "int8"])
def test_no_graph_is_made_of_a_model_of_pictures(gallery, tmp_path, to):
    with pytest.raises(HarnessError) as error:
        exported(gallery, "full", to, tmp_path / "out")
    assert f"it is not written as {to}" in error.value.found
    assert "its image processor resizes in Python" in error.value.found
    assert not (tmp_path / "out").exists()
