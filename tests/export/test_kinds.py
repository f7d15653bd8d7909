"""Models that answer otherwise than with one class: written, asked again, and read by strangers."""

import io
import subprocess
import sys

import numpy as np
import pytest
from gated import carried_out
from rated import rated, rated_dict
from rich.console import Console
from spanned import spanned, spanned_dict
from tagged import tagged, tagged_dict

from harness.commands import export as commands
from harness.commands.export import Asked
from harness.common.words import pieces

MADE = {"multilabel": (tagged, tagged_dict, "micro_f1"), "regression": (rated, rated_dict, "r2"),
        "spans": (spanned, spanned_dict, "micro_f1")}


@pytest.fixture(scope="module", params=list(MADE))
def study(request, tmp_path_factory, encoder_folder, decoder_folder):
    """A kind of task with one tuned encoder."""
    folder = tmp_path_factory.mktemp(request.param)
    table, suite, metric = MADE[request.param]
    table().to_csv(folder / "data.csv", index=False)
    value = suite(encoder_folder, decoder_folder)
    value["gate"] = {"metrics": {metric: {"non_inferior_within": 1.0}}}
    value["methods"] = ["majority"]
    value["budget"] |= {"train": 60, "test": 36, "trials": 1, "seeds": 1}
    value["backbones"]["enc"]["methods"] = ["full"]
    value["backbones"].pop("dec")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HARNESS_CACHE", str(folder / "cache"))
        return carried_out(folder, value)


def exported(study, to, folder):
    asked = Asked(study.run_id("full", "enc"), str(study.folder / f"{study.name}.yaml"), None,
                  study.folder, study.runs)
    return commands.export(Console(file=io.StringIO()), asked, to, folder)


def answered(folder, texts):
    """What the folder's own program prints."""
    done = subprocess.run([sys.executable, "-I", str(folder / "predict.py")], text=True,
                          input="".join(f"{text}\n" for text in texts), capture_output=True,
                          check=False)
    assert done.returncode == 0, done.stderr[-500:]
    return done.stdout.splitlines()


def test_a_graph_answers_every_kind_and_its_program_too(study, tmp_path):
    """Of spans the tag of each word, of several classes those above the threshold, of numbers the
    number, each as the run's own table has it."""
    found = exported(study, "onnx", tmp_path / "out")
    table = study.store.predictions(study.run_id("full", "enc")).to_pandas()
    texts = [e.text for e in study.plan.task.splits.test][:len(table)]
    said = answered(tmp_path / "out", texts)
    kind = study.plan.task.kind
    assert found.answers.items == len(table)
    if kind == "regression":
        assert np.array(said, dtype=float) == pytest.approx(table["answer"], abs=0.05)
        assert found.answers.changes.after == pytest.approx(found.answers.changes.before, abs=0.05)
    elif kind == "multilabel":
        assert found.answers.changes.largest < 0.02
        names = [column[2:] for column in table if column.startswith("p:")]
        for line, row in list(zip(said, table.filter(like="p:").to_numpy(), strict=True)):
            sure = {n for n, p in zip(names, row, strict=True) if p > 0.55}
            maybe = {n for n, p in zip(names, row, strict=True) if p > 0.45}
            assert sure <= set(line.split("\t")[::2]) <= maybe | {""}
    else:
        words = [text[a:b] for text in texts for a, b in pieces(text)]
        assert [line.split("\t")[0] for line in said if line] == words
        assert {line.split("\t")[1][:2] for line in said if line} <= {"O", "B-", "I-"}


def test_the_gate_judges_a_graph_of_every_kind(study, tmp_path):
    exported(study, "onnx", tmp_path / "out")
    study.approve(study.run_id("full", "enc"), tmp_path)
    result = study.gate(tmp_path / "out", tmp_path)
    assert result.outcome == "passed"
    (gap,) = [one.difference for name, one in result.metrics.items()
              if name == MADE[study.plan.task.kind][2]]
    assert gap.value == pytest.approx(0, abs=0.05)
