"""A study of what keeps a model from forgetting, with general items in a small catalogue."""

import gzip
import json

import numpy as np
import pytest
import yaml
from silent import Silent
from small_catalogue import shipped
from tiny import sentences, suite_dict

from harness.common.clock import Clock
from harness.common.errors import HarnessError
from harness.forgetting.apart import general_passages, general_sha256
from harness.methods.resolve import resolve
from harness.processes.own import outcome_of
from harness.report.markdown import markdown
from harness.report.published import publish
from harness.study import alone, queued
from harness.study.kept import leaves, saved_run, with_general
from harness.study.planning.plan import make_plan
from harness.study.run import assign, run_study
from harness.study.store import Store
from harness.study.study import make_study
from harness.suite import ForgettingItems, load_suite
from harness.tasks.examples import asked

ASKED = {"benchmarks": {"arc_easy": 12, "lambada_openai": 4}, "passages": 6}
LORA = {"lora": {"learning_rates": [0.01]}}
ARMS = ["zero-shot", LORA, {"merged+lora": {"quantize": "nf4"}},
        {"rewind+lora": {"drift_at_most": 0.5, "shares": [0.25, 0.5, 1.0]}},
        {"lora": {"learning_rates": [0.01], "replay": 0.2, "as": "replayed"}}]


@pytest.fixture(scope="module")
def wide_catalogue(tmp_path_factory, catalogue_file):
    """The small catalogue with more passages, all of words of their own."""
    folder = tmp_path_factory.mktemp("wide")
    content = yaml.safe_load(catalogue_file.read_text())
    data = folder / "general"
    data.symlink_to(content["source"]["file"])
    whole = folder / "whole"
    whole.mkdir()
    for item in data.iterdir():
        (whole / item.name).symlink_to(item.resolve())
    (whole / "lambada.gz").unlink()
    with gzip.open(whole / "lambada.gz", "wt") as file:
        for i in range(80):
            document = {"id": i, "query": f"n{i} went to m{i} with the old", "choices": [f" k{i}"]}
            file.write(json.dumps({"doc": document}) + "\n")
    content["source"]["file"] = str(whole)
    path = folder / "catalogue.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


def written(folder, encoder_folder, decoder_folder, arms=ARMS, asked=ASKED, on="dec"):
    content = suite_dict(encoder_folder, decoder_folder) | {"methods": ["majority"]}
    content["budget"].update(seeds=1, trials=1)
    content["measure"]["forgetting"] = asked
    content["backbones"] = {on: content["backbones"][on] | {"methods": arms}}
    sentences().to_csv(folder / "data.csv", index=False)
    path = folder / "tiny.yaml"
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    return path


@pytest.fixture(scope="module")
def study(tmp_path_factory, encoder_folder, decoder_folder, device, wide_catalogue):
    folder = tmp_path_factory.mktemp("rewound")
    path = written(folder, encoder_folder, decoder_folder)
    with shipped(wide_catalogue):
        plan, store = make_plan(load_suite(path), device), Store(folder / "runs")

        with pytest.MonkeyPatch.context() as patch:  # the catalogue is this process's
            def here(context, work, argument, say, limits=None):
                return outcome_of(work, argument, say)

            patch.setattr(queued, "in_own_process", here)
            patch.setattr(alone, "in_own_process", here)
            records = run_study(plan, store, Silent())
        assert {r.status.state: r.status.reason for r in records.values()} == {"ok": None}
        yield plan, store, records


def by_label(records):
    return {record.identity.label: record for record in records.values()}


def test_what_is_taken_back_forgets_on_its_own(study):
    found = by_label(study[2])
    lora, rewound = found["lora"], found["rewind+lora"]
    assert rewound.identity.inner == lora.identity.run_id
    assert rewound.forgetting.reason is None
    assert rewound.forgetting.items_sha256 is not None
    assert [trial.setting["share"] for trial in rewound.trials] == [0.25, 0.5, 1.0]
    if rewound.setting["share"] < 1:
        assert rewound.forgetting.drift.difference != lora.forgetting.drift.difference
    assert rewound.cost.stand_alone_seconds > lora.cost.stand_alone_seconds
    assert rewound.size.artifact_bytes == lora.size.artifact_bytes
    assert rewound.latency.round == lora.latency.round
    assert rewound.merge is None


def test_what_is_merged_and_quantised_forgets_on_its_own(study):
    found = by_label(study[2])
    merged, lora = found["merged+lora"].forgetting, found["lora"].forgetting
    assert merged.reason is None
    assert merged.drift.before == lora.drift.before
    assert merged.drift.after != lora.drift.after


def test_a_kept_run_answers_as_it_did(study):
    plan, store, records = study
    record = by_label(records)["rewind+lora"]
    saved = saved_run(plan.loaded, plan.task, plan.device, store, record,
                      store.artifact(record.identity.run_id))
    kept = store.predictions(record.identity.run_id).to_pandas().set_index("item")
    items = asked(saved.assignment.task.splits.test)
    said = saved.load().predict(items, Clock())
    columns = [f"p:{label}" for label in plan.task.labels]
    assert np.array_equal(said, kept.loc[[item.id for item in items], columns].to_numpy())


def test_a_run_is_named_by_the_passages_that_it_saw(study):
    plan, store, records = study
    found, asked = by_label(records), ForgettingItems(**ASKED)
    with_general = {label: record.identity.general_sha256 for label, record in found.items()
                    if record.identity.general_sha256}
    assert with_general == {
        "rewind+lora": general_sha256(general_passages("held", asked)),
        "replayed": general_sha256(general_passages("learned", asked))}
    run = next(run for run in plan.runs if run.identity.label == "replayed")
    assert assign(plan, store, run).general == general_passages("learned", asked)
    plain, replayed = found["lora"].budget_used, found["replayed"].budget_used
    assert replayed.tokens_seen == pytest.approx(plain.tokens_seen / 0.8, abs=2)
    assert found["replayed"].cost.training_flops > found["lora"].cost.training_flops


def test_other_items_of_forgetting_leave_other_passages_and_name_another_run(
        study, tmp_path, encoder_folder, decoder_folder, device):
    plan = study[0]
    path = written(tmp_path, encoder_folder, decoder_folder, asked=ASKED | {"passages": 40})
    other = make_plan(load_suite(path), device)
    ids = [{run.identity.label: run.run_id for run in each.runs} for each in (plan, other)]
    others = {label for label in ids[0] if ids[0][label] != ids[1][label]}
    assert {"replayed"} <= others <= {"replayed", "rewind+lora"}  # of few held none may be drawn


def test_its_figures_stand_in_the_report_beside_those_of_what_it_was_taken_back_from(study):
    plan, store, records = study
    published = publish(make_study(plan, records), store.predictions, {})
    rows = {row.label: row for part in (published, *published.beside) for row in part.summary.rows}
    assert rows["rewind+lora"].forgot.difference is not None
    assert "| rewind+lora | dec | arc\\_easy | 12 |" in markdown(published)


@pytest.mark.parametrize(("arms", "words"), [
    (["rewind"], "write `rewind.METHOD`"),
    (["prompt-tuning", "rewind+prompt-tuning"], "no weights to take back"),
    (["rewind+lora"], "needs 'lora' in the same list"),
    ([{"lora": {"replay": 1.0}}], "replay"),
    ([{"prompt-tuning": {"repaly": 0.1}}], "repaly")])
def test_what_cannot_be_is_refused_with_its_line(tmp_path, encoder_folder, decoder_folder, arms,
                                                 words):
    path = written(tmp_path, encoder_folder, decoder_folder, arms)
    with pytest.raises(HarnessError, match=words) as error:
        resolve(load_suite(path))
    assert "tiny.yaml:" in str(error.value)


@pytest.mark.parametrize(("arms", "words"), [
    ([{"full": {"replay": 0.1}}], "replay: general text is learned as a decoder has it"),
    (["full", {"rewind+full": {"drift_at_most": 0.1}}], "drift_at_most: only a decoder")])
def test_general_text_is_no_encoders(tmp_path, encoder_folder, decoder_folder, arms, words):
    path = written(tmp_path, encoder_folder, decoder_folder, arms, on="enc")
    with pytest.raises(HarnessError, match=words):
        resolve(load_suite(path))


def test_a_quantised_backbone_is_refused(tmp_path, encoder_folder, decoder_folder):
    path = written(tmp_path, encoder_folder, decoder_folder, ["lora", "rewind+lora"])
    content = yaml.safe_load(path.read_text())
    content["backbones"]["dec"]["quantize"] = "nf4"
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    with pytest.raises(HarnessError, match="rewind: 'dec' is quantised"):
        resolve(load_suite(path))


def test_where_all_passages_are_measured_none_is_left_to_learn(
        study, tmp_path, encoder_folder, decoder_folder, device):
    path = written(tmp_path, encoder_folder, decoder_folder, asked={"passages": 80})
    with pytest.raises(HarnessError, match="none is left to be") as error:
        make_plan(load_suite(path), device)
    assert "tiny.yaml:" in str(error.value)


def test_a_run_is_carried_out_again_with_the_passages_that_it_saw(
        study, tmp_path, encoder_folder, decoder_folder):
    plan, store, records = study
    record = by_label(records)["replayed"]
    saved = saved_run(plan.loaded, plan.task, plan.device, store, record,
                      store.artifact(record.identity.run_id))
    assert saved.assignment.general == ()  # to answer takes none
    again = with_general(saved, plan.loaded)
    assert again.assignment.general == general_passages("learned", ForgettingItems(**ASKED))
    other = load_suite(written(tmp_path, encoder_folder, decoder_folder,
                               asked=ASKED | {"seed": 7}))
    assert leaves(plan.loaded, record.identity)
    assert not leaves(other, record.identity)
    with pytest.raises(HarnessError, match="saw other passages"):
        with_general(saved, other)
