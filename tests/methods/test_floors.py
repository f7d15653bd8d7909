"""TF-IDF's terms: scikit-learn's own where words have spaces, and something for every text."""

import dataclasses
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer

from harness.backbones.features import FeatureStore
from harness.common.clock import Clock
from harness.common.errors import CannotRunError
from harness.methods.floors import Tfidf
from harness.methods.method import Job
from harness.tasks.examples import Example
from harness.tasks.splits import Splits
from harness.tasks.task import load_task


@pytest.fixture
def fit(loaded, device):
    """TF-IDF fitted on texts of two classes, and its accuracy on others."""
    def make(train, test, **options):
        task = load_task(loaded)
        parts = [tuple(Example(f"{i:016x}", text, None, label, str(i), {})
                       for i, (text, label) in enumerate(part)) for part in (train, test)]
        task = dataclasses.replace(task, labels=("first", "last"), options=("first", "last"),
                                   splits=Splits(parts[0], parts[0], parts[1]))
        job = Job(task, parts[0], parts[0], loaded.suite.budget, 0, device, Clock(),
                  FeatureStore(None))
        method = Tfidf(options)
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


@pytest.mark.parametrize(("words", "apart", "glue"), [
    ("的一是了我不在人有这中大上个和", ("桃李梨杏", "铁铜锡铅"), ""),
    ("กขฃคฅฆงจฉช", ("ซฌญฎ", "ธนบป"), ""),
    ("+-*/", ("abc", "xyz"), " "),
    (["the answer", "is"], ("ab", "cd"), " "),
    ("123", (["😀", "🎉"], ["😢", "💔"]), " "),
])
def test_letters_and_signs_that_tell_a_class_are_seen(fit, words, apart, glue, tmp_path):
    """Cases cjk-classes (it was as good as the majority) and tfidf-no-words (it failed)."""
    fitted, right, (method, job, setting) = fit(
        drawn(words, apart, glue, 1), drawn(words, apart, glue, 2, 30))
    assert right == 1.0
    fitted.save(tmp_path)
    again = method.load(job, setting, tmp_path)
    assert (again.predict(job.task.splits.test, Clock())
            == fitted.predict(job.task.splits.test, Clock())).all()


@pytest.mark.parametrize("text", ["\u200b", "'", "'s", "\x01", "_", "x", "。"])
def test_no_text_is_without_a_term(fit, text):
    fitted, _, _ = fit([(text, 0), (text * 2, 1)] * 4, [(text, 0)])
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
