"""A suite's past: from git and from a folder, as a page in a real browser."""

import subprocess
from pathlib import Path

import pytest
from browsed import browsed
from test_page import HOSTILE, published

import harness
from harness.common.errors import HarnessError
from harness.report.history import versions
from harness.report.history.figure import MOST as MOST_DRAWN
from harness.report.published import published_json


def git(folder, *words):
    subprocess.run(["git", "-C", str(folder), "-c", "user.name=n", "-c", "user.email=e@x",
                    "-c", "commit.gpgsign=false", *words], check=True, capture_output=True)


@pytest.fixture(scope="module")
def studies():
    """Three: the same twice, made on other days, and one on other data."""
    made = published()
    days = [made.model_copy(update={"study": made.study.model_copy(update={
        "created": f"2026-01-0{day}T00:00:00+00:00"})}) for day in (1, 2, 3)]
    data = made.study.data.model_copy(update={"splits_sha256": "e" * 64})
    days[0] = days[0].model_copy(update={"study": days[0].study.model_copy(update={"data": data})})
    return days


@pytest.fixture(scope="module")
def reports(studies, tmp_path_factory):
    """A repository in which each was committed, and one that cannot be read between them."""
    folder = tmp_path_factory.mktemp("repository")
    git(folder, "init", "-q")
    file = folder / "reports" / studies[0].study.suite / "study.json"
    file.parent.mkdir(parents=True)
    for content in (published_json(studies[0]), '{"study": 1}', published_json(studies[1])):
        file.write_text(content, encoding="utf-8")
        git(folder, "add", ".")
        git(folder, "commit", "-q", "-m", "study")
    file.write_text(published_json(studies[2]), encoding="utf-8")  # and is not committed
    return folder / "reports"


@pytest.fixture(scope="module")
def found(reports, studies):
    return harness.history(studies[0].study.suite, reports=reports)


def test_every_version_that_git_has_is_there_and_the_file_as_it_is(found, reports):
    frame = found.to_pandas()
    assert frame["at"].str[:10].tolist() == ["2026-01-01", "2026-01-02", "2026-01-03"]
    assert frame["commit"].notna().tolist() == [True, True, False]
    assert frame["segment"].tolist() == [0, 1, 1]
    assert frame["breaks"].tolist() == ["", "other data or splits", ""]
    ((place, why),) = found.past.unread
    assert place.startswith("commit ")
    assert why == "not a study of this version"
    assert found.page == reports / "history" / found.past.suite / "index.html"


def test_a_folder_has_the_same_by_when_they_were_made(studies, tmp_path, found):
    for name, one in zip("cab", studies, strict=True):
        (tmp_path / f"{name}.json").write_text(published_json(one), encoding="utf-8")
    (tmp_path / "d.json").write_text(published_json(studies[0].model_copy(update={
        "study": studies[0].study.model_copy(update={"suite": "another"})})), encoding="utf-8")
    again = harness.history(studies[0].study.suite, studies=tmp_path, output=tmp_path / "out")
    columns = ["at", "recommended", "segment", "now"]
    assert again.to_pandas()[columns].equals(found.to_pandas()[columns])


def test_what_says_the_same_stands_there_once_and_the_oldest_are_left_out(studies, reports,
                                                                          monkeypatch):
    suite = studies[0].study.suite
    file = reports / suite / "study.json"
    monkeypatch.setattr(versions, "MOST", 2)
    some = versions.in_git(file)
    assert some.left_out
    assert [one.study.created[:10] for one in some.found] == ["2026-01-02", "2026-01-03"]
    same = versions._once([versions.told(studies[0], "a"), versions.told(studies[0], "b")])
    assert [one.commit for one in same] == ["a"]


def test_what_is_missing_is_said(tmp_path, reports):
    (tmp_path / "s").mkdir()
    with pytest.raises(HarnessError, match=r"git says: .*not a git repository"):
        versions.in_git(tmp_path / "s" / "study.json")
    with pytest.raises(HarnessError, match=r"git cannot be asked|git says"):
        versions.in_git(tmp_path / "nowhere" / "study.json")
    with pytest.raises(HarnessError, match="is no folder"):
        harness.history("tiny", studies=tmp_path / "none", output=tmp_path)
    with pytest.raises(HarnessError, match="there is no study of suite 'tiny'"):
        harness.history("tiny", studies=tmp_path, output=tmp_path)


def test_markdown_cannot_be_broken_by_names(found):
    text = (found.page.parent / "history.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| 2026-")]
    assert len(rows) == 3
    assert all(line.replace("\\|", "").count("|") == 10 for line in rows)
    assert "<script>" not in text
    assert "break: other data or splits" in text


@pytest.fixture(scope="module")
def tab(found):
    with browsed(Path(found.page), "#over-time .main-svg") as tab:
        yield tab


def test_the_page_opens_without_an_error_or_a_request(tab):
    assert tab.said == []
    assert tab.title() == f"{HOSTILE[0]} over time"
    assert tab.locator("img").count() == 0


def test_it_shows_every_study_the_break_and_what_could_not_be_read(tab):
    rows = tab.locator("#studies-table tbody tr")
    assert rows.count() == 3
    assert rows.nth(0).locator("td").first.inner_text().startswith("2026-01-03 00:00, file")
    assert "break: other data or splits" in rows.nth(1).inner_text()
    assert "not a study of this version" in tab.inner_text("main")
    assert "1 break: " in tab.inner_text("#verdict")


def test_a_line_of_figures_ends_at_a_break(tab):
    drawn = min(len(HOSTILE) - 1, MOST_DRAWN)
    assert tab.locator("#over-time .scatterlayer .trace").count() == drawn
    # Of three studies one is alone, and two are on one line.
    lines = [path.get_attribute("d") for path in
             tab.locator("#over-time .scatterlayer .js-line").all()]
    assert sorted(line.count("L") for line in lines) == [0] * drawn + [1] * drawn
    assert all(line.count("M") == 1 for line in lines)
    assert tab.locator("#over-time .shapelayer path").count() == 1
