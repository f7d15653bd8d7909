"""A picture among the items: what is known of it without its pixels, and where they are."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from harness.common.errors import HarnessError
from harness.inputs.picture_store import PictureStore, open_store, stores
from harness.inputs.picture_time import part


@dataclass(frozen=True)
class Picture:
    """A picture that was read once and is kept. Pickled without its pixels."""

    identity: str
    """Of what it shows: the sha256 over size and decoded pixels."""
    perceptual: int
    """64 bits, which few differ in of pictures that look alike."""
    name: str
    """What people know it by: its path in the data, or its row."""
    width: int
    height: int
    store: str
    """Names the store that keeps it (`picture_store.store_folder`)."""

    @property
    def id(self) -> str:
        """Of the item that it is: the first 16 hex digits of its identity."""
        return self.identity[:16]

    def pixels(self) -> np.ndarray:
        """RGB, [height, width, 3] uint8. Raises HarnessError where it is not kept any more."""
        with part("decode"):
            return _opened(self.store).pixels(self.identity)


@lru_cache(maxsize=8)
def _opened(name: str) -> PictureStore:
    """Mapped once a process."""
    found = open_store(stores() / name)
    if found is None:
        raise HarnessError(f"{stores() / name}: the prepared pictures are not there any more",
                           "Run the command again: they are prepared anew.")
    return found
