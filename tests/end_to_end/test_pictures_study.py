"""A study of pictures, from a folder of files to a page."""

import json

import pytest
import yaml
from command_line import ask
from pictured import CLASSES, suite_of_pictures

from harness.study.store import Store


@pytest.fixture(scope="module")
def place(tmp_path_factory, vision_folder, pictures_folder):
    folder = tmp_path_factory.mktemp("study")
    suite = suite_of_pictures(vision_folder, str(pictures_folder))
    suite["budget"] |= {"augment": "flip", "seeds": 1, "trials": 1}
    (folder / "scans.yaml").write_text(yaml.safe_dump(suite))
    return folder, ask(folder, "run", "scans")


def test_it_ends_with_a_verdict_and_speaks_of_pictures(place):
    folder, said = place
    assert said.code == 0, said.all
    assert "[7/7]" in said.all
    study = json.loads((folder / "reports" / "scans" / "study.json").read_text())
    assert study["study"]["input"] == "image"
    assert {one["item"] for one in study["disagreements"]} <= set(study["thumbnails"])
    assert all(one["text"].endswith(".png") for one in study["disagreements"])
    assert "training pictures" in said.out
    rules = {rule["name"]: rule for rule in study["rules"]}
    assert rules["Same words"]["held"], rules["Same words"]
    assert rules["Same words"]["evidence"] == "Pictures are read whole."
    assert rules["Same budget"]["held"], rules["Same budget"]


def test_each_record_says_what_was_read_and_how(place):
    folder, _ = place
    store = Store(folder / "runs" / "scans")
    found = [store.record(path.parent.name) for path in store.folder.glob("*/record.json")]
    records = {record.identity.label: record for record in found}
    assert set(records) == {"majority", "colours", "pixels", "knn", "features", "full", "lora"}
    for record in records.values():
        assert record.status.state == "ok", record.status
        assert record.budget_used.read.words_median is None
        assert record.identity.budget["augment"] == "flip"
    full = records["full"]
    # Pictures of 32 pixels in patches of 8.
    assert full.budget_used.tokens_seen == 16 * full.budget_used.examples_seen
    assert full.cost.training_flops > 0
    assert len({record.budget_used.read.words_sha256 for record in records.values()}) == 1


def test_what_a_file_is_called_is_read_by_nobody(place):
    folder, _ = place
    for path in (folder / "runs").rglob("*.json"):
        text = path.read_text()
        assert ".png" not in text, path
        assert not any(f"{label}/0" in text for label in CLASSES)


def test_minutes_buy_a_study_of_pictures_too(place):
    folder, _ = place
    said = ask(folder, "plan", "scans", "--minutes", "1")
    assert said.code == 0, said.all
