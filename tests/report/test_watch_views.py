"""What a watch found, in Prometheus's words and people's."""

import re

import pytest
from watched_day import watch_result

from harness.report.watch.prometheus import exposition
from harness.report.watch.watched import WatchFound
from harness.watch.result import Labelled

HOSTILE = 'a"} 1\\\n# TYPE x counter\u2028\r{b="'
NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*"'
SAMPLE = re.compile(rf"({NAME})\{{({LABEL}(?:,{LABEL})*)\}} (\S+)")
VALUE = re.compile(r"[-+]?(\d+(\.\d+)?(e[-+]?\d+)?|Inf)|NaN")


def read(text):
    """By the format's own grammar: families of HELP, TYPE and samples, each name once."""
    families, current = {}, None
    assert text.endswith("\n")
    for line in text[:-1].split("\n"):
        if found := re.fullmatch(rf"# HELP ({NAME}) (.+)", line):
            current = found[1]
            assert current not in families
            families[current] = {}
        elif found := re.fullmatch(rf"# TYPE ({NAME}) (gauge)", line):
            assert found[1] == current
            assert families[current] == {}
        else:
            found = SAMPLE.fullmatch(line)
            assert found, line
            assert found[1] == current
            assert VALUE.fullmatch(found[3]), line
            pairs = re.findall(r'(\w+)="((?:[^"\\\n]|\\["\\n])*)"', found[2])
            key = tuple((name, re.sub(r'\\(["\\n])', lambda m: {"n": "\n"}.get(m[1], m[1]), value))
                        for name, value in pairs)
            assert key not in families[current], "a sample stands there twice"
            families[current][key] = float(found[3].replace("Inf", "inf"))
    assert all(families.values())
    return families


def test_the_text_is_of_the_format_whatever_names_hold():
    found = read(exposition(watch_result(HOSTILE)))
    suite = next(iter(found["harness_watch_rows"]))[0][1]
    assert '"} 1\\\n# TYPE x counter' in suite
    shares = {dict(key)["side"]: value for key, value in
              found["harness_watch_answer_share"].items()}
    assert shares == {"approved": 0.25, "now": 0.5}
    states = {dict(key)["check"]: value for key, value in found["harness_watch_drift"].items()}
    assert states == {"empty": 1.0}  # what was not asked is absent
    assert next(iter(found["harness_watch_timestamp_seconds"].values())) == 1767323045.0


def test_evidence_without_end_is_a_number_of_the_format():
    made = Labelled(unit="items", new=1, known=0, units=1, right=0, share=0, low=0, high=0.8,
                    approved=0.9, approved_low=0.85, approved_high=0.95, least=0.8,
                    evidence=float("inf"), needed=40)
    found = read(exposition(watch_result(HOSTILE, labelled=made)))
    assert list(found["harness_watch_labelled_evidence"].values()) == [float("inf")]


def test_prometheus_itself_reads_it():
    parser = pytest.importorskip("prometheus_client.parser")
    families = list(parser.text_string_to_metric_families(exposition(watch_result(HOSTILE))))
    assert {family.name for family in families} >= {"harness_watch_rows", "harness_watch_drift"}
    assert all(family.type == "gauge" and family.samples for family in families)


def test_the_verdict_names_what_drifted_first():
    found = WatchFound(watch_result(HOSTILE))
    assert found.verdict.startswith("Drift from ")
    assert "share of empty rows: 0.050, wanted <= 0.01" in found.verdict
    assert found.to_pandas()["state"].tolist() == ["drift", "not-asked"]
