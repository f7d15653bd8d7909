"""A study of adapters, as they are tuned and as they are deployed."""

import pytest
import yaml
from silent import Silent

from harness.common.errors import HarnessError
from harness.compare.matching import matching_rules
from harness.methods.resolve import resolve
from harness.study.planning.plan import make_plan
from harness.study.run import run_study
from harness.study.store import Store
from harness.study.study import make_study
from harness.suite import load_suite

ARMS = ["lora", "merged+lora", {"merged+lora": {"as": "nf4+lora", "quantize": "nf4"}},
        "prompt-tuning", "zero-shot"]


def edit(path, change):
    suite = yaml.safe_load(path.read_text())
    change(suite)
    path.write_text(yaml.safe_dump(suite, sort_keys=False))


@pytest.fixture
def study(suite_file, tmp_path, device):
    def arms(suite):
        suite["backbones"] = {"dec": suite["backbones"]["dec"] | {"methods": ARMS}}
        suite["methods"] = ["majority"]

    edit(suite_file, arms)
    plan, store = make_plan(load_suite(suite_file), device), Store(tmp_path / "runs")
    records = run_study(plan, store, Silent())
    assert {record.status.state for record in records.values()} == {"ok"}
    return make_study(plan, records), store


def test_adapters_are_answered_and_timed_as_they_are_deployed(study):
    made, store = study
    by_name = {record.identity.label: record for record in made.records}
    lora, merged, nf4 = (by_name[name] for name in ("lora", "merged+lora", "nf4+lora"))
    assert lora.merge.reason is None
    assert lora.merge.items == 12
    assert lora.merge.metric == "macro_f1"
    assert lora.merge.before == lora.figures["macro_f1"]
    assert lora.merge.after == merged.figures["macro_f1"]
    assert lora.latency.round == lora.latency_apart.round == merged.latency.round
    for other in ("majority", "zero-shot", "prompt-tuning", "merged+lora", "nf4+lora"):
        assert by_name[other].merge is None
        assert by_name[other].latency_apart is None
    assert nf4.size.held["nf4"] > 0
    assert "nf4" not in merged.size.held
    assert merged.cost.stand_alone_seconds > lora.cost.stand_alone_seconds
    rule = next(rule for rule in matching_rules(made, store.predictions)
                if rule.name == "As served")
    assert rule.held is True
    assert "1 merged" in rule.evidence
    assert "apart" in rule.evidence


@pytest.mark.parametrize(("arms", "words"), [
    (["merged"], "write `merged.METHOD`"),
    (["prompt-tuning", "merged+prompt-tuning"], "prompt-tuning has no update to merge"),
    (["full", "merged+full"], "full has no update to merge"),
    (["lora", "zero-shot+lora"], "only rag, merged, rewind work on top"),
    (["merged+lora"], "needs 'lora' in the same list")])
def test_what_cannot_be_merged_is_refused_with_its_line(suite_file, arms, words):
    edit(suite_file, lambda suite: suite["backbones"]["dec"].update(methods=arms))
    with pytest.raises(HarnessError, match=words) as error:
        resolve(load_suite(suite_file))
    assert "tiny.yaml:" in str(error.value)
