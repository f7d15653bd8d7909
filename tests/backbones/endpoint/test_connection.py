"""Requests to an endpoint: what is tried again, what is given up, what is kept."""

import itertools
import json
import time

import pytest
from served import Said, completion, question, serving

from harness.backbones.endpoint import connection
from harness.backbones.endpoint.connection import Connection, seconds_asked, waiting
from harness.backbones.endpoint.endpoint import Endpoint
from harness.common.errors import CannotRunError, HarnessError
from harness.suite.endpoint import EndpointFields


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(connection, "FIRST_WAIT", 0.01)


def connect(server, kept=None, **said):
    fields = EndpointFields(endpoint=server.address, model="m", **said)
    return Connection(Endpoint("big", fields), kept)


def asking(*questions):
    return [{"model": "m", "messages": [{"role": "user", "content": text}]} for text in questions]


def echo(body):
    return completion(question(body).upper())


def test_answers_come_in_the_order_of_the_questions_however_long_each_takes():
    def answer(body):
        time.sleep(0.1 if question(body) == "q0" else 0.0)
        return echo(body)

    with serving(answer) as server:
        replies = connect(server).ask(asking(*(f"q{i}" for i in range(20))))
    assert [reply.text for reply in replies] == [f"Q{i}" for i in range(20)]
    assert all((reply.read, reply.written) == (10, 2) and reply.seconds > 0 for reply in replies)


@pytest.mark.parametrize("at_once", [1, 3])
def test_no_more_requests_are_under_way_than_the_suite_allows(at_once):
    def answer(body):
        time.sleep(0.02)
        return echo(body)

    with serving(answer) as server:
        connect(server, at_once=at_once).ask(asking(*map(str, range(12))))
    assert server.most_at_once == at_once


def test_requests_begin_no_faster_than_the_suite_allows():
    with serving(echo) as server:
        start = time.monotonic()
        connect(server, per_minute=600).ask(asking(*map(str, range(6))))
    assert time.monotonic() - start >= 0.5  # five gaps of a tenth of a second


@pytest.mark.parametrize("failure", [
    Said(b"{}", 500), Said(b"busy", 429, {"retry-after": "0"}), Said(b"", 503),
    Said(b'{"choices": [{"mess'), Said(b"<html>hello</html>"), Said(b"{}"),
    Said(b'{"choices": []}'), Said(b"\xff\xfe\x00")])
def test_what_may_pass_is_tried_again(failure):
    turns = itertools.count()

    def answer(body):
        return echo(body) if next(turns) >= 2 else failure

    with serving(answer) as server:
        reply, = connect(server).ask(asking("q"))
    assert reply.text == "Q"
    assert len(server.asked) == 3


@pytest.mark.parametrize(("failure", "why", "tries"), [
    (Said(json.dumps({"error": {"message": "no such model"}}).encode(), 404),
     "m at 127.0.0.1 answered HTTP 404: 'no such model'", 1),
    (Said(b"who are you", 401), "m at 127.0.0.1 answered HTTP 401: 'who are you'", 1),
    (Said(json.dumps({"detail": "unsupported: response_format"}).encode(), 422),
     "m at 127.0.0.1 answered HTTP 422: 'unsupported: response_format'", 1),
    (Said(b"", 307, {"location": "http://203.0.113.1/v1"}),
     "m at 127.0.0.1 answered HTTP 307: it sends elsewhere, and no redirect is followed; name the "
     "address itself", 1),
    (Said(b"\x1b[2Jboom\n", 500),
     "m at 127.0.0.1 answered HTTP 500: '[2Jboom', after 6 tries", 6),
    (Said(b"slow down", 429, {"retry-after": "3600"}),
     "m at 127.0.0.1 answered HTTP 429: 'slow down', after 1 try", 1),
    (completion("", "length"), "m at 127.0.0.1 spent all tokens of an answer before it said "
     "anything: raise `max_tokens` under `request`", 1),
    (Said(b"x" * (5 * 2**20)), "m at 127.0.0.1 sends more than 4,194,304 bytes for one answer", 1),
])
def test_an_item_that_stays_unanswered_fails_with_the_reason(failure, why, tries):
    with serving(lambda body: failure) as server, pytest.raises(CannotRunError) as caught:
        connect(server).ask(asking("q"))
    assert caught.value.found == why
    assert len(server.asked) == tries


@pytest.mark.parametrize("never_ends", [
    Said(b"x" * 100, pieces=100, pause=0.05), Said(b"x", pause=3.0)])
def test_a_server_that_never_ends_is_left(never_ends, monkeypatch):
    monkeypatch.setattr(connection, "TRIES", 2)
    with serving(lambda body: never_ends) as server, pytest.raises(CannotRunError) as caught:
        connect(server, timeout_seconds=0.2).ask(asking("q"))
    assert caught.value.found == ("m at 127.0.0.1 gave no whole answer within 0.2 s, after 2 tries")


def test_nothing_that_listens_is_said_so(monkeypatch):
    monkeypatch.setattr(connection, "TRIES", 2)
    with serving(echo) as server:
        pass
    with pytest.raises(CannotRunError, match="could not be reached: ConnectError, after 2 tries"):
        connect(server).ask(asking("q"))


def test_one_failure_ends_the_others_and_what_was_answered_is_kept(tmp_path):
    def answer(body):
        return Said(b"no", 400) if question(body) == "q5" else echo(body)

    questions = asking(*(f"q{i}" for i in range(100)))
    with serving(answer) as server:
        broken = connect(server, tmp_path, at_once=2)
        with pytest.raises(CannotRunError, match="HTTP 400"):
            broken.ask(questions)
        assert len(server.asked) < 20
        assert broken.is_kept(questions[0])
        assert not broken.is_kept(questions[5])


def test_what_was_answered_is_not_asked_again(tmp_path):
    with serving(echo) as server:
        first = connect(server, tmp_path).ask(asking("a", "b"))
        again = connect(server, tmp_path).ask(asking("b", "a", "c"))
        assert [question(body) for body in server.asked[2:]] == ["c"]
        assert again[:2] == first[::-1]
        connect(server).ask(asking("a"))
        assert len(server.asked) == 4


def test_a_kept_answer_that_is_damaged_is_asked_again(tmp_path):
    with serving(echo) as server:
        connect(server, tmp_path).ask(asking("a"))
        path, = tmp_path.rglob("*.json")
        path.write_text('{"text": ')
        assert connect(server, tmp_path).ask(asking("a"))[0].text == "A"
        assert len(server.asked) == 2


def test_the_key_is_sent_and_kept_nowhere(tmp_path, monkeypatch):
    monkeypatch.setenv("A_KEY", "s3cret")
    with serving(lambda body: Said(b"no", 400)) as server:
        with pytest.raises(CannotRunError) as caught:
            connect(server, tmp_path, key_from="A_KEY").ask(asking("q"))
        assert server.headers[0]["authorization"] == "Bearer s3cret"
    assert "s3cret" not in str(caught.value)
    with serving(echo) as server:
        connect(server, tmp_path, key_from="A_KEY").ask(asking("q"))
    assert not any("s3cret" in path.read_text() for path in tmp_path.rglob("*") if path.is_file())


def test_without_its_key_nothing_is_sent(monkeypatch):
    monkeypatch.delenv("A_KEY", raising=False)
    with serving(echo) as server:
        with pytest.raises(HarnessError, match="A_KEY holds no key"):
            connect(server, key_from="A_KEY").ask(asking("q"))
        assert not server.asked


def test_what_is_kept_needs_no_key(tmp_path, monkeypatch):
    monkeypatch.setenv("A_KEY", "s3cret")
    with serving(echo) as server:
        first = connect(server, tmp_path, key_from="A_KEY").ask(asking("q"))
        monkeypatch.delenv("A_KEY")
        assert connect(server, tmp_path, key_from="A_KEY").ask(asking("q")) == first
        with pytest.raises(HarnessError, match="A_KEY holds no key"):
            connect(server, tmp_path, key_from="A_KEY").ask(asking("q", "other"))


def test_a_refusal_is_an_answer():
    with serving(lambda body: completion(None, refusal="I cannot")) as server:
        reply, = connect(server).ask(asking("q"))
    assert reply.text == ""


@pytest.mark.parametrize(("header", "seconds"), [
    (None, None), ("", None), ("7", 7.0), ("0.5", 0.5), ("-3", 0.0),
    ("Wed, 21 Oct 2026 07:28:00 GMT", None)])
def test_what_a_server_asks_to_wait(header, seconds):
    assert seconds_asked(header) == seconds


def test_waits_grow_and_end(monkeypatch):
    monkeypatch.setattr(connection, "FIRST_WAIT", 0.5)
    for tried in range(1, 12):
        most = min(60.0, 0.5 * 2 ** (tried - 1))
        assert most / 2 <= waiting(tried, None) <= most
    assert waiting(1, 7.0) == 7.0


def test_together_is_several_times_as_fast_as_one_by_one():
    def answer(body):
        time.sleep(0.02)
        return echo(body)

    seconds = {}
    with serving(answer) as server:
        for at_once in (1, 8):
            start = time.monotonic()
            connect(server, at_once=at_once).ask(asking(*(f"{at_once}:{i}" for i in range(64))))
            seconds[at_once] = time.monotonic() - start
    assert seconds[1] > 3 * seconds[8]
