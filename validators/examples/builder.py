"""A small sound draft, in parts that an example may break before it is written."""

from __future__ import annotations

import functools
import io
import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dressform.assets.files.garment import GarmentMesh, Material
from dressform.assets.files.glb import Skeleton, write_glb
from dressform.assets.files.rig import Rig
from dressform.assets.files.rig_file import rig_bytes
from dressform.runtime.body.anny_body import load_anny
from dressform.runtime.body.canonical import canonical_rest

STEPS = ("import", "clean", "unwrap", "place", "rig", "preview")


def picture(size: tuple[int, int] = (64, 64), blank: bool = False) -> bytes:
    """Return a striped PNG, or a black one."""
    pixels = np.zeros((size[1], size[0], 3), np.uint8)
    if not blank:
        pixels[:, ::2] = 200
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "png")
    return buffer.getvalue()


@functools.cache
def turntable(turns: bool = True) -> bytes:
    """Return a small video of stripes that wander, or stand still."""
    import av

    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=20, options={"threads": "1"})
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        stripes = np.where(np.arange(64) // 8 % 2, 200, 40).astype(np.uint8)
        for number in range(8):
            line = np.roll(stripes, 2 * number if turns else 0)
            frame = av.VideoFrame.from_ndarray(np.repeat(np.tile(line, (64, 1))[..., None], 3, axis=2), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return buffer.getvalue()


def tube(rings: int = 8, around: int = 16) -> GarmentMesh:
    """An open tube around the torso with a metric, injective unwrap."""
    angle = np.linspace(0, 2 * np.pi, around, endpoint=False)
    height = np.linspace(0.9, 1.4, rings)
    points = np.stack(
        [
            np.tile(0.2 * np.sin(angle), rings),
            np.tile(-0.2 * np.cos(angle), rings),
            np.repeat(height, around),
        ],
        axis=1,
    ).astype(np.float32)
    u = np.linspace(0.05, 0.95, around + 1)
    v = 0.05 + (height - 0.9) * (0.9 / (2 * np.pi * 0.2))
    uv = np.stack([np.tile(u, rings), np.repeat(v, around + 1)], axis=1).astype(np.float32)
    faces, uv_faces = [], []
    for row in range(rings - 1):
        for column in range(around):
            a, b = row * around + column, row * around + (column + 1) % around
            ua = row * (around + 1) + column
            faces += [[a, b, b + around], [a, b + around, a + around]]
            uv_faces += [[ua, ua + 1, ua + around + 2], [ua, ua + around + 2, ua + around + 1]]
    triangles, corners = np.array(faces, np.int32), np.array(uv_faces, np.int32)
    material = Material(base_color_image=picture((256, 256)))
    return GarmentMesh(points, triangles, uv, corners, uv, corners, (material,), np.zeros(len(triangles), np.int32))


def rig_for(mesh: GarmentMesh) -> Rig:
    """Return a rig of two joints, a low one of the spine fading into a high one, bound to nowhere in particular."""
    body, count = load_anny(), len(mesh.points)
    height = mesh.points[:, 2]
    weights = np.zeros((count, 8), np.float32)
    weights[:, 1] = (height - height.min()) / max(float(np.ptp(height)), 1e-6)
    weights[:, 0] = 1 - weights[:, 1]
    indices = np.zeros((count, 8), np.int32)
    indices[:, :2] = [body.joint_names.index("spine04"), body.joint_names.index("spine02")]
    return Rig(
        "anny",
        body.topology_digest,
        tuple(body.joint_names),
        indices,
        weights,
        np.zeros(count, np.int32),
        np.full((count, 3), 1 / 3, np.float32),
        np.zeros((count, 3), np.float32),
        np.zeros(len(body.faces), np.bool_),
    )


@functools.cache
def skeleton() -> Skeleton:
    """Return the joints that rigs for anny name."""
    rest = canonical_rest()
    return Skeleton(rest.body.joint_names, rest.body.joint_parents, rest.joint_poses)


@dataclass
class Parts:
    """What a draft is made of; an example changes one of them.

    Attributes:
        mesh: Of size M.
        rig: For anny.
        manifest: template.json.
        steps: That have run.
        files: Path -> content; instead of, or besides, what is written from the parts.
        reports: What each step reported.
        further: Meshes of other sizes.
        skin: The rig whose weights the garment files hold.
    """

    mesh: GarmentMesh
    rig: Rig
    manifest: dict[str, Any]
    steps: list[str] = field(default_factory=lambda: list(STEPS))
    files: dict[str, bytes] = field(default_factory=dict)
    reports: dict[str, dict[str, Any]] = field(default_factory=dict)
    further: dict[str, GarmentMesh] = field(default_factory=dict)
    skin: Rig | None = None

    def change_mesh(self, **arrays: Any) -> None:
        """Replace arrays of the mesh."""
        self.mesh = replace(self.mesh, **arrays)

    @property
    def atlas(self) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
        """UV1 and its corners."""
        assert self.mesh.uv1 is not None
        assert self.mesh.uv1_faces is not None
        return self.mesh.uv1, self.mesh.uv1_faces

    def change_rig(self, **arrays: Any) -> None:
        """Replace arrays of the rig."""
        self.rig = replace(self.rig, **arrays)

    def write(self, folder: Path) -> Path:
        """Write the draft to a new folder and return it."""
        folder.mkdir(parents=True)
        for size, mesh in {"M": self.mesh, **self.further}.items():
            skin = self.skin if self.skin is not None and len(self.skin.joint_weights) == len(mesh.points) else None
            write_glb(folder / "sizes" / size / "garment.glb", mesh, skin, skeleton())
        # without checks: many examples are rigs that the writer would refuse
        (folder / "rig.anny.safetensors").write_bytes(rig_bytes(self.rig, check_values=False))
        (folder / "template.json").write_text(json.dumps(self.manifest))
        (folder / "steps.json").write_text(
            json.dumps({"steps": [{"step": step, "report": self.reports.get(step, {})} for step in self.steps]})
        )
        for path, content in {"preview.png": picture(), "turntable.mp4": turntable(), **self.files}.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content)
        return folder


def sound_parts() -> Parts:
    """Return the parts of a draft that no rule finds fault with."""
    mesh = tube()
    manifest = {
        "schema": "dressform/draft/1",
        "name": "tube",
        "category": "top",
        "sizes": {"M": {"garment": "sizes/M/garment.glb"}},
        "licence": "CC0-1.0",
        "authors": ["a tailor"],
    }
    rig = rig_for(mesh)
    return Parts(mesh, rig, manifest, skin=rig)
