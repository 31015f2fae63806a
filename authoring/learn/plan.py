"""What a set of samples consists of: bodies, sizes and poses, drawn from a seed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

import numpy as np

from dressform.schemas.errors import UsageError

Split = Literal["train", "poses", "bodies", "outside"]
SPLITS: tuple[Split, ...] = get_args(Split)


@dataclass(frozen=True)
class Group:
    """The poses of one body in one size.

    Attributes:
        split: What they are for: training, or judging on unseen poses, unseen bodies inside the trained span, or bodies
            outside it.
        body: The body's name, unique for its shape.
        shape: Its shape parameters.
        size: The garment's size.
        poses: How many.
    """

    split: Split
    body: str
    shape: Mapping[str, float]
    size: str
    poses: int

    @property
    def key(self) -> str:
        """A name for files: letters, digits, dots and dashes."""
        return f"{self.split}.{file_name(self.body)}.{self.size}"

    def sample_id(self, index: int) -> str:
        """Name one of its samples."""
        return f"{self.key}.{index:03d}"

    def __post_init__(self) -> None:
        if self.split not in SPLITS:
            raise UsageError(f"plan: there is no split {self.split!r}; use one of {', '.join(SPLITS)}")
        if self.poses < 1:
            raise UsageError(f"plan: {self.body} in {self.size} needs at least 1 pose, got {self.poses}")


def file_name(body: str) -> str:
    """Return a body's name as names of files have it."""
    return body.replace(" ", "-")


@dataclass(frozen=True)
class Plan:
    """Which samples a set holds; the same plan gives the same samples, on any number of workers.

    Attributes:
        domain: What the set is for. Sets of different domains never draw the same random numbers, whatever their
            seeds: a benchmark's poses cannot turn up in a training.
        seed: Not negative.
        groups: What is simulated.
    """

    domain: str
    seed: int
    groups: tuple[Group, ...]

    def __post_init__(self) -> None:
        if self.seed < 0:
            raise UsageError(f"plan: the seed must not be negative, got {self.seed}")
        if not self.groups:
            raise UsageError("plan: at least one group of samples is needed, found none")
        keys = [group.key for group in self.groups]
        if len(set(keys)) < len(keys):
            twice = next(key for key in keys if keys.count(key) > 1)
            raise UsageError(f"plan: the group {twice} is there twice; add up their poses")
        shapes: dict[str, Mapping[str, float]] = {}
        for group in self.groups:
            if dict(shapes.setdefault(group.body, group.shape)) != dict(group.shape):
                raise UsageError(f"plan: the body {group.body!r} has two shapes; name them apart")

    def __len__(self) -> int:
        return sum(group.poses for group in self.groups)

    def __iter__(self) -> Iterator[tuple[Group, int]]:
        """Yield every sample: its group and its number in it."""
        return ((group, index) for group in self.groups for index in range(group.poses))

    def random(self, group: Group, index: int) -> np.random.Generator:
        """Return the source of random numbers of one sample; it depends on nothing but the sample's own name."""
        text = f"{self.domain}\n{self.seed}\n{group.sample_id(index)}"
        return np.random.default_rng(int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "big"))

    def document(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {"domain": self.domain, "seed": self.seed, "groups": [asdict(group) for group in self.groups]}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Plan:
        """Return the plan of `document`."""
        groups = tuple(Group(**{**group, "shape": dict(group["shape"])}) for group in document["groups"])
        return cls(str(document["domain"]), int(document["seed"]), groups)
