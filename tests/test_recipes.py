"""The recipes for pipelines: their own shell lines, run."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
RECIPES = ROOT / "docs" / "recipes"


@pytest.fixture
def checkout(place, tmp_path):
    """A folder as a pipeline has it: suites, runs, baselines, .venv."""
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "harness").symlink_to(Path(sys.executable).with_name("harness"))
    (tmp_path / "suites").mkdir()
    shutil.copy(place.suite("plain"), tmp_path / "suites" / "tiny.yaml")
    shutil.copy(place.folder / "data.csv", tmp_path / "suites")
    (tmp_path / "runs").symlink_to(place.runs)
    place.approve(place.run_id("tfidf"), tmp_path / "baselines")
    return tmp_path


def bash(script, folder, *arguments, **variables):
    environment = os.environ | {"SUITE": "tiny"} | variables
    return subprocess.run(["bash", "-euo", "pipefail", "-c", script, "bash", *arguments],
                          cwd=folder, env=environment, capture_output=True, text=True,
                          timeout=1800, check=False)


def script(name):
    recipe = yaml.safe_load((RECIPES / name).read_text())
    if name == "github.yml":
        steps = recipe["jobs"]["gate"]["steps"]
        return next(s["run"] for s in steps if s.get("name") == "May it ship?")
    return "\n".join(recipe["gate"]["script"])


def test_github_reads_the_exit_code_and_the_summary(checkout, place):
    summary = checkout / "summary.md"
    summary.write_text("## What other steps said\n")
    done = bash(script("github.yml"), checkout, CANDIDATE=place.run_id("majority"),
                GITHUB_STEP_SUMMARY=str(summary))
    assert done.returncode == 1, done.stdout + done.stderr
    assert "::error title=gate tiny" in done.stdout
    assert {p.name for p in (checkout / "gate").iterdir()} == {"gate.json", "gate.md", "junit.xml"}
    assert summary.read_text().count("\n## Gate: tiny") == 1


def test_the_log_of_attempts_is_pushed_passed_or_not(place, tmp_path, checkout):
    """The branch that keeps it has a line more for each attempt; where nothing is counted, none."""
    step = next(step for step in yaml.safe_load((RECIPES / "github.yml").read_text())["jobs"]
                ["gate"]["steps"] if step.get("name") == "Keep the log of attempts")
    assert step["if"] == "always()"

    def git(*words):
        done = subprocess.run(["git", *words], cwd=checkout, capture_output=True, text=True,
                              check=True)
        return done.stdout
    policy = yaml.safe_load((place.folder / "plain.yaml").read_text())["gate"]
    counted = place.suite("counted", gate=policy | {"attempts": 5})
    shutil.copy(counted, checkout / "suites" / "tiny.yaml")
    place.approve(place.run_id("tfidf"), checkout / "baselines", suite=counted)
    (checkout / ".gitignore").write_text("baselines/*.lock\nruns\n.venv\ngate\n")
    git("init", "-q", "-b", "main")
    git("init", "-q", "--bare", str(tmp_path / "remote.git"))
    git("remote", "add", "origin", str(tmp_path / "remote.git"))
    git("add", "-A")
    git("-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "first")
    git("push", "-qu", "origin", "main")
    for label, code in (("tfidf", 0), ("majority", 1), ("tfidf", 0)):
        done = bash(script("github.yml"), checkout, CANDIDATE=place.run_id(label))
        assert done.returncode == code, done.stdout + done.stderr
        kept = bash(step["run"], checkout)
        assert kept.returncode == 0, kept.stderr
    assert git("log", "--format=%s", "origin/main").splitlines() == [
        "gate: an attempt on tiny", "gate: an attempt on tiny", "first"]
    assert git("show", "origin/main:baselines/tiny.log.jsonl").count("\n") == 5
    assert "lock" not in git("ls-files")


def test_gitlab_reads_the_exit_code(checkout):
    done = bash(script("gitlab.yml"), checkout, CANDIDATE="nothing")
    assert done.returncode == 2
    assert done.stderr.startswith("error: 'nothing' is neither a run in runs/ nor a folder")


def test_nothing_is_deployed_that_did_not_pass(checkout, place):
    deploy = (RECIPES / "pre_deploy.sh").read_text()
    for label, code, said in (("tfidf", 0, "deployed it"), (None, 2, "cannot say")):
        candidate = place.run_id(label) if label else "nothing"
        done = bash(deploy, checkout, candidate, "tiny", "echo", "deployed it")
        assert done.returncode == code, done.stderr
        assert said in done.stdout + done.stderr
        assert ("deployed it" in done.stdout) is (code == 0)
        if code == 0:
            found = json.loads((checkout / "gate" / "gate.json").read_text())
            assert f"passed: {found['candidate']['sha256']}" in done.stdout


def test_make_has_the_targets_that_recipes_call():
    lines = (ROOT / "Makefile").read_text()
    for name in ("github.yml", "gitlab.yml"):
        assert "make env" in (RECIPES / name).read_text()
    assert "\nenv: $(VENV)/.ready" in lines
