"""`harness compare` of what ships: two exported folders, or a run and one of its exports."""

import io
import json
import shutil

import numpy as np
import pyarrow.parquet as pq
import pytest
from rich.console import Console

from harness.commands.compare import compare
from harness.commands.export import Asked, export
from harness.common.errors import HarnessError


@pytest.fixture(scope="module")
def folders(place, tmp_path_factory):
    found = {}
    for to in ("bf16", "merged"):
        found[to] = tmp_path_factory.mktemp("exports") / to
        asked = Asked(place.run_id("full", "enc"), str(place.folder / f"{place.name}.yaml"), None,
                      place.folder, place.runs)
        export(Console(file=io.StringIO()), asked, to, found[to])
    return found


def beside(place, *names):
    return compare([str(name) for name in names], None, place.runs, place.folder / "reports")


def test_two_folders_are_paired_item_by_item(place, folders):
    found = beside(place, folders["bf16"], folders["merged"])
    tables = [pq.read_table(folders[to] / "answers.parquet").to_pandas() for to in
              ("bf16", "merged")]
    said = [table.filter(like="p:").idxmax(axis=1) for table in tables]
    assert len(found.to_pandas()) == (said[0] != said[1]).sum()
    right = [(one.str[2:] == table["target"]).mean()
             for one, table in zip(said, tables, strict=True)]
    assert found.apart.differences["accuracy"].difference == pytest.approx(right[0] - right[1])
    assert found.first.weights < found.second.weights
    assert {one.what for one in found.divergences} == {"format"}
    shown = Console(file=io.StringIO(), width=160)
    found.print_on(shown)
    assert "items answered by both" in shown.file.getvalue()
    assert found.verdict in " ".join(shown.file.getvalue().split())


def test_a_run_and_its_export(place, folders):
    run = place.run_id("full", "enc")
    found = beside(place, run, folders["bf16"])
    again = json.loads((folders["bf16"] / "answers.json").read_text())
    assert list(found.to_pandas()["item"]) == sorted(one["item"] for one in again["changed"])
    assert len(found.apart.others) == again["changes"]["changed"]
    assert found.second.times == pytest.approx(again["latency"]["exported"]["p50_ms"]
                                               / again["latency"]["served"]["p50_ms"])
    gap = found.apart.differences["log_loss"]
    both = [place.store.predictions(run).to_pandas(),
            pq.read_table(folders["bf16"] / "answers.parquet").to_pandas()]
    losses = [-np.log([row[f"p:{row['target']}"] for _, row in table.iterrows()]).mean()
              for table in both]
    assert gap.difference == pytest.approx(losses[0] - losses[1], abs=1e-6)


def test_a_folder_that_was_changed_is_refused(place, folders, tmp_path):
    copy = shutil.copytree(folders["bf16"], tmp_path / "copy")
    (copy / "answers.json").write_text("{}")
    with pytest.raises(HarnessError, match=r"answers\.json is not as it was exported"):
        beside(place, copy, folders["merged"])
    (copy / "export.json").write_text("{}")
    with pytest.raises(HarnessError, match="is no exported folder of this version"):
        beside(place, copy, folders["merged"])


def test_other_tasks_do_not_compare(place, folders, tmp_path):
    copy = shutil.copytree(folders["bf16"], tmp_path / "other")
    told = json.loads((copy / "export.json").read_text())
    (copy / "export.json").write_text(json.dumps(told | {"task_sha256": "0" * 64}))
    with pytest.raises(HarnessError, match="other classes, answers, prompts or splits"):
        beside(place, copy, folders["merged"])
