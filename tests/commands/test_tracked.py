"""A study of which W&B is told while it goes on, by a process of its own."""

import time
from pathlib import Path

import pytest
import yaml
from tiny import sentences, suite_dict
from wandb_service import wandb_service

import harness
from harness.report.dashboard.ledger import read_ledger
from harness.report.terminal import ProgressWatcher


@pytest.fixture
def places(tmp_path, encoder_folder):
    """Of a suite whose methods are done at once."""
    value = suite_dict(encoder_folder, Path("none"))
    del value["backbones"]["dec"]
    value["backbones"]["enc"]["methods"] = ["knn"]
    sentences().to_csv(tmp_path / "data.csv", index=False)
    (tmp_path / "tiny.yaml").write_text(yaml.safe_dump(value, sort_keys=False))
    return {"suites": tmp_path, "runs": tmp_path / "runs", "reports": tmp_path / "reports"}


@pytest.fixture
def offline(monkeypatch):
    monkeypatch.setenv("WANDB_MODE", "offline")


@pytest.fixture
def service(monkeypatch):
    monkeypatch.delenv("WANDB_MODE")
    with wandb_service() as service:
        monkeypatch.setenv("WANDB_BASE_URL", service.address)
        monkeypatch.setenv("WANDB_API_KEY", "a" * 40)
        yield service


def closed(folder):
    """Folders of W&B runs that lie there, each with a whole file in it."""
    found = sorted((folder / "tiny" / "wandb").iterdir())
    assert all(path.name.startswith("offline-run-") for path in found)
    return [path for path in found if next(path.glob("*.wandb")).stat().st_size > 1000]


def test_a_study_is_told_of_and_what_is_kept_is_not_told_again(places, offline, capsys):
    found = harness.run("tiny", **places)
    runs = len(found.published.study.records)
    assert f"W&B: {runs + 1} runs logged, offline" in capsys.readouterr().out
    assert len(closed(places["runs"])) == runs + 1
    harness.run("tiny", **places)
    assert "W&B" not in capsys.readouterr().out


def test_each_run_is_there_when_it_is_done(places, service, monkeypatch):
    seen = []
    wait_for_w_and_b = ProgressWatcher.started

    def started(self, run):
        wait_for_w_and_b(self, run)
        if seen or self.done:
            until = time.monotonic() + 30
            while (time.monotonic() < until and self.done >= len(
                    [b for b in list(service.buckets.values()) if b.complete])):
                time.sleep(0.01)
        seen.append([b.fields["jobType"] for b in service.buckets.values()])

    monkeypatch.setattr(ProgressWatcher, "started", started)
    published = harness.run("tiny", **places).published
    assert [sorted(types) for types in seen[:2]] == [[], ["majority", "study"]]
    (study,) = service.of_type("study")
    assert study.summary["verdict/runs"] == f"{len(published.study.records)} of " \
                                            f"{len(published.study.records)}"
    told = read_ledger(places["runs"] / "tiny").verdicts
    assert told[0].done < told[-1].done
    for bucket in service.buckets.values():
        if bucket is not study:
            assert "latency/p50_ms" in bucket.summary or bucket.config["seed"]["value"] > 0


def test_an_interrupted_study_leaves_closed_files(places, offline, monkeypatch, capsys):
    def interrupted(self, run, record):
        raise KeyboardInterrupt

    monkeypatch.setattr(ProgressWatcher, "ended", interrupted)
    with pytest.raises(KeyboardInterrupt):
        harness.run("tiny", **places)
    assert not (places["runs"] / "tiny" / "wandb").exists(), "nothing was told yet"
    monkeypatch.undo()
    monkeypatch.setenv("WANDB_MODE", "offline")
    once = ProgressWatcher.ended

    def later(self, run, record):
        once(self, run, record)
        if self.done > 1:
            raise KeyboardInterrupt

    monkeypatch.setattr(ProgressWatcher, "ended", later)
    with pytest.raises(KeyboardInterrupt):
        harness.run("tiny", **places, fresh=True)
    assert "W&B: 3 runs logged, offline" in capsys.readouterr().out
    assert len(closed(places["runs"])) == 3


def test_a_service_that_is_not_there_fails_no_study(places, service, capsys):
    service.broken = True
    found = harness.run("tiny", **places)
    assert found.incomplete == 0
    said = capsys.readouterr().out
    assert "W&B: not all was logged, and is with the next run of this command: " in said
    service.broken = False
    harness.run("tiny", **places)
    runs = len(found.published.study.records)
    assert f"W&B: {runs + 1} runs logged, online" in capsys.readouterr().out
    assert all(bucket.complete for bucket in service.buckets.values())


def test_without_w_and_b_nothing_of_it_is_there(places, offline):
    harness.run("tiny", **places, wandb=False)
    assert not (places["runs"] / "tiny" / "wandb").exists()
    assert not (places["runs"] / "tiny" / "wandb.json").exists()
