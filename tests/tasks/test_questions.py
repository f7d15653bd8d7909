"""Questions gathered from rows."""

import json
from itertools import combinations

from harness.suite import Split
from harness.tasks.examples import Row
from harness.tasks.questions import gather, split_questions
from harness.tasks.readers.questions import QuestionOptions, read_questions


def row(text, *references, document=None):
    return Row(text, "", references=references, document=document)


def test_the_same_question_on_one_document_has_the_answers_of_all_its_rows():
    documents = {"a": False, "b": True}
    found, facts = gather([row("Who?", "Ada", document="a"),
                           row("who? ", "Bo", "Ada", document="a"),
                           row("Who?", "Cy", document="b"), row(" ", "Dee", document="a"),
                           row("Where?", document="a")], documents)
    assert {(e.document, e.references, e.label) for e in found} == {
        ("a", ("Ada", "Bo"), 0), ("b", ("Cy",), 1)}
    assert (facts.rows, facts.kept, facts.duplicates, facts.empty) == (5, 2, 1, 2)
    assert len({e.id for e in found}) == 2


def test_without_a_corpus_nothing_is_new():
    found, _ = gather([row("Who?", "Ada")], {})
    assert (found[0].label, dict(found[0].slices), found[0].document) == (0, {}, None)


def test_answers_are_a_text_or_a_list(tmp_path):
    rows = [{"q": "1", "a": ["x", " ", "y", "x"]}, {"q": "2", "a": "[not json"}, {"q": "3", "a": 4},
            {"q": "4", "a": None}]
    (tmp_path / "q.jsonl").write_text("\n".join(map(json.dumps, rows)))
    read = list(read_questions(tmp_path / "q.jsonl", QuestionOptions(text="q", answers="a")))
    assert [r.references for r in read] == [("x", "y"), ("[not json",), ("4",), ()]


def test_lines_of_references_stay_where_answers_have_several(tmp_path):
    rows = [{"q": "1", "a": [" x  y \n\n z", "x y z"]}, {"q": "2", "a": "one"}]
    (tmp_path / "q.jsonl").write_text("\n".join(map(json.dumps, rows)))
    read = list(read_questions(tmp_path / "q.jsonl", QuestionOptions(text="q", answers="a")))
    (of_one, facts), (of_all, again) = (gather(read, {}, lines) for lines in ("one", "all"))
    assert {e.text: e.references for e in of_one} == {"1": ("x y z",), "2": ("one",)}
    assert {e.text: e.references for e in of_all} == {"1": ("x y\nz", "x y z"), "2": ("one",)}
    assert (facts.lined, again.lined) == (1, 1)


def test_questions_lie_in_all_tables_of_a_folder(tmp_path):
    for number in "12":
        (tmp_path / f"{number}.csv").write_text(f"q,a\nwho {number}?,Ida\n")
    read = read_questions(tmp_path, QuestionOptions(text="q", answers="a"))
    assert [r.text for r in read] == ["who 1?", "who 2?"]


def test_nulls_among_references_are_no_answers(tmp_path):
    """Case references-null: the right answer was "None"."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    lists = [["Ida", None], [None], ["None", None, " "], [None, "null"]]
    (tmp_path / "q.jsonl").write_text("\n".join(
        json.dumps({"q": str(i), "a": a}) for i, a in enumerate(lists)))
    pq.write_table(pa.table({"q": list("0123"), "a": lists}), tmp_path / "q.parquet")
    for name in ("q.jsonl", "q.parquet"):
        read = list(read_questions(tmp_path / name, QuestionOptions(text="q", answers="a")))
        assert [r.references for r in read] == [("Ida",), (), ("None",), ("null",)]
    found, facts = gather(read, {})
    assert (len(found), facts.empty) == (3, 1)


def test_lists_of_a_parquet_file_are_read(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"q": ["1"], "a": [["x", "y"]]}), tmp_path / "q.parquet")
    (read,) = read_questions(tmp_path / "q.parquet", QuestionOptions(text="q", answers="a"))
    assert read.references == ("x", "y")


def test_a_document_s_number_may_have_a_decimal_point():
    documents = {"3": False, "caf\xe9": False}
    found, _ = gather([row("Who?", "Ada", document="3.0"),
                       row("Who else?", "Bo", document="cafe\u0301")], documents)
    assert {e.document for e in found} == set(documents)


def test_lists_that_python_printed_are_lists_of_answers(tmp_path):
    (tmp_path / "q.csv").write_text(
        "q,a\n1,\"['Ida', 'Ida B.', None]\"\n2,\"['a' 'b']\"\n3,[sic]\n")
    read = list(read_questions(tmp_path / "q.csv", QuestionOptions(text="q", answers="a")))
    assert [r.references for r in read] == [("Ida", "Ida B."), ("a", "b"), ("[sic]",)]


def test_the_gate_s_part_has_questions_on_new_documents_too():
    found, _ = gather([row(f"q{i}?", "Ada", document=str(i // 2)) for i in range(200)],
                      {str(i): i >= 60 for i in range(100)})
    before = split_questions(found, Split())
    parts = split_questions(found, Split(gate=0.25))
    assert before.gate == ()
    assert sum(e.label for e in before.test) == 80
    every = (parts.train, parts.validation, parts.test, parts.gate)
    assert sorted(e.id for part in every for e in part) == sorted(e.id for e in found)
    for one, other in combinations(every, 2):
        assert not {e.group for e in one} & {e.group for e in other}
    assert [sum(e.label for e in part) for part in every] == [0, 0, 40, 40]
