"""An endpoint of a suite: what determines its answers, and where these are kept."""

from __future__ import annotations

from dataclasses import dataclass

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

    @property
    def kind(self) -> BackboneKind:
        return self.said.kind

    @property
    def sha256(self) -> str:
        """Of all that may change an answer, as far as it is known here."""
        said = self.said
        return sha256_json([said.endpoint, said.model, said.answers, said.request])

    @property
    def origin(self) -> str:
        """For people."""
        return f"{without_folders(self.said.model)} at {self.said.host}"

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of its numbers must know."""
        return MAY_CHANGE, NETWORK


def get_endpoint(loaded: LoadedSuite, name: str) -> Endpoint:
    """An endpoint of a suite. Raises HarnessError where its key is not in the environment."""
    said = loaded.suite.endpoints[name]
    if said.key_from and said.key is None:
        raise loaded.error(("backbones", name, "key_from"),
                           f"the environment variable {said.key_from} holds no key",
                           f"Set it: `export {said.key_from}=…`.")
    return Endpoint(name, EndpointFields.model_validate(
        said.model_dump(include=set(EndpointFields.model_fields))))


def key_of(said: EndpointFields) -> str | None:
    """The key to send. Raises HarnessError where one is asked for and not there."""
    if said.key_from and said.key is None:
        raise HarnessError(f"the environment variable {said.key_from} holds no key",
                           f"Set it: `export {said.key_from}=…`.")
    return said.key
