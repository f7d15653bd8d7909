"""Documents, passages, and which of them are new."""

import json
from itertools import pairwise

import pandas as pd
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from quiz import PLACES, documents, quiz_dict, write_quiz

from harness.common.errors import HarnessError
from harness.common.provenance import Provenance
from harness.common.words import split_words
from harness.suite import load_suite
from harness.suite.corpus import Chunk, Corpus
from harness.tasks import corpus as corpora
from harness.tasks.corpus import chunks, load_corpus, read_documents, text_id
from harness.tasks.task import load_task


@given(words=st.integers(0, 200), size=st.integers(8, 40), overlap=st.integers(0, 39))
def test_passages_hold_every_word_once_but_for_their_overlap(words, size, overlap):
    if overlap >= size:
        return
    text = " ".join(f"w{i}" for i in range(words))
    found = [passage.split() for passage in chunks(text, Chunk(words=size, overlap=overlap))]
    assert all(len(passage) <= size for passage in found)
    joined = list(found[0])
    for before, after in pairwise(found):
        shared = before[len(before) - overlap:] if overlap else []
        assert after[:overlap] == shared
        assert len(after) > overlap  # words of its own
        joined += after[overlap:]
    assert joined == text.split()


def test_texts_without_spaces_are_cut_by_letters():
    """Case cjk-corpus: a document of 913 signs was one passage."""
    text = "".join(chr(0x4E00 + i) for i in range(450)) + "。 Riverton  2024 年" + "塔" * 450
    found = list(chunks(text, Chunk(words=100, overlap=20)))
    assert {len(split_words(passage)) for passage in found[:-1]} == {100}
    assert all(split_words(before)[-20:] == split_words(after)[:20]
               for before, after in pairwise(found))
    joined = found[0] + "".join("".join(split_words(passage)[20:]) for passage in found[1:])
    assert joined.replace(" ", "") == text.replace(" ", "")
    assert any("。 Riverton 2024 年塔" in passage for passage in found)


def corpus(**fields):
    return Corpus.model_validate({"source": {"file": "x"}} | fields)


def test_a_folder_a_table_and_lines_of_json_give_the_same_documents(tmp_path):
    write_quiz(tmp_path)
    (tmp_path / "docs.jsonl").write_text("\n".join(
        json.dumps({"name": name, "text": text}) for name, text in documents().items()))
    (tmp_path / "docs.csv").write_text("name,text\n" + "\n".join(
        f"{name},{text}" for name, text in documents().items()))
    folder, _ = read_documents(tmp_path / "corpus", corpus())
    for name in ("docs.jsonl", "docs.csv"):
        table, _ = read_documents(tmp_path / name, corpus(id="name"))
        assert sorted(table, key=lambda d: d.id) == sorted(folder, key=lambda d: d.id)


def test_documents_without_an_id_are_named_by_their_text(tmp_path):
    rows = [{"text": "One story."}, {"text": "one  STORY."}, {"text": " "}, {"text": "Another."}]
    (tmp_path / "docs.jsonl").write_text("\n".join(map(json.dumps, rows)))
    found, duplicates = read_documents(tmp_path / "docs.jsonl", corpus())
    assert [d.id for d in found] == [text_id("One story."), text_id("Another.")]
    assert duplicates == 1


@pytest.mark.parametrize(("rows", "fields", "words"), [
    ([{"id": "a", "text": "x"}, {"id": "a", "text": "y"}], {"id": "id"}, "two documents"),
    ([{"id": "a", "text": "x"}], {"text": "txet"}, "no column 'txet'"),
    ([{"text": " "}], {}, "no documents"),
])
def test_bad_documents_are_named(tmp_path, rows, fields, words):
    (tmp_path / "docs.jsonl").write_text("\n".join(map(json.dumps, rows)))
    with pytest.raises(HarnessError, match=words):
        read_documents(tmp_path / "docs.jsonl", corpus(**fields))


def test_a_folder_without_texts_is_named(tmp_path):
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "a.pdf").write_text("x")
    with pytest.raises(HarnessError, match="holds no documents"):
        read_documents(tmp_path / "corpus", corpus())


@pytest.fixture
def quiz_file(tmp_path, encoder_folder, decoder_folder):
    write_quiz(tmp_path)
    path = tmp_path / "quiz.yaml"

    def write(**changes):
        suite = quiz_dict(encoder_folder, decoder_folder)
        suite["task"]["corpus"] |= changes
        path.write_text(yaml.safe_dump(suite))
        return load_suite(path)

    return write


def test_questions_on_new_documents_are_test_items_alone(quiz_file):
    task = load_task(quiz_file())
    new = {name for name, is_new in task.corpus.documents().items() if is_new}
    assert len(new) == 3
    assert task.corpus.facts.new_documents == 3
    assert not new & {e.document for e in (*task.splits.train, *task.splits.validation)}
    asked = [e for e in task.splits.test if e.document in new]
    assert len(asked) == 12
    assert {e.slices["knowledge"] for e in asked} == {"new"}
    old = [e for e in task.splits.test if e.document not in new]
    # Some documents are known from training, though these questions about them are not.
    assert {e.document for e in old} & {e.document for e in task.splits.train}
    # Prefixes of the test items hold both in about their shares.
    half = task.splits.test[:10]
    assert abs(sum(e.label for e in half) - 10 * 12 / len(task.splits.test)) <= 1


def test_old_passages_come_first_and_are_read_through_a_map(quiz_file):
    corpus_ = load_task(quiz_file()).corpus
    table = corpus_.passages()
    assert table["new"].to_pylist() == sorted(table["new"].to_pylist())
    assert table.num_rows == corpus_.facts.passages
    assert set(corpus_.documents()) == set(PLACES)


def test_a_column_may_mark_new_documents(quiz_file, tmp_path):
    rows = [{"id": name, "text": text, "late": str(i > 7)}
            for i, (name, text) in enumerate(documents().items())]
    (tmp_path / "docs.jsonl").write_text("\n".join(map(json.dumps, rows)))
    loaded = quiz_file(source={"file": "docs.jsonl"}, id="id", new={"column": "late"})
    assert {n for n, new in load_task(loaded).corpus.documents().items() if new} == set(PLACES[8:])


@pytest.mark.parametrize(("changes", "words"), [
    ({"new": {"share": 0.3, "column": "late"}}, "either column or share"),
    ({"new": {"share": 0.01}}, "none of the 10 documents are new"),
    ({"chunk": {"words": 10, "overlap": 10}}, "overlap must be smaller"),
])
def test_what_cannot_be_marked_or_cut_is_named(quiz_file, changes, words):
    with pytest.raises(HarnessError, match=words):
        load_task(quiz_file(**changes))


def test_a_question_on_no_document_of_the_corpus_is_named(quiz_file, tmp_path):
    (tmp_path / "corpus" / "Oakham.txt").unlink()
    with pytest.raises(HarnessError, match="no document 'Oakham'"):
        load_task(quiz_file())


def test_passages_are_cut_again_when_code_changes_and_named_by_what_they_hold(
        quiz_file, monkeypatch):
    suite = quiz_file()
    before = load_corpus(suite, suite.suite.task.corpus)
    monkeypatch.setattr(corpora, "provenance", lambda *_: Provenance("other code", {}))
    again = load_corpus(suite, suite.suite.task.corpus)
    assert again.folder != before.folder
    assert again.sha256 == before.sha256
    monkeypatch.setattr(corpora, "chunks", lambda text, chunk: [text[:10]])
    monkeypatch.setattr(corpora, "provenance", lambda *_: Provenance("newer code", {}))
    assert load_corpus(suite, suite.suite.task.corpus).sha256 != before.sha256


def test_a_folder_of_tables_is_a_corpus_and_its_texts_come_first(tmp_path):
    pd.DataFrame({"text": ["one", "two"]}).to_csv(tmp_path / "a.csv", index=False)
    pd.DataFrame({"text": ["three"]}).to_parquet(tmp_path / "b.parquet")
    documents, _ = read_documents(tmp_path, Corpus(source={"file": "."}))
    assert [document.text for document in documents] == ["one", "two", "three"]
    (tmp_path / "c.txt").write_text("four")
    (only,) = read_documents(tmp_path, Corpus(source={"file": "."}))[0]
    assert (only.id, only.text) == ("c", "four")


def test_the_same_documents_are_cut_in_another_way(quiz_file):
    """As if the suite had said so; what is kept is read again."""
    corpus = load_task(quiz_file()).corpus
    assert corpus.cut(None) is corpus
    assert corpus.cut(corpus.chunk) is corpus
    shorter = corpus.cut(Chunk(words=8, overlap=3))
    said = load_task(quiz_file(chunk={"words": 8, "overlap": 3})).corpus
    assert shorter.passages().equals(said.passages())
    assert shorter.facts == said.facts
    assert shorter.facts.passages > corpus.facts.passages
    assert corpus.cut(Chunk(words=8, overlap=3)) == shorter
