"""The time of day, as files have it."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> str:
    """UTC, ISO 8601, in seconds."""
    return datetime.now(UTC).replace(microsecond=0).isoformat()
