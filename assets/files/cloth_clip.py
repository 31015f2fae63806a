"""A clip of simulated garments in a file: a header, then one block of points a frame.

The file is `MAGIC`, the header's length as a little-endian uint32, the header as UTF-8 JSON, zeros up to a multiple of
64 bytes, then for each frame, in little-endian float32: the body's pose (22 quaternions xyzw, 3 of the root [m]), and
the points of all garments one after another [m], z up.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dressform.schemas.documents import is_number, parse_json
from dressform.schemas.errors import InputError

from .safetensors_file import is_texts

MAGIC = b"DFCLOTH1"
SCHEMA = "dressform/cloth-clip/1"
SUFFIX = ".cloth"
_ALIGNED = 64
_POSE = 22 * 4 + 3  # numbers of a pose
_LARGEST_HEADER = 1 << 20  # [bytes]
_FPS = (1.0, 240.0)  # as videos have them
_FARTHEST = 1e5  # [m]; beyond, single precision holds no centimetre
_UNIT = 1e-3  # how far the length of a quaternion may be from 1
_ALIKE = 0.002  # bodies whose measures differ by less are the same [m, kg]
_CURE = "make it again with `dressform simulate`"


class ClothFrame(NamedTuple):
    """One frame of a clip.

    Attributes:
        rotations: float32 [22, 4] xyzw of the body's pose.
        root: float32 [3] of the body's pose [m].
        garments: float32 [V, 3] of each garment [m].
    """

    rotations: NDArray[np.float32]
    root: NDArray[np.float32]
    garments: list[NDArray[np.float32]]


@dataclass(frozen=True)
class WornInClip:
    """One garment of a clip.

    Attributes:
        name: The template.
        version: "X.Y.Z".
        digest: sha256 of its template.json.
        size: Which size is worn.
        points: How many points it has.
    """

    name: str
    version: str
    digest: str
    size: str
    points: int


@dataclass(frozen=True)
class ClothClip:
    """A clip on disk; frames are read one at a time.

    Attributes:
        path: The file.
        fps: Frames per second.
        frames: How many.
        garments: In layer order.
        about: What else its header says: motion, solver, and the body's family and measures [m, kg].
    """

    path: Path
    fps: float
    frames: int
    garments: tuple[WornInClip, ...]
    about: Mapping[str, Any]
    _start: int

    def check(self, worn: Sequence[tuple[str, str, int]], measures: Mapping[str, float]) -> None:
        """Raise InputError unless it was simulated in what is worn now, on a body like the one that wears it.

        Args:
            worn: Name, size and number of points of each garment, in layer order.
            measures: Of the body [m, kg].
        """
        shown = [(garment.name, garment.size, garment.points) for garment in self.garments]
        if shown != list(worn):
            needed, given = (", ".join(f"{name}:{size} ({n} points)" for name, size, n in on) for on in (shown, worn))
            raise InputError(f"{self.path}: needed {needed}, found {given or 'nothing'}; wear what was simulated")
        simulated = self.about.get("measures", {})
        if any(abs(simulated.get(name, 0.0) - value) > _ALIKE for name, value in measures.items()):
            raise InputError(f"{self.path} was simulated on another body; simulate it for this avatar")

    def frame(self, number: int) -> ClothFrame:
        """Return one frame, counted from 0."""
        if not 0 <= number < self.frames:
            raise InputError(f"{self.path} has frames 0 to {self.frames - 1}, not {number}; {_CURE} for longer")
        counts = [garment.points for garment in self.garments]
        size = frame_size(counts)
        with self.path.open("rb") as file:
            file.seek(self._start + number * size)
            data = file.read(size)
        if len(data) != size:
            raise InputError(f"{self.path} ends within frame {number}; {_CURE}")
        values = np.frombuffer(data, "<f4").astype(np.float32)
        rotations, root = values[: _POSE - 3].reshape(-1, 4), values[_POSE - 3 : _POSE]
        points = values[_POSE:].reshape(-1, 3)
        fault = _fault(rotations, values[_POSE - 3 :])
        if fault:
            raise InputError(f"{self.path}: frame {number} holds {fault}; {_CURE}")
        return ClothFrame(rotations, root, np.split(points, np.cumsum(counts)[:-1]))

    def __iter__(self) -> Iterator[ClothFrame]:
        return (self.frame(number) for number in range(self.frames))


def clip_header(fps: float, frames: int, garments: tuple[WornInClip, ...], about: Mapping[str, Any]) -> bytes:
    """Return the bytes before the first frame."""
    worn = [vars(garment) for garment in garments]
    document = {**about, "schema": SCHEMA, "fps": float(fps), "frames": frames, "garments": worn}
    text = json.dumps(document, sort_keys=True, ensure_ascii=False, allow_nan=False).encode()
    head = MAGIC + struct.pack("<I", len(text)) + text
    return head + bytes(-len(head) % _ALIGNED)


def frame_bytes(frame: ClothFrame) -> bytes:
    """Return one frame as the file holds it."""
    parts = [frame.rotations.reshape(-1), frame.root, *(points.reshape(-1) for points in frame.garments)]
    return np.concatenate(parts).astype("<f4").tobytes()


def frame_size(counts: Sequence[int]) -> int:
    """Return the bytes of a frame whose garments have these many points."""
    return 4 * (_POSE + 3 * sum(counts))


def read_clip(path: Path) -> ClothClip:
    """Open a clip.

    Raises:
        InputError: When the file is absent, no clip, damaged or unfinished.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            magic, length = file.read(len(MAGIC)), file.read(4)
            if magic != MAGIC or len(length) != 4:
                raise InputError(f"{path}: needed a clip of simulated cloth, found another kind of file; {_CURE}")
            count = struct.unpack("<I", length)[0]
            text = file.read(count) if count <= _LARGEST_HEADER else b""
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); {_CURE}") from None
    document = parse_json(text, f"{path} (header)")
    try:
        garments = tuple(_worn(entry) for entry in document["garments"])
        fps, frames, schema = document["fps"], _whole(document["frames"]), document["schema"]
    except KeyError as error:
        raise InputError(f"{path}: its header is damaged ({error} is missing); {_CURE}") from None
    except TypeError:
        raise InputError(f"{path}: its header is damaged (a value is of another type); {_CURE}") from None
    sound = schema == SCHEMA and garments and is_number(fps) and _FPS[0] <= fps <= _FPS[1] and frames >= 1
    if not sound or min(garment.points for garment in garments) < 1 or not _are_measures(document.get("measures", {})):
        raise InputError(f"{path}: its header does not describe a clip of {SCHEMA}; {_CURE}")
    start = -(-(len(MAGIC) + 4 + len(text)) // _ALIGNED) * _ALIGNED
    wanted = start + frames * frame_size([garment.points for garment in garments])
    if size != wanted:
        raise InputError(f"{path}: needed {wanted} bytes for {frames} frames, found {size}; {_CURE}")
    about = {key: value for key, value in document.items() if key not in ("schema", "fps", "frames", "garments")}
    return ClothClip(path, float(fps), frames, garments, about, start)


def _worn(entry: Mapping[str, Any]) -> WornInClip:
    texts = [entry[key] for key in ("name", "version", "digest", "size")]
    if not is_texts(texts):
        raise TypeError("a garment's name, version, digest and size must be texts")
    name, version, digest, size = texts
    return WornInClip(name, version, digest, size, _whole(entry["points"]))


def _whole(value: object) -> int:
    """Return a JSON value that is a whole number, and not true or false."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError("frames and points must be whole numbers")
    return value


def _are_measures(value: object) -> bool:
    return isinstance(value, dict) and all(map(is_number, value.values()))


def _fault(rotations: NDArray[np.float32], places: NDArray[np.float32]) -> str:
    """Return what is wrong with a frame's quaternions [22, 4] and its places [m], "" for a sound one."""
    if not (np.isfinite(rotations).all() and np.isfinite(places).all()):
        return "what is not a number"
    if np.abs(np.linalg.norm(rotations, axis=1) - 1).max() > _UNIT:
        return "a rotation that is no quaternion of length 1"
    if np.abs(places).max() > _FARTHEST:
        return f"a place farther than {_FARTHEST / 1e3:g} km away"
    return ""
