"""How likely each option is, by the log-probabilities of an answer's tokens."""

import itertools
import json
import math

import numpy as np
import pytest

from harness.backbones.endpoint.likelihoods import graded
from harness.backbones.endpoint.reply import Place

OPTIONS = ("Permissive", "Copyleft", "Copyleft Limited", "Public Domain")


class Writer:
    """Writes answers token by token from a table of what may follow: exact probabilities of whole
    answers are products along it."""

    def __init__(self, tokens_of, options, seed):
        self.follows = {}
        draw = np.random.default_rng(seed)
        for option in options:
            for place in itertools.accumulate(tokens_of(option), initial=""):
                self.follows.setdefault(place, [])
            said = ""
            for token in tokens_of(option):
                if token not in self.follows[said]:
                    self.follows[said].append(token)
                said += token
        self.shares = {place: dict(zip(tokens, draw.dirichlet(np.ones(len(tokens))), strict=True))
                       for place, tokens in self.follows.items() if tokens}

    def exact(self, tokens):
        said, share = "", 1.0
        for token in tokens:
            share *= self.shares[said][token]
            said += token
        return share

    def places(self, tokens, most=20):
        said, found = "", []
        for token in tokens:
            likely = sorted(self.shares[said].items(), key=lambda pair: -pair[1])[:most]
            found.append(Place(token=token, logprob=math.log(self.shares[said][token]),
                               top=tuple((t, math.log(p)) for t, p in likely)))
            said += token
        return found


def in_json(option):
    """Two tokens a word: no token begins two of the options but those of the same first word."""
    head, *rest = option.split(" ")
    return ['{"', "answer", '": "', head, *(f" {word}" for word in rest), '"}']


@pytest.mark.parametrize("seed", range(5))
def test_one_path_tells_the_exact_probability_of_what_leaves_it_at_once(seed):
    """All but what shares its first word with the one that was written is exact; along the path of
    the longest, all are."""
    writer = Writer(in_json, OPTIONS, seed)
    wanted = np.array([writer.exact(in_json(option)) for option in OPTIONS])
    assert wanted.sum() == pytest.approx(1.0)
    longest = in_json("Copyleft Limited")
    found = graded("".join(longest), writer.places(longest), OPTIONS)
    assert np.allclose(found.shares, wanted)
    assert found.unsplit == 0.0
    other = in_json("Permissive")
    found = graded("".join(other), writer.places(other), OPTIONS)
    both = wanted[1] + wanted[2]
    assert np.allclose(found.shares, [wanted[0], both / 2, both / 2, wanted[3]])
    assert found.unsplit == pytest.approx(both)


def test_tokens_that_hold_the_quotes_are_cut_where_the_answer_begins():
    options = ("yes", "no")
    tokens = [('{"answer":', {'{"answer":': 1.0}),
              (' "yes', {' "yes': 0.7, ' "no': 0.2, " 1": 0.1}),
              ('"}', {'"}': 0.5, "!": 0.5})]
    places = [Place(token=token, logprob=math.log(likely[token]),
                    top=tuple((t, math.log(p)) for t, p in likely.items()))
              for token, likely in tokens]
    found = graded('{"answer": "yes"}', places, options)
    assert np.allclose(found.shares, [7 / 9, 2 / 9])  # of what is an option


def test_free_text_is_read_whatever_its_case_and_a_longer_option_is_another_one():
    options = ("Copyleft", "Copyleft Limited")
    first = Place(token="copyleft", logprob=math.log(0.8), top=(("copyleft", math.log(0.8)),))
    dot = Place(token=".", logprob=math.log(0.6),
                top=((".", math.log(0.6)), (" limited", math.log(0.3))))
    assert np.allclose(graded("copyleft.", [first, dot], options).shares, [2 / 3, 1 / 3])


def test_an_option_that_no_token_begins_has_what_is_left_and_never_nothing():
    options = ("red", "blue", "green")
    place = Place(token="red", logprob=math.log(0.9),
                  top=(("red", math.log(0.9)), ("blue", math.log(0.06))))
    found = graded("red", [place], options).shares
    assert np.allclose(found, np.array([0.9, 0.06, 0.04]) / 1.0)
    few = Place(token="red", logprob=math.log(0.5), top=(("red", math.log(0.5)),
                                                       ("blue", math.log(0.01))))
    found = graded("red", [few], options).shares  # no more than the least that is listed
    assert np.allclose(found, np.array([0.5, 0.01, 0.01]) / 0.52)


@pytest.mark.parametrize(("text", "places"), [
    ("red", []), ("red", [Place(token="re", logprob=-0.1)]),
    ("who knows", [Place(token="who knows", logprob=-0.1)])])
def test_without_tokens_that_spell_an_option_there_is_nothing_to_tell(text, places):
    assert graded(text, places, ("red", "blue")) is None


def test_letters_that_json_escapes():
    options = ("für", "gegen")
    for text in (json.dumps({"answer": "für"}), json.dumps({"answer": "für"}, ensure_ascii=False)):
        cut = text.index("f")
        places = [Place(token=text[:cut], logprob=0.0),
                  Place(token=text[cut:], logprob=math.log(0.75),
                        top=(("gegen", math.log(0.25)),))]
        assert np.allclose(graded(text, places, options).shares, [0.75, 0.25])
