"""Licence files and rules that are not as ScanCode ships them."""

from hypothesis import given
from hypothesis import strategies as st
from strategies import any_text, damaged_bytes, fuzzed, ours
from test_suites import TOKENS

from harness.tasks.ledger import Ledger
from harness.tasks.readers.licensedcode import LicensedcodeOptions, front_matter, read_licensedcode

LICENCE = (b"---\nkey: mit\nname: MIT\ncategory: Permissive\nowner: MIT\n---\n\n"
           b"Permission is granted\n")
RULE = (b"---\nlicense_expression: mit OR gpl-2.0\nis_license_notice: yes\nrelevance: 100\n"
        b"ignorable_urls:\n  - http://a.example\n---\n\nUnder the MIT licence, with no warranty\n")
MARKS = (*TOKENS, b"---\n", b"---", b"\n---\n", b"key:", b"category: [a]\n", b"key: {a: b}\n",
         b"is_license_text: 1\n", b"&a [*a, *a]\n", b"!!python/object:os.system x\n",
         b"!!timestamp x\n", b"!!set {a, b}\n", b"? {a: b}\n: c\n", b"<<: [a]\n", b"\x00", b"\xff")
lines = st.lists(st.one_of(st.sampled_from((
    b"key: mit", b"key:", b"key: 2001-99-99", b"category: Permissive", b"category: 1:99",
    b"license_expression: mit", b"license_expression: [mit]", b"is_license_text: yes",
    b"is_license_notice: .nan", b"is_false_positive: no", b"---", b"--- ", b"&a [*a]", b"")),
    any_text.map(lambda t: t.encode("utf-8", "replace"))), max_size=6).map(b"\n".join)
headed = lines.map(lambda inner: b"---\n" + inner + b"\n---\nsome words of a licence\n")


def licence_files(valid: bytes) -> st.SearchStrategy[bytes]:
    """A file as shipped, damaged, or with a header of odd lines."""
    return st.one_of(st.just(valid), damaged_bytes(valid, tokens=MARKS), headed)


@fuzzed
@given(data=st.one_of(st.binary(max_size=60), headed, damaged_bytes(RULE, tokens=MARKS)))
def test_a_front_matter_is_a_mapping_or_an_error_of_ours(folder, data):
    path = folder / "a.RULE"
    path.write_bytes(data)
    found = ours(front_matter, path)
    if found is not None:
        front, body = found
        assert isinstance(front, dict)
        assert isinstance(body, str)


@fuzzed
@given(licence=licence_files(LICENCE), rule=licence_files(RULE))
def test_a_damaged_licence_gives_rows_of_text_or_an_error_of_ours(folder, licence, rule):
    for name, data in (("licenses/mit.LICENSE", licence), ("rules/mit.RULE", rule),
                       ("licenses/gpl.LICENSE", LICENCE.replace(b"mit", b"gpl-2.0"))):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(data)
    options = LicensedcodeOptions(min_words=1, max_words=50, licence_words=5)
    rows = ours(lambda: list(read_licensedcode(folder, options)))
    for row in rows or ():
        assert all(isinstance(field, str) for field in (row.text, row.label, row.group))
        assert row.slices["kind"] in ("licence", "notice", "text")
    if rows:
        ledger = Ledger()
        for row in rows:
            ledger.add(row, None)
        items, facts = ledger.kept({"Permissive": 0})
        assert facts.kept == len(items) <= facts.rows == len(rows)
