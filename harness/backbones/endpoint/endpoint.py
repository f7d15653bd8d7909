"""An endpoint of a suite: what determines its answers, and the key that it asks for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from harness.backbones.handle import Handle
from harness.common.capabilities import ASKED
from harness.common.errors import HarnessError
from harness.common.files import sha256_json
from harness.common.kinds import BackboneKind
from harness.common.text import without_folders
from harness.suite import LoadedSuite
from harness.suite.endpoint import EndpointFields

MAY_CHANGE = ("answered by an endpoint: what its model's weights are, and whether they stay the "
              "same, is not known here")
NETWORK = "latency is what a client waits, the network and the server's queue in it"


@dataclass(frozen=True)
class Endpoint:
    """A backbone that answers elsewhere."""

    name: str
    said: EndpointFields
    like: Handle | None = None
    """The model on this machine that texts for it are cut as; None where a suite has none that
    answers a prompt."""

    @property
    def kind(self) -> BackboneKind:
        return self.said.kind

    @property
    def sha256(self) -> str:
        """Of all that may change an answer, as far as it is known here."""
        said = self.said
        cut_as = self.like.sha256 if self.like else None
        more = said.model_dump(include={"top_logprobs", "stream", "serve"}, exclude_defaults=True)
        return sha256_json([said.endpoint, said.model, said.answers, said.request, cut_as,
                            *([more] if more else [])])

    @property
    def origin(self) -> str:
        """For people."""
        return f"{without_folders(self.said.model)} at {self.said.host}"

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of its numbers must know."""
        return MAY_CHANGE, NETWORK


def measured_by(handles: Iterable[Handle]) -> Handle | None:
    """The first of a suite's models here that answers a prompt: its tokens are what all texts for
    endpoints are measured in, so that both are given the same words."""
    return next((handle for handle in handles if handle.kind in ASKED), None)


def get_endpoint(loaded: LoadedSuite, name: str, like: Handle | None) -> Endpoint:
    """An endpoint of a suite."""
    said = loaded.suite.endpoints[name]
    return Endpoint(name, EndpointFields.model_validate(
        said.model_dump(include=set(EndpointFields.model_fields))), like)


def check_key(loaded: LoadedSuite, endpoint: Endpoint) -> None:
    """Raise HarnessError, with the suite's line, where the key is not in the environment."""
    try:
        key_of(endpoint.said)
    except HarnessError as error:
        raise loaded.error(("backbones", endpoint.name, "key_from"), error.found,
                           error.fix) from None


def key_of(said: EndpointFields) -> str | None:
    """The key to send. Raises HarnessError where one is asked for and not there."""
    if said.key_from and said.key is None:
        raise HarnessError(f"the environment variable {said.key_from} holds no key",
                           f"Set it: `export {said.key_from}=…`.")
    return said.key
