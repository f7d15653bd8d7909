"""What all parts of a suite share: strictness, names, and a choice by name."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
NAME = r"^[a-z0-9][a-z0-9._+-]{0,63}$"
Name = Annotated[str, Field(pattern=NAME)]


class Part(BaseModel):
    """A part of a suite: unknown fields are errors, numbers are finite, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Choice(Part):
    """A registered thing by name with its options: `full`, or `lora: {r: 16}`."""

    name: str
    options: dict[str, Any] | str = {}

    @model_validator(mode="before")
    @classmethod
    def _from_yaml(cls, value: Any) -> Any:
        if isinstance(value, str):
            return {"name": value}
        if isinstance(value, dict) and len(value) == 1:
            name, options = next(iter(value.items()))
            if options is None or isinstance(options, dict | str):
                return {"name": name, "options": options or {}}
        if isinstance(value, dict) and set(value) <= {"name", "options"} and "name" in value:
            return value
        raise ValueError("give a name, or one name with its options (`name: {option: value}`)")
