"""Labels that are spans: cells, tags, and what becomes of the rows."""

import json

import pandas as pd
import pytest
import yaml
from spanned import spanned, spanned_dict

from harness.common.errors import HarnessError
from harness.suite import Words, load_suite
from harness.targets.spans import Span
from harness.tasks.cut import cut_item
from harness.tasks.readers.conll import ConllOptions, read_conll
from harness.tasks.readers.phrases import PhrasesOptions, marked, read_phrases
from harness.tasks.readers.tables import TableOptions, read_table
from harness.tasks.span_cells import spans_cell, spans_in
from harness.tasks.task import load_task
from harness.tasks.word_tags import are_tags, text_and_spans


@pytest.mark.parametrize("cell", [
    [[0, 3, "PER"], [9, 13, "LOC"]],
    [[9, 13, "LOC"], [0, 3, "PER"]],
    [{"start": 0, "end": 3, "label": "PER"}, {"start": 9, "end": 13, "label": "LOC"}],
    [{"start_offset": 0, "end_offset": 3, "label": "PER", "id": 7},
     {"start_offset": 9, "end_offset": 13, "label": "LOC", "id": 8}],
    [{"start": 0, "end": 3, "labels": ["PER"], "text": "Ana"},
     {"start": 9, "end": 13, "labels": ["LOC"], "text": "Rome"}],
    [{"entity_group": "PER", "start": 0, "end": 3, "score": 0.9},
     {"entity_group": "LOC", "start": 9.0, "end": 13.0, "score": 0.8}]])
def test_spans_are_read_as_tools_write_them(cell):
    found = spans_in(json.dumps(cell))
    assert found == ((0, 3, "PER"), (9, 13, "LOC"))
    assert spans_in(spans_cell(found)) == found


@pytest.mark.parametrize("cell", ["", "PER", "[]", "[1, 2]", '["a", "b"]', '{"start": 1}',
                                  "[[1, 2]]", '[["a", 1, "b"]]', "[null]", '[[0, true, "x"]]'])
def test_other_cells_are_none(cell):
    assert spans_in(cell) is None


@pytest.mark.parametrize(("cell", "why"), [
    ('[[0, 3, "A"], "b"]', "holds something else"), ('[[3, 3, "A"]]', "from 3 to 3"),
    ('[[-1, 3, "A"]]', "from -1 to 3")])
def test_lists_that_are_half_spans_are_refused(cell, why):
    with pytest.raises(HarnessError, match=why):
        spans_in(cell)


@pytest.mark.parametrize("tags", [
    ["B-PER", "I-PER", "O", "B-LOC"], ["I-PER", "I-PER", "O", "I-LOC"],
    ["B-PER", "E-PER", "O", "S-LOC"], ["B-PER", "L-PER", "O", "U-LOC"],
    ["B_PER", "I_PER", "O", "B_LOC"]])
def test_the_ways_of_tagging_are_one(tags):
    assert are_tags(tags)
    assert text_and_spans(["Ana", "Lee", "sees", "Rome"], tags) == (
        "Ana Lee sees Rome", ((0, 7, "PER"), (13, 17, "LOC")))


def test_a_new_beginning_or_class_is_a_new_span():
    assert text_and_spans(["a", "b", "c"], ["B-X", "B-X", "I-Y"])[1] == (
        (0, 1, "X"), (2, 3, "X"), (4, 5, "Y"))
    assert text_and_spans(["a", "b"], ["S-X", "I-X"])[1] == ((0, 1, "X"), (2, 3, "X"))


@pytest.mark.parametrize(("words", "tags", "why"), [
    (["a"], ["B-X", "O"], "1 words have 2 tags"), (["a"], ["NOUN"], "'NOUN' is no tag")])
def test_tags_that_are_none_are_refused(words, tags, why):
    with pytest.raises(HarnessError, match=why):
        text_and_spans(words, tags)


@pytest.fixture
def load(tmp_path, encoder_folder, decoder_folder):
    def task(frame, **said):
        frame.to_csv(tmp_path / "data.csv", index=False)
        suite = spanned_dict(encoder_folder, decoder_folder)
        suite["task"] |= said
        (tmp_path / "s.yaml").write_text(yaml.safe_dump(suite | {"name": "s"}))
        return load_task(load_suite(tmp_path / "s.yaml"))
    return task


def every(task):
    return [e for part in (task.splits.train, task.splits.validation, task.splits.test)
            for e in part]


def test_items_hold_the_spans_of_the_data_and_their_classes(load):
    frame = spanned()
    task = load(frame)
    right = {row.text: json.loads(row.label) for row in frame.itertuples()}
    for e in every(task):
        assert [[s.start, s.end, task.labels[s.label]] for s in e.spans] == right[e.text]
        assert {task.labels[c] for c in e.classes} == {label for *_, label in right[e.text]}
    assert task.facts.kept == len(frame)
    for part in (task.splits.train, task.splits.validation, task.splits.test):
        assert {c for e in part for c in e.classes} == {0, 1}


def test_rows_that_cannot_be_learned_are_told(load):
    frame = spanned()
    frame.loc[0, "label"] = '[[0, 4, "fruit"], [2, 5, "metal"]]'
    frame.loc[1, "label"] = '[[0, 2, "wood"]]'
    frame.loc[2, "label"] = ""
    twice = frame.loc[[5]].assign(label='[[0, 1, "metal"]]')
    frame = pd.concat([frame, twice])
    with pytest.raises(HarnessError, match="2 of 121 rows have a label that is no list of spans"):
        load(frame)
    task = load(frame, other_labels="drop")
    assert (task.facts.other_label, task.facts.unlabelled, task.facts.conflicting) == (2, 1, 2)


def test_a_span_behind_its_text_is_an_error_that_names_it(load):
    frame = spanned()
    frame.loc[3, "label"] = '[[0, 999, "metal"]]'
    with pytest.raises(HarnessError, match=r"data\.csv: the span 0 to 999"):
        load(frame)


def test_pairs_and_suites_without_classes_are_refused(load):
    with pytest.raises(HarnessError, match="spans are of one text"):
        load(spanned(), prompt={"instruction": "", "item": "{text} {pair}"})
    with pytest.raises(HarnessError, match="at least one class"):
        load(spanned(), labels={})


def test_the_spans_of_what_is_read_are_left():
    from harness.tasks.examples import Example

    item = Example("i", "the red plum and old iron", None, 0, "g", {}, classes=(0, 1),
                   spans=(Span(8, 12, 0), Span(21, 25, 1)))
    cut = cut_item(item, Words(4))
    assert (cut.text, cut.spans, cut.classes) == ("the red plum and", (Span(8, 12, 0),), (0,))
    assert cut_item(item, Words(99)) == item


def test_words_and_tags_of_a_table_are_texts_and_spans(tmp_path):
    frame = pd.DataFrame({"words": [["Ana", "sees", "Rome"], []],
                          "tags": [["B-PER", "O", "B-LOC"], []]})
    frame.to_json(tmp_path / "d.jsonl", orient="records", lines=True)
    frame.to_parquet(tmp_path / "d.parquet")
    for name in ("d.jsonl", "d.parquet"):
        rows = list(read_table(tmp_path / name, TableOptions(text="words", label="tags",
                                                             tagged=True)))
        assert (rows[0].text, rows[0].label) == ("Ana sees Rome",
                                                 '[[0, 3, "PER"], [9, 13, "LOC"]]')
        assert (rows[1].text, rows[1].label) == ("", "[]")


@pytest.mark.parametrize(("words", "tags", "why"), [
    (["a"], "x", "no list of words beside one of tags"), (["a"], [7], "has no name"),
    (["a"], ["O", "O"], "1 words have 2 tags")])
def test_a_row_without_its_tags_is_an_error_that_names_the_file(tmp_path, words, tags, why):
    pd.DataFrame({"w": [words], "t": [tags]}).to_json(tmp_path / "d.jsonl", orient="records",
                                                      lines=True)
    with pytest.raises(HarnessError, match=why) as error:
        list(read_table(tmp_path / "d.jsonl", TableOptions(text="w", label="t", tagged=True)))
    assert error.value.found.startswith("d.jsonl")


CONLL = """-DOCSTART- -X- -X- O

Ana NNP B-NP B-PER
sees VB B-VP O

# Rome\tis no remark
""".replace("# Rome\tis no remark\n", "Rome NNP B-NP B-LOC\n\n-DOCSTART- -X- -X- O\n\nx Y Z O\n")


def test_a_conll_file_has_a_row_a_sentence_in_its_document(tmp_path):
    (tmp_path / "d.conll").write_text(CONLL)
    rows = list(read_conll(tmp_path / "d.conll", ConllOptions()))
    assert [(r.text, r.label, r.group) for r in rows] == [
        ("Ana sees", '[[0, 3, "PER"]]', "document 1"), ("Rome", '[[0, 4, "LOC"]]', "document 1"),
        ("x", "[]", "document 2")]
    (tmp_path / "e.iob").write_text("# a remark\nRome\tB-LOC\n\n\n# O\n")
    assert [(r.text, r.group) for r in read_conll(tmp_path / "e.iob", ConllOptions())] == [
        ("Rome", None)]


@pytest.mark.parametrize(("text", "why"), [
    ("Ana B-PER\nRome\n", "d.conll:2: has 1 columns"), ("Ana NOUN\n", "'NOUN' is no tag")])
def test_a_line_that_is_none_is_named(tmp_path, text, why):
    (tmp_path / "d.conll").write_text(text)
    with pytest.raises(HarnessError, match=why):
        list(read_conll(tmp_path / "d.conll", ConllOptions()))


def test_marked_phrases_are_spans_of_the_text_without_marks():
    assert marked("under the {{ MIT license }}, or {{GPL}}.") == (
        "under the  MIT license , or GPL.", ((11, 22, "phrase"), (28, 31, "phrase")))
    assert marked("no marks") is None
    assert marked("one {{ alone") is None
    assert marked("{{ {{ twice }} }}") is None


def test_rules_are_rows_but_those_that_are_a_phrase_or_too_short(tmp_path):
    rules = tmp_path / "rules"
    rules.mkdir()
    front = "---\nlicense_expression: mit\nis_license_notice: yes\n---\n"
    (rules / "a.RULE").write_text(front + "\nlicensed under the {{MIT license}} here\n")
    (rules / "b.RULE").write_text(front + "\n{{released under the MIT license}}\n")
    (rules / "c.RULE").write_text(front + "\n{{MIT}} x\n")
    (rules / "d.RULE").write_text(front.replace("is_license_notice", "is_false_positive")
                                  + "\nlicensed under the {{MIT license}} there\n")
    rows = list(read_phrases(tmp_path, PhrasesOptions()))
    assert [(r.text, r.label, r.group) for r in rows] == [
        ("licensed under the MIT license here", '[[19, 30, "phrase"]]', "mit")]
    with pytest.raises(HarnessError, match="no rules"):
        list(read_phrases(rules, PhrasesOptions()))
