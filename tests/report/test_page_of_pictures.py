"""The page of a study of pictures in a real browser: small pictures, names as text."""

import json

import numpy as np
import pytest
from browsed import browsed
from synthetic import answers, examples, record, study
from test_page import HOSTILE

from harness.check.finding import Finding
from harness.common.errors import HarnessError
from harness.common.sealed import sealed
from harness.inputs.pictures import MOST_SHOWN, data_uri
from harness.report.files import write_report
from harness.report.markdown import markdown
from harness.report.published import publish, published_json, read_published
from harness.study.tables import class_table

LABELS = ("lines", "spots")
NAMED = f"{HOSTILE[1]}.png"
LOOKED_AT = "00aa" * 4


@pytest.fixture(scope="module")
def found():
    """Two methods on 200 pictures of noise, called as no file should be; a check names one."""
    rng, asked = np.random.default_rng(0), examples(200, LABELS)
    records, tables = [], {}
    for name, level in (("one", 0.5), ("other", 0.2)):
        said = answers(rng, asked, level, len(LABELS))
        made = record(name, 0, asked, said, LABELS)
        records.append(made)
        tables[made.identity.run_id] = class_table(asked, said, LABELS)
    pixels = {e.id: rng.integers(0, 256, (200, 300, 3), dtype=np.uint8) for e in asked}
    finding = Finding(severity="warning", check="leakage", found="alike", count=1,
                      suggestion="Look.", examples=(f"{LOOKED_AT}: {NAMED}", "no item"))
    pixels[LOOKED_AT] = pixels[asked[0].id]
    made = study(records, asked, LABELS, findings=(finding,))
    return publish(made, tables.__getitem__, {e.id: NAMED for e in asked},
                   lambda items: {item: data_uri(pixels[item]) for item in items if item in pixels})


@pytest.fixture(scope="module")
def page(found, tmp_path_factory):
    path = write_report(found, tmp_path_factory.mktemp("reports")) / "index.html"
    with browsed(path, "#calibration-figure .main-svg") as tab:
        yield tab


def test_disagreements_show_what_was_seen(found, page):
    rows = page.locator("#disagreements-table tbody tr")
    seen = page.locator("#disagreements-table img.seen")
    assert rows.count() == seen.count() == len(found.disagreements) > 20
    assert all(seen.evaluate_all("all => all.map(one => one.complete && one.naturalWidth > 0)"))
    assert page.locator("#disagreements-table thead").inner_text().startswith("picture")
    assert HOSTILE[1] in rows.first.inner_text()


def test_findings_show_the_items_that_they_name(page):
    assert page.locator("#checks-table img.seen").count() == 1
    assert HOSTILE[1] in page.locator("#checks-table").inner_text()


def test_names_are_text_and_the_page_stays_small(found, page):
    assert page.said == []
    assert page.locator("img:not(.seen)").count() == 0
    assert page.place.stat().st_size < 6_000_000
    assert max(map(len, found.thumbnails.values())) < MOST_SHOWN * 4 / 3 + 100


def test_markdown_has_names_alone(found):
    assert "data:image" not in markdown(found)


@pytest.mark.parametrize("evil", ["javascript:alert(1)", "https://example.org/x.webp",
                                  "data:text/html;base64,AAAA", 'data:image/webp;base64,A" x="',
                                  "data:image/webp;base64," + "A" * 9_000])
def test_a_study_with_another_kind_of_picture_is_none(found, tmp_path, evil):
    content = json.loads(published_json(found))
    content.pop("sha256")
    content["thumbnails"] = {"0" * 16: evil}
    (tmp_path / "study.json").write_text(sealed(json.dumps(content)))
    with pytest.raises(HarnessError, match="not a study of this version"):
        read_published(tmp_path / "study.json")
