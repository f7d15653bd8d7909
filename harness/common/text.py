"""Text from strangers: made fit for people, and told when it is the same."""

import re
import unicodedata

PATH = re.compile(r"(?<![\w.:/~])~?/[^\s'\",:;()<>]+")
REORDERING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Controls that show text in another order than it has."""
UNSEEN = re.compile("[\u00ad\u034f\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff]")
"""Signs that show nothing wherever they stand. Joiners and variation selectors are not among them:
with them a word is written otherwise."""
IOTA_BELOW = re.compile("[\u0345\u1f80-\u1fff]")
"""The one mark whose case folds to a letter, and what may hold it: equivalents fold to equivalents
only where it stands apart, in its order."""
BLANKS = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters and symbols whose picture is empty."""
WHOLE = re.compile(r"-?(0)\.0+|(-?[1-9][0-9]*)\.0+")


def excerpt(text: str, length: int) -> str:
    """At most `length` characters, and a mark where there were more."""
    text = text.encode("utf-8", "replace").decode()  # a lone surrogate is not text
    return text if len(text) <= length else f"{text[:length]}…"


def without_folders(text: str) -> str:
    """Absolute paths cut down to their last name: a record names no folder of a machine."""
    return PATH.sub(lambda path: path[0].rstrip("/").rpartition("/")[2], text)


def plain(text: str) -> str:
    """Without the control characters that terminals obey and XML forbids."""
    if text.isprintable():
        return text
    return "".join("\ufffd" if c in REORDERING or (
        c not in "\n\t" and unicodedata.category(c) in ("Cc", "Cs", "Co", "Cn")) else c
        for c in text)


def blank(text: str) -> bool:
    """Whether nothing of it can be seen: white space, control and format characters, and marks
    that have no letter to stand on."""
    return all(c in BLANKS or unicodedata.category(c)[0] in "ZM"
               or unicodedata.category(c) in ("Cc", "Cf") for c in text)


def folded(text: str) -> str:
    """In one Unicode form, with case and white space folded: canonical caseless matching (The
    Unicode Standard, section 3.13, D145), so that a letter with its accent in one character is the
    same as in two.

    Compatibility forms, such as full-width letters, stay what they are: they look otherwise.
    """
    if text.isascii():
        return " ".join(text.lower().split())
    if IOTA_BELOW.search(text):
        text = unicodedata.normalize("NFD", text)
    return " ".join(unicodedata.normalize("NFC", text.casefold()).split())


def tidy_lines(text: str) -> str:
    """Its lines that hold something, each with single spaces and none around it."""
    lines = (" ".join(line.split()) for line in text.splitlines())
    return "\n".join(line for line in lines if not blank(line))


def value_key(cell: str) -> str:
    """What cells have in common that name one value: in one Unicode form (NFC), without outer white
    space and signs that show nothing, and a whole number without its decimal point.

    Programs write a column of whole numbers with points ("2.0") where a cell is missing. "007" is
    not "7", and "1.10" not "1.1": these may be names.
    """
    key = cell.strip()
    if not key.isascii():
        key = unicodedata.normalize("NFC", UNSEEN.sub("", key)).strip()
    whole = WHOLE.fullmatch(key)
    return (whole[1] or whole[2]) if whole else key
