"""Where sentences of a text end, in any script."""

from __future__ import annotations

import regex

# A letter alone is an initial, and a short word with a capital a title ("J.", "z.", "Mr.").
_END = regex.compile(
    r"(?<=[!?…‽؟۔।॥።។៕]|(?<!\b(?:\p{L}|\p{Lu}\p{Ll}{1,2}))\.)[\p{Pe}\p{Pf}\"'”’]*\s+(?![\p{Ll}\p{Pd}])"
    r"|(?<=[。！？｡])[\p{Pe}\p{Pf}\"'”’]*"
    r"|\s*\n\s*", regex.V1)


def sentences(text: str) -> list[str]:
    """The sentences of a text, in order, without the white space around them.

    One ends with its line, with the full stop of a script that has no spaces, or with other end
    marks before a space and no small letter. A point behind a single letter, or behind a capital
    and one or two small letters, ends none; longer abbreviations are taken for ends.
    """
    starts, found = 0, []
    for end in _END.finditer(text):
        found.append(text[starts:end.end()])
        starts = end.end()
    found.append(text[starts:])
    return [" ".join(sentence.split()) for sentence in found if sentence.strip()]
