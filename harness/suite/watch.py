"""How far a day's texts and answers may be from the approved run's before somebody is called."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from harness.suite.part import Part

Share = Annotated[float, Field(ge=0, le=1)]


class Watch(Part):
    """The policy. A test finds drift where it is significant and the change is at least as large as
    said here: a limit of size can only silence, so the level holds whatever the limits are."""

    level: float = Field(0.05, gt=0, lt=0.5)
    """The chance that a day on which nothing changed is called drift by any of its tests."""
    told_apart_from: float = Field(0.6, ge=0.5, le=1)
    """Area under the curve of a classifier that tells the day's texts from the approved run's."""
    answers_moved_from: Share = 0.1
    """Total variation between the classes answered then and now; of several classes an item the
    largest change of a class's share, of numbers and words the largest gap between the cumulative
    shares."""
    beyond_window_rise_from: Share = 0.1
    """Rise of the share of texts that are longer than what is read of them."""
    sizes_moved_from: Share = 0.2
    """Largest gap between the cumulative shares of pictures by their number of pixels."""
    brightness_moved_from: Share = 0.2
    """The same of pictures by how bright they are in the mean."""
    estimated_drop_from: Share = 0.05
    """How far the share right that confidence tells lies below the approved run's."""
    empty_at_most: Share = 0.01
    """Share of the rows."""
    unreadable_at_most: Share = 0.01
    """Share of the rows whose file is no picture."""
    duplicates_at_most: Share = 0.2
    """Share of the rows whose text or picture stands in the table before."""
    drop_at_most: Share = 0.05
    """Of labelled items: how far the share right may lie below the approved figure."""
    items: int = Field(50, ge=10)
    """With fewer different items nothing is said of a day."""
