"""A study whose big model answers behind an endpoint, beside one whose weights are here."""

import json
import re

import pyarrow.parquet as pq
import pytest
import yaml
from command_line import harness
from quiz import quiz_dict, write_quiz
from served import Said, completion, question, serving
from sklearn.metrics import accuracy_score, f1_score
from tiny import WORDS, sentences, suite_dict

from harness.report.published import read_published

SILENT = re.compile(r"\bn\d*7\b")
"""Items to which the server's answer cannot be read."""


def knows(body):
    """The kind of thing that the last words name, as the JSON that is asked for, or in words."""
    asked = question(body)
    item = asked[asked.rindex("Text: "):]
    answer = next(label for label, words in WORDS.items() if any(w in item for w in words))
    read = sum(len(message["content"].split()) for message in body["messages"])
    if SILENT.search(item):
        return completion("Who knows?", read=read, written=3)
    said = json.dumps({"answer": answer}) if "response_format" in body else answer.upper() + "."
    return completion(said, read=read, written=2)


def write(folder, server, encoder, decoder, **changes):
    folder.mkdir(exist_ok=True)
    suite = suite_dict(encoder, decoder)
    suite["backbones"] = {
        "enc": suite["backbones"]["enc"] | {"methods": ["features"]},
        "big": {"endpoint": server.address, "model": "huge", "key_from": "BIG_KEY",
                "prices": {"read": 2.0, "written": 10.0},
                "methods": ["zero-shot", "few-shot", "rag",
                            {"few-shot": {"choose": "similar", "as": "similar"}}]}}
    suite["budget"] |= {"seeds": 1, "trials": 2}
    suite |= {"sends_data": True, "methods": ["majority"]} | changes
    sentences().to_csv(folder / "data.csv", index=False)
    (folder / "tiny.yaml").write_text(yaml.safe_dump(suite, sort_keys=False))
    return suite


def ask(folder, *words, **environment):
    places = ["--suites", folder, "--runs", folder / "runs"]
    if words[0] == "run":
        places += ["--reports", folder / "reports"]
    return harness(*words, *places, **{"HARNESS_CACHE": str(folder / "cache"), "BIG_KEY": "s3cret",
                                       "WANDB_MODE": "offline"} | environment)


@pytest.fixture(scope="module")
def server():
    with serving(knows) as found:
        yield found


@pytest.fixture(scope="module")
def folder(tmp_path_factory, server, encoder_folder, decoder_folder):
    folder = tmp_path_factory.mktemp("endpoint")
    write(folder, server, encoder_folder, decoder_folder)
    said = ask(folder, "plan", "tiny")
    assert said.code == 0, said.all
    assert "big: 54 texts would be sent to 127.0.0.1, in at most" in said.out
    assert not server.asked
    said = ask(folder, "run", "tiny")
    assert said.code == 0, said.all
    (folder / "said.txt").write_text(said.all)
    return folder


@pytest.fixture(scope="module")
def published(folder):
    return read_published(folder / "reports" / "tiny" / "study.json")


def record_of(published, label):
    return next(r for r in published.study.records if r.identity.label == label)


def table_of(folder, record):
    return pq.read_table(folder / "runs" / "tiny" / record.identity.run_id / "predictions.parquet")


@pytest.mark.parametrize("label", ["zero-shot", "few-shot", "rag", "similar"])
def test_figures_are_those_of_the_classes_that_were_named(folder, published, label):
    record = record_of(published, label)
    table = table_of(folder, record)
    said = [text and json.loads(text)[0] for text in table["answer"].to_pylist()]
    right, named = table["target"].to_pylist(), [name or "none" for name in said]
    quality = record.quality
    assert quality.unread == said.count(None) > 0
    assert quality.accuracy == pytest.approx(accuracy_score(right, named))
    assert quality.accuracy == pytest.approx(1 - quality.unread / len(said))
    assert quality.macro_f1 == pytest.approx(f1_score(right, named, labels=sorted(set(right)),
                                                      average="macro"))
    assert sum(map(sum, quality.confusion)) == len(said) - quality.unread
    assert f"no class could be read from {quality.unread} of {len(said)} answers: each counts as " \
           "wrong" in record.notes


def test_answers_that_do_not_obey_the_schema_are_counted(published):
    record = record_of(published, "zero-shot")
    assert record.usage.unheld == record.quality.unread  # the server then says it in words
    assert f"{record.usage.unheld} of 18 answers do not have the form of the schema that was " \
           "asked for: where the server does not obey one, write `answers: text`" in record.notes


def test_there_are_no_probabilities_and_the_record_says_why(folder, published):
    record = record_of(published, "zero-shot")
    quality = record.quality
    assert (quality.roc_auc, quality.log_loss, quality.calibration_error) == (None, None, None)
    assert "only name classes" in quality.roc_auc_reason
    assert {one.roc_auc for one in quality.per_class} == {None}
    table = table_of(folder, record)
    assert all(table[name].null_count == len(table) for name in table.column_names
               if name.startswith("p:"))
    row = next(r for r in published.summary.rows if r.label == "zero-shot")
    assert "accuracy" in row.common
    assert not {"roc_auc", "log_loss", "calibration_error"} & set(row.common)
    assert "zero-shot (big)" not in {r.name for r in published.calibration}
    assert "features (enc)" in {r.name for r in published.calibration}


def test_it_is_compared_with_what_has_probabilities(published):
    pair = next(p for p in published.summary.pairs
                if {p.first, p.second} == {"features (enc)", "zero-shot (big)"})
    assert set(pair.differences) == {"accuracy", "macro_f1", "micro_f1"}
    assert pair.mcnemar is not None


def test_tokens_are_the_servers_count_and_cost_what_the_suite_says(published):
    record = record_of(published, "zero-shot")
    usage = record.usage
    assert (usage.host, usage.model, usage.items, usage.requests) == ("127.0.0.1", "huge", 18, 18)
    assert usage.money == pytest.approx((usage.read * 2 + usage.written * 10) / 1e6)
    assert usage.validation_money == 0.0  # it has nothing to choose from
    few = record_of(published, "few-shot").usage
    assert few.validation_money == pytest.approx(few.money / 18 * 2 * 12)
    assert few.read > usage.read
    row = next(r for r in published.summary.rows if r.label == "zero-shot")
    assert row.bill.million_requests == pytest.approx(1e6 * usage.money / 18)
    assert (row.device_hours, record.cost.device_hours) == (None, 0.0)
    assert (row.peak_memory_bytes, row.total_parameters) == (None, None)


def test_latency_is_over_the_network_and_no_clock_is_held(published):
    assert record_of(published, "zero-shot").latency.network
    assert not record_of(published, "features").latency.network
    rule = next(rule for rule in published.rules if rule.name == "Same clock")
    assert rule.held is False
    assert "Over the network, by no clock of this machine's: few-shot (big), rag (big), similar " \
           "(big), zero-shot (big)." in rule.evidence


def test_all_were_asked_the_same_words(published):
    rule = next(rule for rule in published.rules if rule.name == "Same question")
    assert rule.held
    asked = [record_of(published, label).asked for label in ("zero-shot", "few-shot", "rag")]
    assert len({one.prompt_sha256 for one in asked}) == 1
    assert [one.added > 0 for one in asked] == [False, True, True]


def test_the_key_is_nowhere(folder, server):
    assert server.headers[0]["authorization"] == "Bearer s3cret"
    for path in folder.rglob("*"):
        assert not path.is_file() or b"s3cret" not in path.read_bytes(), path


def test_nothing_is_asked_twice_but_what_is_timed(folder, server):
    before = len(server.asked)
    said = ask(folder, "run", "tiny", "--fresh")
    assert said.code == 0, said.all
    timed = 4 * (1 + 3 + 4)  # methods, and warm-up, requests and a batch
    assert len(server.asked) == before + timed


def test_the_plan_has_nothing_left_to_send(folder):
    assert "would be sent" not in ask(folder, "plan", "tiny").out


def test_a_run_is_reproduced_from_what_is_kept(folder, published, server):
    before = len(server.asked)
    run_id = record_of(published, "few-shot").identity.run_id
    said = ask(folder, "reproduce", run_id)
    assert said.code == 0, said.all
    assert len(server.asked) == before


def test_new_texts_are_answered_by_a_kept_run(folder, published):
    table = folder / "new.csv"
    table.write_text("text\nan iron bar n1\na bronze cup n7\n")
    out = folder / "new.parquet"
    said = ask(folder, "predict", record_of(published, "zero-shot").identity.run_id,
               "--suite", "tiny", "--input", table, "--output", out)
    assert said.code == 0, said.all
    answers = pq.read_table(out)
    assert answers["prediction"].to_pylist() == ["metal", None]
    assert "p:metal" not in answers.column_names
    assert "1 rows have no answer (row 1 is the first)" in said.all


def test_two_runs_stand_side_by_side(folder, published):
    ids = [record_of(published, label).identity.run_id for label in ("features", "zero-shot")]
    said = harness("compare", *ids, "--runs", folder / "runs",
                   HARNESS_CACHE=str(folder / "cache"))
    assert said.code == 0, said.all
    assert "accuracy" in said.out
    assert "log loss" not in said.out


def test_pages_name_what_is_not_there(folder):
    report = (folder / "reports" / "tiny" / "report.md").read_text()
    assert "huge at 127.0.0.1" in report
    page = (folder / "reports" / "tiny" / "index.html").read_text()
    for said in (report, page, (folder / "said.txt").read_text()):
        words = " ".join(said.split())
        assert "latency is what a client waits, over the network, and money is that of the tokens" \
            in words
        assert "Answers that only name classes have no ROC AUC, log loss, calibration error." \
            in words


@pytest.mark.parametrize(("changes", "why"), [
    ({"sends_data": False}, "backbones.big: items would be sent to 127.0.0.1; write `sends_data: "
                            "true` in the suite if they may be"),
    ({"decide": {"metric": "roc_auc"}}, "decide.metric: ROC AUC is made of probabilities, which an "
                                        "endpoint may leave out (big); choose another")])
def test_a_suite_that_cannot_be_meant_is_refused(tmp_path, server, encoder_folder, decoder_folder,
                                                 changes, why):
    write(tmp_path, server, encoder_folder, decoder_folder, **changes)
    said = ask(tmp_path, "plan", "tiny")
    assert said.code == 2
    assert why in " ".join(said.all.split())


def test_probabilities_that_would_not_be_calibrated_beside_those_that_are_are_refused(
        tmp_path, server, encoder_folder, decoder_folder):
    suite = write(tmp_path, server, encoder_folder, decoder_folder,
                  decide={"calibrate": "temperature"})
    assert ask(tmp_path, "plan", "tiny").code == 0
    suite["backbones"]["big"]["top_logprobs"] = 5
    (tmp_path / "tiny.yaml").write_text(yaml.safe_dump(suite))
    said = ask(tmp_path, "plan", "tiny")
    assert said.code == 2
    assert "the probabilities of big would stay as they are" in " ".join(said.all.split())


@pytest.mark.parametrize(("method", "why"), [
    ("features", "needs states that a head can be put on, which it does not get of the endpoint"),
    ("lora", "needs"), ({"zero-shot": {"score": "pmi"}}, "does not tell how likely answers are"),
    ("rag+lora", "'rag+lora' needs 'lora' in the same list")])
def test_a_method_that_an_endpoint_cannot_do_is_refused(tmp_path, server, encoder_folder,
                                                        decoder_folder, method, why):
    suite = write(tmp_path, server, encoder_folder, decoder_folder)
    suite["backbones"]["big"]["methods"] = [method]
    (tmp_path / "tiny.yaml").write_text(yaml.safe_dump(suite))
    said = ask(tmp_path, "plan", "tiny")
    assert said.code == 2
    assert why in " ".join(said.all.split())


@pytest.mark.parametrize(("fields", "why"), [
    ({"endpoint": "http://203.0.113.1/v1"}, "a key is not sent to another machine by http"),
    ({"endpoint": "https://me:pw@api.example.org/v1"}, "must hold neither a key nor a user"),
    ({"endpoint": "ftp://api.example.org"}, "must be an address"),
    ({"endpoint": "http://[::1"}, "is no address"),
    ({"request": {"messages": []}}, "messages: is not for a suite to set"),
    ({"key_from": "not a name"}, "key_from")])
def test_an_address_that_cannot_be_meant_is_refused(tmp_path, server, encoder_folder,
                                                    decoder_folder, fields, why):
    suite = write(tmp_path, server, encoder_folder, decoder_folder)
    suite["backbones"]["big"] |= fields
    (tmp_path / "tiny.yaml").write_text(yaml.safe_dump(suite))
    said = ask(tmp_path, "plan", "tiny")
    assert said.code == 2
    assert why in " ".join(said.all.split())
    assert "tiny.yaml:" in said.all


def test_without_its_key_nothing_begins(folder, monkeypatch):
    monkeypatch.delenv("BIG_KEY", raising=False)
    said = ask(folder, "run", "tiny", BIG_KEY="")
    assert said.code == 2
    assert "backbones.big.key_from: the environment variable BIG_KEY holds no key" in said.err


def test_minutes_of_this_machine_are_not_a_servers(folder):
    said = ask(folder, "run", "tiny", "--minutes", "1")
    assert said.code == 2
    assert "minutes are measured on this machine, and 127.0.0.1 answers elsewhere" in said.err


def test_a_server_that_fails_fails_its_runs_and_no_other(tmp_path, encoder_folder, decoder_folder):
    with serving(lambda body: Said(b"no such model", 404)) as broken:
        write(tmp_path, broken, encoder_folder, decoder_folder)
        said = ask(tmp_path, "run", "tiny")
    assert said.code == 1
    published = read_published(tmp_path / "reports" / "tiny" / "study.json")
    states = {r.identity.label: r.status for r in published.study.records}
    assert states["features"].state == "ok"
    assert states["zero-shot"].state == "failed"
    assert "huge at 127.0.0.1 answered HTTP 404: 'no such model'" in states["zero-shot"].reason


def test_questions_are_answered_with_the_passages_that_local_models_get(
        tmp_path, encoder_folder, decoder_folder):
    def reads(body):
        asked = question(body)
        thing, place = re.search(r"What is the (\w+) of (\w+)\?\nAnswer:$", asked).groups()
        found = re.search(rf"The {thing} of {place} is (.*?)\.", asked)
        return completion(found[1] if found else "unknown")

    write_quiz(tmp_path)
    with serving(reads) as server:
        suite = quiz_dict(encoder_folder, decoder_folder)
        suite["backbones"] = {"big": {
            "endpoint": server.address, "model": "huge",
            "methods": ["zero-shot", {"rag": {"tokens": 120, "search": "bm25"}}]}}
        suite |= {"sends_data": True}
        (tmp_path / "quiz.yaml").write_text(yaml.safe_dump(suite))
        said = ask(tmp_path, "run", "quiz")
    assert said.code == 0, said.all
    published = read_published(tmp_path / "reports" / "quiz" / "study.json")
    by = {r.identity.label: r for r in published.study.records}
    assert by["zero-shot"].generation.exact_match == 0.0
    found = by["rag"].generation
    assert by["rag"].retrieval.recall[10] == 1.0
    # It reads one fact out of a whole sentence, and passages cut some.
    assert 0.0 < found.exact_match <= by["rag"].retrieval.answer_share


@pytest.fixture(scope="module")
def approved(folder, published):
    """A copy of the suite with a policy, and the endpoint's run approved under it."""
    suite = yaml.safe_load((folder / "tiny.yaml").read_text())
    suite["gate"] = {"metrics": {"accuracy": {"non_inferior_within": 0.6},
                                 "macro_f1": {"at_least": 0.3}}}
    (folder / "gated.yaml").write_text(yaml.safe_dump(suite))
    run_id = record_of(published, "zero-shot").identity.run_id
    said = ask(folder, "baseline", "approve", run_id, "--suite", folder / "gated.yaml", "--note",
               "first", "--baselines", folder / "baselines", "--anonymous")
    assert said.code == 0, said.all
    return folder


def gated(folder, published, label, suite="gated.yaml", **environment):
    return ask(folder, "gate", record_of(published, label).identity.run_id, "--suite",
               folder / suite, "--baselines", folder / "baselines", "--output", folder / "gate",
               **environment)


def test_the_gate_judges_it_without_asking_again(approved, published, server):
    kept = json.loads((approved / "baselines" / "tiny.json").read_text())
    assert {type(answer) for answer in kept["answers"]} == {str}
    assert "null" in kept["answers"]
    before = len(server.asked)
    # As in a pipeline that has no key.
    said = gated(approved, published, "zero-shot", BIG_KEY="")
    assert said.code == 0, said.all
    assert len(server.asked) == before
    found = json.loads((approved / "gate" / "gate.json").read_text())
    gap = next(check for check in found["checks"]
               if check["rule"] == "accuracy against the baseline")
    assert gap["value"] == 0.0


def test_what_has_probabilities_is_judged_against_what_has_none(approved, published):
    said = gated(approved, published, "features")
    assert said.code in (0, 1), said.all
    found = json.loads((approved / "gate" / "gate.json").read_text())
    record = record_of(published, "features")
    table = table_of(approved, record)
    names = [name for name in table.column_names if name.startswith("p:")]
    chosen = [max(names, key=row.get)[2:] for row in table.to_pylist()]
    right = accuracy_score(table["target"].to_pylist(), chosen)
    gap = next(check for check in found["checks"]
               if check["rule"] == "accuracy against the baseline")
    assert gap["value"] == pytest.approx(
        right - record_of(published, "zero-shot").quality.accuracy)


def test_a_policy_on_probabilities_says_that_there_are_none(approved, published):
    suite = yaml.safe_load((approved / "gated.yaml").read_text())
    suite["gate"]["metrics"]["log_loss"] = {"at_most": 1.0}
    (approved / "nats.yaml").write_text(yaml.safe_dump(suite))
    said = gated(approved, published, "zero-shot", "nats.yaml")
    assert said.code == 1, said.all
    assert "not defined" in said.all
