"""TF-IDF's terms: scikit-learn's own where words have spaces, and something for every text; and
neighbours by compression."""

import dataclasses
import gzip
import json
import random
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer

from harness.backbones.encoding.features import FeatureStore
from harness.common.clock import Clock
from harness.common.errors import CannotRunError
from harness.common.text import folded
from harness.methods.compressed import Gzip, distances, neighbour_votes
from harness.methods.floors import CharTfidf, Tfidf
from harness.methods.job import Job
from harness.methods.method import METHODS
from harness.tasks.examples import Example
from harness.tasks.splits import Splits
from harness.tasks.task import load_task


@pytest.fixture
def fit(loaded, device):
    """A floor fitted on texts of two classes, and its accuracy on others."""
    def make(train, test, floor=Tfidf, **options):
        task = load_task(loaded)
        parts = [tuple(Example(f"{i:016x}", text, None, label, str(i), {})
                       for i, (text, label) in enumerate(part)) for part in (train, test)]
        task = dataclasses.replace(task, labels=("first", "last"), options=("first", "last"),
                                   splits=Splits(parts[0], parts[0], parts[1]))
        job = Job(task, parts[0], parts[0], loaded.suite.budget, 0, device, Clock(),
                  FeatureStore(None))
        method = floor(options)
        setting = method.settings(job)[0]
        fitted = method.fit(job, setting).fitted
        chosen = fitted.predict(parts[1], Clock()).argmax(axis=1)
        return fitted, float(np.mean(chosen == [e.label for e in parts[1]])), (method, job, setting)
    return make


def drawn(words, apart, glue, seed, count=60):
    """Texts of common words with one that tells the class."""
    draw = random.Random(seed)
    return [(glue.join(draw.sample([*draw.choices(words, k=20), *draw.choices(apart[i % 2], k=3)],
                                   k=23)), i % 2) for i in range(count)]


@pytest.mark.parametrize(("floor", "least"), [(Tfidf, 1.0), (CharTfidf, 0.95)])
@pytest.mark.parametrize(("words", "apart", "glue"), [
    ("的一是了我不在人有这中大上个和", ("桃李梨杏", "铁铜锡铅"), ""),
    ("กขฃคฅฆงจฉช", ("ซฌญฎ", "ธนบป"), ""),
    ("+-*/", ("abc", "xyz"), " "),
    (["the answer", "is"], ("ab", "cd"), " "),
    ("123", (["😀", "🎉"], ["😢", "💔"]), " "),
])
def test_letters_and_signs_that_tell_a_class_are_seen(fit, words, apart, glue, floor, least,
                                                        tmp_path):
    """Cases cjk-classes (it was as good as the majority) and tfidf-no-words (it failed)."""
    fitted, right, (method, job, setting) = fit(
        drawn(words, apart, glue, 1), drawn(words, apart, glue, 2, 30), floor)
    assert right >= least
    fitted.save(tmp_path)
    again = method.load(job, setting, tmp_path)
    assert (again.predict(job.task.splits.test, Clock())
            == fitted.predict(job.task.splits.test, Clock())).all()


@pytest.mark.parametrize("text", ["\u200b", "'", "'s", "\x01", "_", "x", "。"])
@pytest.mark.parametrize("floor", [Tfidf, CharTfidf])
def test_no_text_is_without_a_term(fit, text, floor):
    fitted, _, _ = fit([(text, 0), (text * 2, 1)] * 4, [(text, 0)], floor)
    assert fitted.parameters[0] > 0


def test_terms_that_are_all_too_rare_are_an_error_that_says_so(fit):
    with pytest.raises(CannotRunError, match="no term stands in 5 of the training texts"):
        fit([("one text", 0), ("another here", 1)], [("one", 0)], min_count=5)


@given(st.lists(st.text(st.sampled_from("ab cd ef é0 12,.!\n"), max_size=30).map(
    lambda text: f"word {text} end"), min_size=2, max_size=5))
def test_english_terms_are_scikit_learn_s_and_single_letters(texts):
    theirs = TfidfVectorizer(ngram_range=(1, 2)).build_analyzer()
    ours = Tfidf({})._vectorizer().build_analyzer()
    for text in texts:
        more = ours(text)
        for term in theirs(text):
            more.remove(term)
        assert all(len(term) == 1 or not any(map(str.isalnum, term)) for term in more)


@given(st.lists(st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), min_size=2,
                        max_size=20), min_size=2, max_size=5))
def test_han_terms_are_scikit_learn_s_characters_and_pairs(texts):
    theirs = TfidfVectorizer(analyzer="char", ngram_range=(1, 2), sublinear_tf=True)
    ours = Tfidf({})._vectorizer()
    expected, found = theirs.fit_transform(texts).toarray(), ours.fit_transform(texts).toarray()
    columns = [theirs.vocabulary_[term.replace(" ", "")] for term in ours.get_feature_names_out()]
    assert np.allclose(found, expected[:, columns])
    assert found.shape == expected.shape


@given(st.lists(st.text(st.sampled_from("aB é\u0301ж ,."), max_size=20).map(
    lambda text: f"word {text} end"), min_size=2, max_size=5))
def test_runs_of_characters_are_scikit_learn_s_of_folded_texts(texts):
    theirs = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True)
    assert np.allclose(theirs.fit_transform([folded(text) for text in texts]).toarray(),
                       CharTfidf({})._vectorizer().fit_transform(texts).toarray())


def test_the_rarest_runs_of_characters_are_left_out(fit):
    texts = [("common common common", 0), ("common rare", 1)] * 3
    fitted, _, _ = fit(texts, [("common", 0)], CharTfidf, most=5)
    assert len(fitted.vectorizer.vocabulary_) == 5
    assert not any("r" in run for run in fitted.vectorizer.vocabulary_)


@given(st.lists(st.binary(max_size=60), min_size=1, max_size=4),
       st.lists(st.binary(max_size=60), min_size=1, max_size=4))
def test_distances_are_the_paper_s_formula(asked, known):
    found = distances(asked, known)
    for i, x in enumerate(asked):
        for j, y in enumerate(known):
            one, other, both = (len(gzip.compress(t)) for t in (x, y, x + b" " + y))
            assert found[i, j] == (both - min(one, other)) / max(one, other)


@given(st.data())
def test_the_most_votes_win_and_of_equals_the_nearest(data):
    k, classes = data.draw(st.integers(1, 12)), data.draw(st.integers(1, 4))
    labels = data.draw(st.lists(st.integers(0, classes - 1), min_size=k, max_size=k))
    shares = np.array(data.draw(st.lists(st.floats(0.01, 1), min_size=classes,
                                         max_size=classes)))
    shares /= shares.sum()
    found = neighbour_votes(np.vstack([np.eye(classes)[labels], shares]))
    assert found.sum() == pytest.approx(1)
    assert (found > 0).all()
    counts = Counter(labels)
    best = max(counts.values())
    assert found.argmax() == next(label for label in labels if counts[label] == best)


def test_two_neighbours_that_disagree_are_one_answer(fit):
    """The nearer one's, not whichever is right, as in the paper's own script with k = 2."""
    fitted, right, _ = fit([("the cat sat on the mat again", 0), ("quarterly iron prices", 1)],
                           [("the cat sat on the mat", 0), ("the cat sat on a mat", 1)], Gzip)
    assert fitted.k == 2
    assert right == 0.5


@pytest.mark.parametrize(("words", "apart", "glue"), [
    ("的一是了我不在人有这中大上个和", ("桃李梨杏", "铁铜锡铅"), ""),
    (["the", "answer", "is"], (["apple", "pear"], ["copper", "zinc"]), " ")])
def test_texts_alike_compress_together_and_are_kept_whole(fit, words, apart, glue, tmp_path):
    fitted, right, (method, job, setting) = fit(
        drawn(words, apart, glue, 1), drawn(words, apart, glue, 2, 30), Gzip)
    assert right > 0.8
    fitted.save(tmp_path)
    again = method.load(dataclasses.replace(job, train=()), setting, tmp_path)
    test = job.task.splits.test
    assert (again.predict(test, Clock()) == fitted.predict(test, Clock())).all()


def test_fewer_texts_than_neighbours_all_vote(fit):
    fitted, _, (_, job, _) = fit([("one", 0), ("two", 1)], [("one", 0)], Gzip)
    many = dataclasses.replace(fitted, k=16)
    assert (many.predict(job.task.splits.test, Clock())
            == fitted.predict(job.task.splits.test, Clock())).all()


def test_neighbours_that_an_earlier_build_saved_are_read(tmp_path):
    """Their classes had another name."""
    has = [[True, False], [False, True]]
    (tmp_path / "texts.json").write_text(json.dumps({"texts": ["a b", "c d"], "classes": has}))
    found = METHODS["gzip"]({}).load(None, {"k": 1}, tmp_path)
    assert found.targets.tolist() == has
    found.save(tmp_path)
    assert METHODS["gzip"]({}).load(None, {"k": 1}, tmp_path).targets.tolist() == has
