"""What is printed is what the data says."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st
from rich.table import Table

from harness.common.text import REORDERING, plain
from harness.report.console import make_console


@given(st.text())
def test_only_what_terminals_obey_is_replaced(text):
    expected = "".join(
        "\ufffd" if c in REORDERING or (c not in "\n\t" and unicodedata.category(c) in (
            "Cc", "Cs", "Co", "Cn")) else c for c in text)
    assert plain(text) == expected


def test_a_name_of_data_is_not_a_picture(capsys):
    table = Table("class")
    table.add_row(":bug:")
    console = make_console()
    console.print("of :bug:", table)
    assert capsys.readouterr().out.count(":bug:") == 2
