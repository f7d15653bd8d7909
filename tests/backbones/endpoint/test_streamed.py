"""Answers that are sent piece by piece."""

import itertools
import json

import pytest
from served import Said, completion, question, serving, streamed

from harness.backbones.endpoint import connection
from harness.backbones.endpoint.chat import body
from harness.backbones.endpoint.connection import Connection
from harness.backbones.endpoint.endpoint import Endpoint
from harness.backbones.endpoint.reply import SpentError
from harness.backbones.endpoint.streamed import Stream
from harness.common.errors import CannotRunError
from harness.suite.endpoint import EndpointFields


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(connection, "FIRST_WAIT", 0.01)


def ask(server, text="hello", **said):
    endpoint = Endpoint("big", EndpointFields(endpoint=server.address, model="m", stream=True,
                                              **said))
    asked = body(endpoint, [{"role": "user", "content": text}], 8)
    return Connection(endpoint, None).ask([asked])[0]


def test_the_pieces_are_the_answer_and_its_first_is_timed():
    with serving(lambda asked: streamed(question(asked)[::-1], pieces=4, pause=0.05)) as server:
        reply = ask(server, "a longer question, ärger")
    assert reply.text == "regrä ,noitseuq regnol a"
    assert (reply.read, reply.written) == (10, 2)
    assert 0.0 < reply.first < reply.seconds
    assert server.asked[0]["stream"] is True
    assert server.asked[0]["stream_options"] == {"include_usage": True}


def test_a_server_that_does_not_stream_is_read_as_ever():
    with serving(lambda asked: completion("whole")) as server:
        reply = ask(server)
    assert (reply.text, reply.first) == ("whole", None)


@pytest.mark.parametrize("failure", [
    streamed("never at an end", end=False), Said(b'data: {"error": {"message": "full"}}\n\n'),
    Said(b"data: [DONE]\n\n"), Said(b"data: {nonsense\n\n")])
def test_what_breaks_off_is_asked_again_and_is_never_an_answer(failure):
    turns = itertools.count()
    with serving(lambda asked: streamed("fine") if next(turns) else failure) as server:
        assert ask(server).text == "fine"
    assert len(server.asked) == 2
    with serving(lambda asked: failure) as server, pytest.raises(CannotRunError):
        ask(server)
    assert len(server.asked) == connection.TRIES


@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_events_are_read_however_their_bytes_are_cut(size):
    stream, said = Stream(0.0), streamed("täuschend").content.replace(b"\n", b"\r\n")
    for start in range(0, len(said), size):
        stream.take(said[start:start + size])
    assert stream.reply(1.0).text == "täuschend"


def test_one_that_spends_its_tokens_on_thoughts_has_not_answered():
    stream = Stream(0.0)
    chunk = {"choices": [{"delta": {"content": ""}, "finish_reason": "length"}]}
    stream.take(f"data: {json.dumps(chunk)}\n\ndata: [DONE]\n".encode())
    with pytest.raises(SpentError):
        stream.reply(1.0)
