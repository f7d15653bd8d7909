"""A small catalogue with data in the layout of the real one."""

import gzip
import json
from contextlib import contextmanager

import pyarrow as pa
import pytest
import yaml

from harness.forgetting import catalogue as room

WORDS = ["apple", "pear", "iron", "copper", "brass", "bronze", "tin", "lead", "melon", "steel"]


def arrow(folder, rows):
    folder.mkdir(parents=True)
    table = pa.Table.from_pylist(rows)
    with pa.OSFile(str(folder / "data.arrow"), "wb") as file, pa.ipc.new_stream(
            file, table.schema) as stream:
        stream.write_table(table)


def word(i):
    return WORDS[i % len(WORDS)]


@pytest.fixture(scope="session")
def punkt_folder(tmp_path_factory):
    """NLTK's English sentence splitter that knows no abbreviations, as `punkt_tab` lies."""
    folder = tmp_path_factory.mktemp("nltk")
    english = folder / "tokenizers" / "punkt_tab" / "english"
    english.mkdir(parents=True)
    for name in ("abbrev_types.txt", "collocations.tab", "ortho_context.tab", "sent_starters.txt"):
        (english / name).write_text("")
    return folder


@pytest.fixture(scope="session")
def catalogue_file(tmp_path_factory, punkt_folder):
    """ARC, WinoGrande, LAMBADA, questions without choices and two subjects of MMLU in 24 rows each,
    the instructions that ship; one probe."""
    folder = tmp_path_factory.mktemp("catalogue")
    data = folder / "general"
    arrow(data / "arc/validation", [
        {"id": str(i), "question": f"which is a {word(i)}?", "answerKey": "AB"[i % 2],
         "choices": {"text": [f"old {word(i)}", f"old {word(i + 3)} and {word(i)}"],
                     "label": ["A", "B"]}} for i in range(24)])
    arrow(data / "wino/validation", [
        {"sentence": f"the {word(i)} hit the {word(i + 1)} so _ broke.", "option1": word(i),
         "option2": word(i + 1), "answer": str(1 + i % 2)} for i in range(24)])
    arrow(data / "nq/validation", [
        {"question": f"what is a {word(i)}", "answer": [word(i), f"an old {word(i)}"]}
        for i in range(24)])
    arrow(data / "trivia/validation", [
        {"question": f"what is a {word(i)}?", "answer": {"aliases": [word(i), word(i + 1)]}}
        for i in range(24)])
    for subject in ("anatomy", "astronomy"):
        for split in ("dev", "test"):
            arrow(data / "mmlu" / subject / split, [
                {"question": f"{subject} {word(i)}?", "subject": subject, "answer": i % 4,
                 "choices": [word(i + k) for k in range(4)]} for i in range(12)])
    with gzip.open(data / "lambada.gz", "wt") as file:
        for i in range(48):
            document = {"id": i // 2, "query": f"the {word(i // 2)} and {word(i // 2 + 2)} of the",
                        "choices": [f"very {word(i // 2)}"]}
            file.write(json.dumps({"doc": document}) + "\n")
    arrow(data / "pairs", [{"a": f"old {word(i)}", "b": f"new {word(i + i % 2)}", "label": i % 2}
                           for i in range(40)])
    whole = yaml.safe_load(room.SHIPPED.read_text())
    content = {
        "source": {"file": str(data)}, "passages": "lambada_openai",
        "benchmarks": {
            "arc_easy": {"definition": "arc", "data": "arc", "splits": ["validation"]},
            "winogrande": {"definition": "winogrande", "data": "wino", "splits": ["validation"]},
            "nq_open": {"definition": "nq_open", "data": "nq", "splits": ["validation"],
                        "tokens": 8},
            "triviaqa": {"definition": "triviaqa", "data": "trivia", "splits": ["validation"],
                         "tokens": 8},
            "ifeval": {**whole["benchmarks"]["ifeval"], "nltk": {"file": str(punkt_folder)},
                       "tokens": 12},
            "mmlu": {**whole["benchmarks"]["mmlu"], "data": "mmlu"},
            "lambada_openai": {**whole["benchmarks"]["lambada_openai"], "data": "lambada.gz"}},
        "probes": {"pairs": {"data": "pairs", "columns": ["a", "b"], "classes": ["no", "yes"]}},
    }
    path = folder / "catalogue.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


@contextmanager
def shipped(path):
    """The catalogue of the file in place of the one that ships."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(room, "SHIPPED", path)
        room.catalogue.cache_clear()
        yield room.catalogue()
    room.catalogue.cache_clear()


@pytest.fixture
def small_catalogue(catalogue_file):
    with shipped(catalogue_file) as found:
        yield found
