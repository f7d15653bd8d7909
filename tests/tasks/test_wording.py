"""How answers are read: numbers, single letters and every script; SQuAD's own by name."""

import re
import string
import unicodedata
from collections import Counter

import pytest
import regex
import yaml
from hypothesis import given
from hypothesis import strategies as st
from quiz import quiz_dict, write_quiz
from rouge_score.rouge_scorer import RougeScorer

from harness.common.errors import HarnessError
from harness.suite import load_suite
from harness.tasks.answers import (
    SCORES,
    answer_recall,
    exact_match,
    rouge_1,
    rouge_2,
    rouge_l,
    token_f1,
)
from harness.tasks.task import load_task
from harness.tasks.wording import WORDINGS

UNICODE, SQUAD = WORDINGS["unicode"], WORDINGS["squad"]
ROUGE = {"rouge1": rouge_1, "rouge2": rouge_2, "rougeL": rouge_l}
BY_WORDS = (exact_match, token_f1, answer_recall)
OF_ITSELF = tuple(score for name, score in SCORES.items() if name != "rouge_2")
"""A text of one word has no pair of words to share."""
LETTERS = st.text(st.sampled_from("abcdeht ABT 'the' an a .,-!?()\"/&\n"), max_size=40)
ENGLISH = st.lists(st.sampled_from([
    "the", "a", "An", "cat", "Cats,", "well-known", "it's", "and/or", "running", "(relational)",
    "\"x\"", "B."]), max_size=9).map(" ".join)


@pytest.mark.parametrize(("one", "other"), [
    ("1.5", "15"), ("-5", "5"), ("−5", "5"), ("1/2", "12"), ("½", "12"), ("1½", "11/2"),
    ("3,5", "35"), (".5", "5"), ("10:30", "1030"), ("10^5", "105"), ("5²", "52"), ("1e-5", "1e5"),
    ("2024-01-05", "20240105"), ("5'11", "511"), ("answer:-5", "answer: 5"), ("(-5)", "(5)"),
    ("-$5", "$5"), ("$5", "€5"), ("5%", "5"), ("<5", ">5"), ("90°", "90"), ("１．５", "15"),
    ("٣٫٥", "35"), ("1.234,5", "12345"), ("C++", "C"), ("C#", "C"), ("A+", "A"), ("😀", "😢"),
    ("A", "An"), ("A", ""), ("The", ""), ("?", ""), ("…", ""), ("Vitamin A", "vitamin"),
    ("(5)(1)", "51"), ("A, B", "B"), ("2^n", "2n"), ("Москва 2024", "Париж 2024"),
    ("气温-5度", "气温5度"), ("x-y", "x y"),
])
def test_what_differs_is_not_equal(one, other):
    """Cases answer-is-article and numbers-lose-points, and their kin."""
    assert exact_match(one, [other]) == exact_match(other, [one]) == 0
    assert exact_match(one, [one]) == exact_match(other, [other]) == 1
    if one != "x-y":
        assert rouge_l(one, [other]) < 1


@pytest.mark.parametrize(("one", "other"), [
    ("3,000", "3000"), ("1,00,000", "100000"), ("3,000, too", "3000 too"), ("+5", "5"),
    ("-5", "−5"), (".5", "0.5"), ("5.", "5"), ("$5", "$ 5"), ("１５", "15"), ("١٥", "15"),
    ("10–12", "10-12"), ("1939-1945", "1939–1945"), ("东京。", "东京"), ("«Ida»", "Ida"),
    ("Ida’s", "Ida's"), ("“Ida”", "Ida"), ("Ida、Bob", "Ida, Bob"), ("乔治·华盛顿", "乔治华盛顿"),
    ("ﾊﾞｽ", "バス"), ("e\u0301te\u0301", "ÉTÉ"), ("STRASSE", "Straße"), ("ΕΛΛΆΣ", "Ελλάς"),
    ("می\u200cخواهم", "میخواهم"), ("The Cat!", "a cat"), ("the A", "A"), ("A.", "a"),
    ("`Ida`", "**Ida**"), ("well-known", "well‐known"), ("अंत।", "अंत"), ("¿Ida?", "Ida"),
])
def test_what_is_the_same_is_equal(one, other):
    """Case cjk-checks, and its kin in other scripts."""
    assert [score(one, [other]) for score in BY_WORDS] == [1, 1, 1]


def test_silence_is_right_nowhere():
    """Case answer-is-article."""
    for reference in ("A", "An", "The", "-", "?", "0", "的", "😀"):
        assert {score("", [reference]) for score in SCORES.values()} == {0.0}
        assert {score(reference, [reference]) for score in OF_ITSELF} == {1.0}


def test_rouge_reads_all_letters():
    """Case rouge-nonlatin: rouge-score by itself sees Latin letters and digits alone."""
    assert rouge_l("синий", ["синий"]) == 1
    assert rouge_l("Париж 2024", ["Москва 2024"]) == pytest.approx(0.5)
    assert rouge_l("那座里昂的红塔", ["里昂的红塔"]) == pytest.approx(2 * 5 / 12)


@pytest.mark.parametrize(("answer", "reference", "words", "pairs"), [
    ("Премьер ушёл в отставку", "премьер подал в отставку!", 3 / 4, 1 / 3),
    ("总理今天辞职。", "总理昨天辞职", 5 / 6, 3 / 5),
    ("Der Müller fährt über Straßen", "Der Müller fuhr über Straßen.", 4 / 5, 2 / 4),
    ("นายก", "นายก", 1.0, 1.0),
])
def test_rouge_of_texts_that_rouge_score_by_itself_loses(answer, reference, words, pairs):
    """Texts of one length, so that F is the share of the words, or pairs, that both have."""
    assert rouge_1(answer, [reference]) == pytest.approx(words)
    assert rouge_2(answer, [reference]) == pytest.approx(pairs)
    theirs = RougeScorer(["rouge2"], use_stemmer=True).score(reference, answer)["rouge2"].fmeasure
    assert theirs != pytest.approx(pairs)


def test_characters_are_words_where_there_are_no_spaces():
    """Case cjk-checks."""
    given, wanted = "那座里昂的红塔", ["里昂的红塔"]
    assert token_f1(given, wanted) == pytest.approx(2 * 5 / 12)
    assert answer_recall(given, wanted) == 1
    assert exact_match(f"{wanted[0]}。", wanted) == 1


def mixed_segmentation(text):
    """As CMRC 2018 and MLQA cut lower-case Chinese; other words stand between white space here."""
    found, kept = [], ""
    for sign in text.lower():
        if re.match("[一-龥]", sign) or sign in string.punctuation:
            found += kept.split()
            kept = ""
            found += [] if sign in string.punctuation else [sign]
        else:
            kept += sign
    return found + kept.split()


@given(st.lists(st.sampled_from(["东京", "塔", "ab ", " word, ", "里昂", " B2 ", "!"]), max_size=8)
       .map("".join))
def test_chinese_is_cut_as_multilingual_scripts_cut_it(text):
    assert UNICODE.whole(text) == (mixed_segmentation(text) or text.split())


@given(st.one_of(st.text(max_size=40), st.text(
    st.sampled_from("aAthe15 .,-+/$%#'’(e)：，·^_"), max_size=12)))
def test_reading_again_changes_nothing_and_no_letter_is_lost(text):
    whole = UNICODE.whole(text)
    assert UNICODE.whole(" ".join(whole)) == whole
    letters = [c for c in text if c.isalpha()]
    assert bool(whole) or not letters
    assert sum(map(str.isalpha, "".join(whole))) >= len(letters) - text.count("ͅ")


@given(st.text(max_size=30).filter(str.strip))
def test_an_answer_equals_itself_and_stands_in_itself(text):
    if UNICODE.whole(text):
        assert [score(text, [text]) for score in OF_ITSELF] == pytest.approx([1] * len(OF_ITSELF))
        assert UNICODE.held(text, UNICODE.place(f"xx {text} yy")) or not text.isalnum()


@given(LETTERS)
def test_english_words_are_squad_s_but_for_articles_before_a_letter_or_the_end(text):
    articles = {"a", "an", "the"}
    ours = [word for word in UNICODE.words(text) if word not in articles]
    assert ours == SQUAD.words(text) or not SQUAD.words(text)


@given(ENGLISH, ENGLISH)
def test_rouge_of_english_without_numbers_is_rouge_score_s(answer, reference):
    theirs = RougeScorer(list(ROUGE), use_stemmer=True).score(reference, answer)
    for wording in WORDINGS.values():
        for name, score in ROUGE.items():
            assert score(answer, [reference], wording) == pytest.approx(theirs[name].fmeasure)


@given(*[st.text(st.characters(max_codepoint=127), max_size=60)] * 2)
def test_rouge_of_all_ascii_by_squad_is_rouge_score_s(answer, reference):
    theirs = RougeScorer(list(ROUGE), use_stemmer=True).score(reference, answer)
    for name, score in ROUGE.items():
        assert score(answer, [reference], SQUAD) == pytest.approx(theirs[name].fmeasure)


def test_an_answer_stands_in_a_passage():
    passage = UNICODE.place("Hepatitis A is a disease; it costs $1.5 a day, says Ida’s book.")
    for answer in ("hepatitis A", "the disease", "1.5", "$1.5", "Ida's book", "A DISEASE"):
        assert UNICODE.held(answer, passage), answer
    for answer in ("hepatitis B", "15", "Ida"):
        assert not UNICODE.held(answer, passage), answer
    assert UNICODE.held("里昂的红塔", UNICODE.place("那座里昂的红塔。"))


# The official script of SQuAD 2.0, written again: lower, punctuation, articles, white space.
def squad_normalize(text):
    kept = "".join(c for c in text.lower() if c not in set(string.punctuation))
    return " ".join(re.compile(r"\b(a|an|the)\b", re.UNICODE).sub(" ", kept).split())


def squad_f1(gold, given):
    wanted, found = squad_normalize(gold).split(), squad_normalize(given).split()
    same = sum((Counter(wanted) & Counter(found)).values())
    if not wanted or not found:
        return int(wanted == found)
    if same == 0:
        return 0
    precision, recall = same / len(found), same / len(wanted)
    return 2 * precision * recall / (precision + recall)


@given(st.one_of(LETTERS, st.text(max_size=30)), st.one_of(LETTERS, st.text(max_size=30)))
def test_squad_by_name_is_squad_s_script(answer, reference):
    assert exact_match(answer, [reference], SQUAD) == (
        squad_normalize(answer) == squad_normalize(reference))
    assert token_f1(answer, [reference], SQUAD) == pytest.approx(squad_f1(reference, answer))


def test_a_suite_says_how_answers_are_read_and_its_hash_holds_it(
        tmp_path, monkeypatch, encoder_folder, decoder_folder):
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    write_quiz(tmp_path)
    suite, path = quiz_dict(encoder_folder, decoder_folder), tmp_path / "quiz.yaml"

    def load(**fields):
        path.write_text(yaml.safe_dump(suite | {"task": suite["task"] | fields}))
        return load_task(load_suite(path))

    usual, named, squad = load(), load(answers="unicode"), load(answers="squad")
    assert usual.wording == named.wording == UNICODE
    assert squad.wording == SQUAD
    assert usual.sha256 == named.sha256 != squad.sha256
    with pytest.raises(HarnessError, match="answers"):
        load(answers="sqad")


def test_only_answers_in_words_are_read(suite_file):
    suite = yaml.safe_load(suite_file.read_text())
    suite["task"]["answers"] = "squad"
    suite_file.write_text(yaml.safe_dump(suite))
    with pytest.raises(HarnessError, match="only a task of kind generation is answered in words"):
        load_suite(suite_file)


def letters(text):
    """By hand: each letter with its marks, of a script without spaces."""
    return regex.findall(r"\P{M}\p{M}*", unicodedata.normalize("NFD", text))


@pytest.mark.parametrize(("answer", "reference", "split"), [
    ("在北京大学", "北京大学", letters), ("東京都", "東京", letters),
    ("กรุงเทพฯ", "กรุงเทพ", letters), ("ที่เชียงใหม่", "เชียงใหม่", letters),
    ("в городе Москва", "город Москва", str.split),
    ("Пётр Великий", "Пётр", str.split), ("في مدينة القاهرة", "مدينة القاهرة", str.split),
    ("جمال عبد الناصر", "عبد الناصر", str.split)])
def test_token_f1_of_other_scripts_is_that_of_words_counted_by_hand(answer, reference, split):
    given, wanted = (split(text.lower()) for text in (answer, reference))
    shared = sum(min(given.count(word), wanted.count(word)) for word in set(wanted))
    precision, recall = shared / len(given), shared / len(wanted)
    assert token_f1(answer, [reference]) == pytest.approx(
        2 * precision * recall / (precision + recall))
    assert exact_match(answer, [reference]) == 0


@pytest.mark.parametrize(("one", "other"), [
    ("北京。", "北京"), ("「東京」", "東京"), ("กรุงเทพมหานคร ", "กรุงเทพมหานคร"), ("๑๙๔๕", "1945"),
    ("«Москва»", "москва"), ("МОСКВА!", "Москва"), ("القاهرة؟", "القاهرة"), ("مُحَمَّد", "محمد"),
    ("محمـــد", "محمد"), ("١٩٤٥", "1945"), ("שָׁלוֹם", "שלום")])
def test_what_is_one_answer_in_its_script_is_equal(one, other):
    assert exact_match(one, [other]) == exact_match(other, [one]) == 1


@pytest.mark.parametrize(("one", "other"), [
    ("北京", "南京"), ("สี", "สี่"), ("ใกล้", "ไกล"), ("все", "всё"), ("أحمد", "أحمر"), ("мир", "миф")])
def test_what_is_another_answer_in_its_script_is_not(one, other):
    assert exact_match(one, [other]) == 0
