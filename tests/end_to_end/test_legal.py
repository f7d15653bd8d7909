"""The packaged models and the real legal data, on the smoke budget, as a user would run them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from harness.compare.alike import DOUBTED
from harness.forgetting.figures import Forgetting
from harness.report.published import read_published

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.end_to_end


@pytest.fixture(autouse=True)
def user_s_own_cache(own_cache, monkeypatch):
    """The real cache: fetching several hundred megabytes once is enough."""
    monkeypatch.delenv("HARNESS_CACHE", raising=False)
    for name in ("OMP_NUM_THREADS", "OMP_WAIT_POLICY"):  # a user has set neither
        monkeypatch.delenv(name, raising=False)


NETWORK = ("unshare", "--net", "--map-root-user") if subprocess.run(
    ["unshare", "--net", "--map-root-user", "true"], capture_output=True, check=False
).returncode == 0 else ()
"""A network of its own, with nothing in it; none where the system does not give one."""


def harness(*words, without=()):
    return subprocess.run([*without, sys.executable, "-m", "harness", *map(str, words)], cwd=ROOT,
                          capture_output=True, text=True, timeout=1800, check=False)


def test_a_smoke_study(tmp_path):
    suite = "legal"
    places = ("--profile", "smoke", "--runs", tmp_path / "runs", "--reports", tmp_path / "reports")
    planned = harness("plan", suite, *places[:4])
    assert planned.returncode == 0, planned.stdout + planned.stderr
    # A plan has fetched all that the suite names.
    done = harness("run", suite, *places, without=NETWORK)
    assert done.returncode == 0, done.stdout + done.stderr
    folder = tmp_path / "reports" / suite
    assert f"report: {folder / 'index.html'}" in done.stdout
    published = read_published(folder / "study.json")
    assert {r.status.state for r in published.study.records} == {"ok"}
    assert {rule.name for rule in published.rules if rule.held is False} <= set(DOUBTED)
    forgot = {f"{r.identity.label} {r.identity.backbone}": r.forgetting
              for r in published.study.records if r.identity.backbone}
    assert {name for name, f in forgot.items() if f.changed} == {
        "full minilm", "lora minilm", "lora smollm2", "rag+lora smollm2"}
    assert forgot["lora smollm2"].drift.tokens > 100
    assert forgot["lora smollm2"].drift.difference != 0.0
    assert {b.benchmark for b in forgot["lora smollm2"].benchmarks} == {
        "arc_easy", "piqa", "lambada_openai", "ifeval"}
    notes = {note for r in published.study.records for note in r.notes}
    assert notes == {"the weights were quantised (Q4_1) and are dequantised here"}
    assert (folder / "index.html").stat().st_size < 6_000_000
    assert published.verdict.outcome in ("recommended", "not-above-floor")
    check_a_second_call_computes_nothing(suite, places, folder)
    lora = next(r for r in published.study.records
                if (r.identity.label, r.identity.backbone) == ("lora", "smollm2"))
    check_a_model_from_elsewhere_forgot_the_same(lora, tmp_path)


def check_a_second_call_computes_nothing(suite, places, folder):
    before = json.loads((folder / "study.json").read_text())["summary"]
    again = harness("run", suite, *places)
    assert again.returncode == 0
    assert "nothing to compute" in again.stdout
    assert json.loads((folder / "study.json").read_text())["summary"] == before
    same = harness("compare", folder, folder)
    assert same.returncode == 0, same.stdout + same.stderr
    assert "Nothing that could move a figure differs" in same.stdout


def check_a_model_from_elsewhere_forgot_the_same(record, tmp_path):
    """The saved adapter, taken as a stranger's, has the figures of its run."""
    adapter = tmp_path / "runs" / "legal" / record.identity.run_id / "artifact"
    output = tmp_path / "forgetting.json"
    asked = ("--base", "smollm2", "--suite", "legal", "--profile", "smoke")
    done = harness("forget", adapter, *asked, "--output", output)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "nats a token" in done.stdout
    figures = Forgetting.model_validate_json(output.read_text())
    assert figures.benchmarks == record.forgetting.benchmarks
    assert figures.drift == record.forgetting.drift


BENCHMARKS = ("arc_easy", "arc_challenge", "hellaswag", "piqa", "winogrande", "sciq",
              "lambada_openai", "mmlu")


def test_general_benchmarks_score_as_lm_eval_s_own_model_does():
    """The packaged decoder in fp32, two items of each benchmark that ships."""
    from lm_eval.models.huggingface import HFLM

    from harness.backbones.handle import get_backbone
    from harness.backbones.load import load_causal
    from harness.common.device import Device, detect
    from harness.forgetting.benchmarks import Examination
    from harness.forgetting.language_model import SharedContextLM
    from harness.suite import load_suite

    device = Device(detect().type, "test", "no", 2)
    handle = get_backbone(load_suite(ROOT / "suites" / "legal.yaml"), "smollm2")
    loaded = load_causal(handle, device.type)
    examination = Examination(dict.fromkeys(BENCHMARKS, 2), 0, seed=1)
    ours = examination.put_to(loaded, device)
    assert {a.benchmark for a in ours.answers} == set(BENCHMARKS)
    found = requests_and_scores(examination)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SharedContextLM, "_loglikelihood_tokens", HFLM._loglikelihood_tokens)
        theirs = examination.put_to(loaded, device)
    expected = requests_and_scores(examination)
    assert [a.score for a in ours.answers] == [a.score for a in theirs.answers]
    assert found.keys() == expected.keys()
    assert [found[k] for k in expected] == pytest.approx(list(expected.values()), abs=1e-3)


def requests_and_scores(examination):
    """Log-likelihood of every choice of the last evaluation."""
    return {instance.arguments: instance.resps[0][0]
            for tasks in examination.tasks.values() for task in tasks
            for instance in task.instances}
