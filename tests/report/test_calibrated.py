"""One calibration error in every view."""

from harness.report import calibrated, words
from harness.report.markdown import markdown
from harness.report.page import page
from tests.synthetic import published


def test_views_tell_the_error_without_what_noise_adds():
    found = published({"good": 2.0, "poor": 0.5}, items=90, majority=False)
    shown, text, html = calibrated.rows(found), markdown(found), page(found)
    assert [name for name, *_ in shown] == [row.name for row in found.summary.rows]
    for row, cells in zip(found.summary.rows, shown, strict=True):
        figure = row.common["calibration_error"]
        raw = [r.quality.calibration_error for r in found.study.records
               if r.identity.name == row.name]
        assert row.metrics["calibration_error"].mean == figure.mean < sum(raw) / len(raw)
        assert cells[1:3] == (words.spread(figure), words.within(figure))
        for cell in cells:
            assert f"<td>{cell}</td>" in html or f'<td class="text">{cell}</td>' in html
        assert all(words.cell(cell) in text for cell in cells)


def test_older_files_have_no_table():
    found = published({"good": 2.0}, items=60, majority=False)
    older = found.model_copy(update={"calibration": tuple(
        method.model_copy(update={"p_value": None}) for method in found.calibration)})
    assert calibrated.rows(older) == []
    assert "p of perfect calibration" not in markdown(older) + page(older)
