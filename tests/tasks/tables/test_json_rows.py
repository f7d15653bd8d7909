"""JSON as people have it: objects a line, or in a list."""

import json
from itertools import product

import pytest

from harness.common.errors import HarnessError
from harness.tasks.tables.columns import read_columns

ROWS = [{"text": "a\nb", "label": 1}, {"text": None, "label": True},
        {"text": "\u2028", "label": []}]
READ = [("a\nb", "1"), ("", "True"), ("\u2028", "[]")]


@pytest.mark.parametrize(("name", "encoding"), [
    *product(["data.json", "data.jsonl", "data.ndjson"], ["utf-8", "utf-8-sig", "utf-16"]),
    ("data", "utf-8"), ("data", "utf-8-sig")])
@pytest.mark.parametrize("indent", [None, 2])
def test_a_list_of_objects_is_a_table_whatever_its_name(tmp_path, name, encoding, indent):
    path = tmp_path / name
    path.write_bytes(("\n " + json.dumps(ROWS, indent=indent)).encode(encoding))
    assert list(read_columns(path, ("text", "label"))) == READ
    path.write_bytes("\r\n".join(map(json.dumps, ROWS)).encode(encoding))
    assert list(read_columns(path, ("text", "label"))) == READ


@pytest.mark.parametrize(("content", "found"), [
    ("[1]", "object 1 of the list: not an object"),
    ('[{"text": 1}', "line 1"), ('[{"text": 1}]\n[{"text": 2}]', "Extra data: line 2"),
    ('{\n"text": 1\n}', "line 1: "),
    ('{"text": 1}\n{"text": 2, "text": 3}', "line 2: 'text' stands"),
    ('{"data": [{"text": 1}]}', r"no column 'text' \(it has data\)"),
    ("[" * 100_000, "nested too deep"), ("[]", "holds no rows"), ("", "holds no rows")])
def test_what_is_no_table_is_said_with_its_line(tmp_path, content, found):
    path = tmp_path / "data.json"
    path.write_text(content)
    with pytest.raises(HarnessError, match=found) as error:
        list(read_columns(path, ("text",)))
    assert "header" not in error.value.fix
