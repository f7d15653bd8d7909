"""`harness watch` on a small study of pictures."""

import json

import numpy as np
import pandas as pd
import pytest
from pictured import CLASSES, picture
from PIL import Image
from scipy.stats import ks_2samp
from typer.testing import CliRunner

import harness
from harness.cli.app import app
from harness.common.errors import HarnessError

EACH, SEEN = 20, 1000


def write_day(folder, change=lambda image: image, each=EACH):
    """Pictures that no study saw, as files by number."""
    folder.mkdir()
    for place in range(each * len(CLASSES)):
        label = CLASSES[place % len(CLASSES)]
        image = Image.fromarray(picture(label, SEEN + place))
        change(image).save(folder / f"secret-{place:03}.png")
    return folder


def brighter(image):
    return Image.fromarray(np.minimum(np.asarray(image, dtype=int) + 60, 255).astype(np.uint8))


@pytest.fixture
def approved(gallery, tmp_path):
    gallery.approve(gallery.run_id("features", "tiny"), tmp_path)
    return tmp_path


def watch(gallery, folder, data, **said):
    return harness.watch(gallery.folder / "scans.yaml", data, baselines=folder, runs=gallery.runs,
                         state=folder / "looks.jsonl", **said)


def by_name(found):
    return {check.name: check for check in found.result.checks}


def test_a_day_like_the_approved_run_has_nothing(gallery, approved):
    found = watch(gallery, approved, write_day(approved / "day"))
    checks = by_name(found)
    assert list(checks) == ["pictures", "answers", "sizes", "brightness", "estimated-drop",
                            "unreadable", "duplicates", "unanswered"]
    assert (found.outcome, found.result.items, found.result.look) == ("nothing-found", 60, 1)
    assert found.result.vectors == gallery.plan.backbones["tiny"].origin
    assert "60 pictures are, by 8 checks" in found.verdict
    assert sum(one.now for one in found.result.classes) == pytest.approx(1)


def test_brighter_and_smaller_pictures_are_drift_of_their_own_kind(gallery, approved):
    """Gaps beside scipy's."""
    then = [e.picture.pixels().astype(float).mean(axis=(0, 1)) @ (0.299, 0.587, 0.114)
            for e in gallery.plan.task.splits.test]
    day = write_day(approved / "day", brighter)
    checks = by_name(watch(gallery, approved, day))
    now = [np.asarray(Image.open(path)).astype(float).mean(axis=(0, 1)) @ (0.299, 0.587, 0.114)
           for path in sorted(day.iterdir())]
    assert checks["brightness"].value == pytest.approx(ks_2samp(then, now).statistic)
    assert checks["brightness"].state == "drift"
    assert checks["pictures"].state == "drift"
    assert (checks["sizes"].value, checks["sizes"].state) == (pytest.approx(0), "nothing")
    small = write_day(approved / "small", lambda image: image.resize((30, 30)))
    checks = by_name(watch(gallery, approved, small))
    assert (checks["sizes"].value, checks["sizes"].state) == (pytest.approx(1), "drift")
    assert checks["sizes"].about == "median 1,600 then, 900 now"


def test_what_is_no_picture_is_counted_and_not_answered(gallery, approved):
    day = write_day(approved / "day")
    (day / "secret-empty.png").write_bytes(b"")
    (day / "secret-text.jpg").write_text("no picture")
    (day / "secret-again.png").write_bytes((day / "secret-000.png").read_bytes())
    found = watch(gallery, approved, day)
    checks = by_name(found)
    assert (found.result.rows, found.result.items) == (63, 60)
    assert checks["unreadable"].value == pytest.approx(2 / 63)
    assert checks["unreadable"].state == "drift"
    assert checks["duplicates"].value == pytest.approx(1 / 63)
    assert any(note.startswith("2 of 63 rows are no picture") for note in found.result.notes)


def test_labels_and_groups_come_in_a_table(gallery, approved):
    """By the program, and from Python as a frame of paths; no name is written."""
    day = write_day(approved / "day")
    table = pd.DataFrame({"file": [f"day/{path.name}" for path in sorted(day.iterdir())],
                          "finding": [CLASSES[i % 3] for i in range(60)],
                          "patient": [f"p{i // 2}" for i in range(60)]})
    table.to_csv(approved / "day.csv", index=False)
    ended = CliRunner().invoke(app, [
        "watch", str(gallery.folder / "scans.yaml"), "--input", str(approved / "day.csv"),
        "--image", "file", "--labels", "finding", "--baselines", str(approved), "--runs",
        str(gallery.runs), "--state", str(approved / "s.jsonl"), "--json",
        str(approved / "w.json")])
    result = json.loads((approved / "w.json").read_text())
    assert result["labelled"]["units"] == 60, ended.output
    for text in (ended.output, (approved / "w.json").read_text(),
                 (approved / "s.jsonl").read_text()):
        assert "secret" not in text
    frame = table.assign(file=[str(approved / name) for name in table["file"]])
    found = watch(gallery, approved, frame, image="file", labels="finding", group="patient")
    assert (found.result.labelled.unit, found.result.groups) == ("groups", 30)
    answers = harness.predict(gallery.run_id("features", "tiny"), day, runs=gallery.runs,
                              suite=gallery.folder / "scans.yaml").to_pandas()
    right = (answers["prediction"] == table["finding"]).sum()
    assert result["labelled"]["right"] == right


def test_a_run_without_a_backbone_is_watched_by_the_suite_s(gallery, tmp_path):
    gallery.approve(gallery.run_id("colours"), tmp_path, keep=True)
    found = watch(gallery, tmp_path, write_day(tmp_path / "day"))
    assert found.result.vectors == gallery.plan.backbones["tiny"].origin


@pytest.mark.parametrize(("said", "words"), [
    ({"labels": "finding"}, "has no column 'finding': it holds pictures alone"),
    ({"text": "words"}, "--text: the items of scans are pictures"),
])
def test_what_a_folder_has_not_is_named(gallery, approved, said, words):
    with pytest.raises(HarnessError, match=words):
        watch(gallery, approved, write_day(approved / "day", each=2), **said)
    few = watch(gallery, approved, approved / "day")
    assert few.outcome == "cannot-say"
    assert few.result.notes[0] == "6 different pictures: the tests need 50 (watch: items)"
