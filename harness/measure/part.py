"""What all parts of a record have in common."""

from pydantic import BaseModel, ConfigDict


class RecordPart(BaseModel):
    """A typed part of a record. A figure that could not be measured is None, with a reason."""

    model_config = ConfigDict(extra="forbid", frozen=True, ser_json_inf_nan="strings")
