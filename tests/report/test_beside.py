"""Arms of other budgets in every view: ranked with each other, or shown where one is alone."""

from types import SimpleNamespace

from rich.console import Console
from synthetic import drawn_study

from benchmarks.headers import header
from harness.report import beside, sentences
from harness.report.dashboard.comparison import log_study
from harness.report.index import write_index
from harness.report.markdown import markdown
from harness.report.page import page
from harness.report.published import publish, published_json
from harness.report.side_by_side import print_studies
from harness.report.terminal import print_results
from harness.study.planning.matched import matched

WHOLE = {"train": 64, "validation": 9, "test": 150, "max_words": 48, "trials": 1}


def parted():
    """`full` and the majority on the suite's budget, `lora` and `knn` at 20 examples, and `tfidf`
    alone with whole texts; the last is far the best."""
    study, tables = drawn_study({"full": 1.0, "lora": 2.0, "knn": 0.5, "tfidf": 6.0}, seeds=2)
    few, longer = WHOLE | {"train": 20}, WHOLE | {"max_words": None}
    budgets = {"lora": few, "knn": few, "tfidf": longer}

    def placed(record):
        budget = budgets.get(record.identity.label, WHOLE)
        identity = record.identity.model_copy(update={"budget": budget})
        return record.model_copy(update={"identity": identity})

    made = study.model_copy(update={
        "records": tuple(map(placed, study.records)),
        "parts": tuple(map(matched, (WHOLE, few, longer)))})
    return publish(made, tables.__getitem__, {})


def test_arms_are_ranked_with_their_like_and_with_no_other():
    found = parted()
    assert {row.label for row in found.summary.rows} == {"majority", "full"}
    assert found.verdict.recommended == "full (b)"
    ranked, alone = found.beside
    assert (ranked.title, alone.title) == ("At 20 training examples", "Reading whole texts")
    assert {row.label for row in ranked.summary.rows} == {"lora", "knn"}
    assert ranked.verdict.recommended == "lora (b)"
    assert [(p.first, p.second) for p in ranked.summary.pairs] == [("lora (b)", "knn (b)")]
    pair = ranked.summary.pairs[0].differences["macro_f1"]
    assert pair.adjusted == pair.p_value, "a family of its own: one pair"
    assert alone.alone
    assert not ranked.alone


def test_every_view_has_them_apart(tmp_path):
    found = parted()
    console = Console(record=True, width=200, file=(tmp_path / "out").open("w"))
    print_results(console, found)
    lead = sentences.headline(found.of(found.beside[0]))
    assert lead.startswith("Use lora (b)")
    for text in (markdown(found), page(found), console.export_text()):
        assert "At 20 training examples" in text
        assert lead in text.replace("\\_", "_")
        assert "tfidf (b), reading whole texts: macro F1" in text
    assert "Use tfidf" not in markdown(found)
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "study.json").write_text(published_json(found))
    assert f"At 20 training examples: {lead}" in write_index(tmp_path).read_text()
    lines = header(found, "quick")
    place = lines.index("At 20 training examples:")
    assert [line.split()[0] for line in lines[place + 3:place + 5]] == ["lora", "knn"]
    assert any("reading whole texts" in line for line in lines)


def test_two_studies_are_set_side_by_side_budget_by_budget(tmp_path):
    console = Console(record=True, width=200, file=(tmp_path / "out").open("w"))
    print_studies(console, parted(), parted())
    before, after = console.export_text().split("At 20 training examples")
    assert "full (b)" in before
    assert "lora (b)" not in before
    assert "lora (b)" in after


def test_the_dashboard_s_rows_name_their_budget():
    logged, said = {}, {}
    log_study(SimpleNamespace(summary=said, log=logged.update), parted(), (), whole=True)
    rows = logged["methods"].data
    assert {row[0] for row in rows} == {"", "At 20 training examples", "Reading whole texts"}
    assert {row[1] for row in rows if row[0] == ""} == {"majority", "full"}
    assert said["verdict/At 20 training examples"].startswith("Use lora (b)")
    assert logged["pairs"].data[-1][:3] == ["At 20 training examples", "lora (b)", "knn (b)"]


def test_one_arm_alone_is_said_not_ranked():
    assert [line.partition(":")[0] for line in beside.shown(parted())] == [
        "tfidf (b), reading whole texts"]
