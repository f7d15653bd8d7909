"""Where sentences end."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.common.sentences import sentences


@pytest.mark.parametrize(("text", "found"), [
    ("He left. She came! Why? Nobody", ["He left.", "She came!", "Why?", "Nobody"]),
    ('Mr. Sodje said: "I left." Then J. K. Rowling came.',
     ['Mr. Sodje said: "I left."', "Then J. K. Rowling came."]),
    ("U.S. troops left the U.K. today. It cost 3.5 m. or so.",
     ["U.S. troops left the U.K. today.", "It cost 3.5 m. or so."]),
    ("Title\nThe text \n\n goes on", ["Title", "The text", "goes on"]),
    ("他走了。她来了！“好。”然后", ["他走了。", "她来了！", "“好。”", "然后"]),
    ("Он ушёл. Она пришла.", ["Он ушёл.", "Она пришла."]),
    ("Sie kam, z. B. Er ging nicht.", ["Sie kam, z. B. Er ging nicht."]),
    ("वह गया। वह आया।", ["वह गया।", "वह आया।"]),
    ("no end here. and so on", ["no end here. and so on"]), ("", []), (" \n ", [])])
def test_sentences_end_where_their_script_ends_them(text, found):
    assert sentences(text) == found


@given(st.one_of(st.text(max_size=60), st.text(st.sampled_from("ab A.!?。 \n\"”'"), max_size=40)))
def test_nothing_but_white_space_is_lost(text):
    assert "".join("".join(sentences(text)).split()) == "".join(text.split())
