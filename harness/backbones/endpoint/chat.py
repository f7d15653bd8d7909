"""A prompt as a conversation, and the request that puts it to a server.

The words are those that a model on this machine is asked (`prompting.prompts`); what is around them
is the server's own chat template.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from harness.backbones.endpoint.endpoint import Endpoint
from harness.backbones.prompting.templates import Frame
from harness.backbones.prompting.texts import Parts, Quoted
from harness.suite import Template
from harness.suite.endpoint import Answers

Message = Mapping[str, str]
USER, MODEL = "\x00user\x00", "\x00assistant\x00"
"""Where a turn of either begins: no text holds it, for none may hold the letter 0."""
ROLES = {USER: "user", MODEL: "assistant"}
CHAT = Frame(USER, MODEL, (MODEL, USER))


def frame_for(template: Template) -> Frame:
    """What stands around the words: `plain` leaves worked examples in the user's own."""
    return Frame(USER, MODEL) if template == "plain" else CHAT


def messages(prompt: Parts) -> list[Message]:
    """The turns of a prompt that was written in such a frame, without the one that is to come."""
    turns: list[tuple[str, list[str]]] = []
    for part in prompt:
        if part in ROLES and not isinstance(part, Quoted):
            turns.append((ROLES[part], []))
        elif turns:
            turns[-1][1].append(part)
    return [{"role": role, "content": "".join(said).strip()} for role, said in turns[:-1]]


def words_of(conversation: Sequence[Message]) -> str:
    """All that is said."""
    return "\n\n".join(message["content"] for message in conversation)


def body(endpoint: Endpoint, conversation: Sequence[Message], most: int,
         options: Sequence[str] = ()) -> dict[str, Any]:
    """The request: an answer of at most so many tokens, one of the options where there are any."""
    asked: dict[str, Any] = {"model": endpoint.said.model, "messages": list(conversation),
                             "temperature": 0, "max_tokens": most}
    if options:
        asked["response_format"] = FORMATS[endpoint.said.answers](schema(options))
        if endpoint.said.top_logprobs:
            asked |= {"logprobs": True, "top_logprobs": endpoint.said.top_logprobs}
    if endpoint.said.stream:
        asked |= {"stream": True, "stream_options": {"include_usage": True}}
    said = asked | endpoint.said.request
    return {name: value for name, value in said.items() if value is not None}


def schema(options: Sequence[str]) -> dict[str, Any]:
    """Of a JSON object whose `answer` is one of the options."""
    return {"type": "object", "properties": {"answer": {"type": "string", "enum": list(options)}},
            "required": ["answer"], "additionalProperties": False}


FORMATS: Mapping[Answers, Callable[[dict[str, Any]], dict[str, Any] | None]] = {
    "schema": lambda schema: {"type": "json_schema", "json_schema": {
        "name": "answer", "strict": True, "schema": schema}},
    "object": lambda schema: {"type": "json_object", "schema": schema},
    "text": lambda schema: None}
"""How an answer is held to a schema."""
