"""The rasteriser against PyTorch3D's, pixel by pixel; what PyTorch3D drew is kept, to be compared with later.

`python -m dressform.benchmarks.raster_parity FOLDER` needs both (`make test-pytorch3d` sets them up) and writes
`pytorch3d.json`, the figures, and `pytorch3d.npz`, PyTorch3D's pixels.
"""

from __future__ import annotations

import hashlib
import json
import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dressform.runtime.render.backends.face_map import FaceMap, map_faces
from dressform.runtime.render.frame import Frame

from .raster_scenes import SIDES, WEAR, RasterScene, scenes

# Where a centre is this near to an edge, or this share of the face's height, rounding and convention decide: the kernel
# takes centres up to 1e-5 of the height outside, PyTorch3D none on the edge itself.
EDGE_PX, EDGE_SHARE = 2e-3, 2e-5
TIE = 1e-5  # depths that differ by less of themselves are equal
PLACE_PX, CUT_PLACE_PX = 1e-4, 1e-3  # how far apart barycentrics of a face may lie on the picture: whole, cut by near
QUANTUM = 1.0 / 65535.0  # of barycentrics that are kept
SETTINGS: dict[str, Any] = {
    "blur_radius": 0.0,
    "faces_per_pixel": 1,
    "bin_size": "None: 0, the naive rasteriser, on a CPU",
    "perspective_correct": True,
    "clip_barycentric_coords": False,
    "cull_backfaces": "where back faces are not seen",
    "z_clip_value": "0.01 where a face reaches nearer, else None",
}
# What changes PyTorch3D's pixels, or the measure: after a change of these it has to be asked again.
ASKING = (
    "benchmarks/raster_parity.py",
    "benchmarks/raster_scenes.py",
    "runtime/render/backends/pytorch3d_rasterizer.py",
    "runtime/render/backends/face_map.py",
)
# The rasteriser that was measured; what it draws now is compared in every run of the tests.
MEASURED = (
    "runtime/render/_kernels_raster.py",
    "runtime/render/_kernels_view.py",
    "runtime/render/fragments.py",
    "runtime/render/raster.py",
    "runtime/render/simd/draw_seen.h",
    "runtime/render/simd/raster.h",
)


@dataclass(frozen=True)
class Parity:
    """How two pictures of one scene agree; counts are pixels.

    Attributes:
        seen: Both show the same face.
        empty: Both show nothing.
        edge: They differ, and the centre lies on an edge of a face that one of them shows.
        tie: They differ, and both faces cover the centre at the same depth.
        unexplained: They differ otherwise.
        place_px: How far apart barycentrics lie on the picture at most, where both show the same face [px].
        place_excess: The same over what is allowed; at most 1.
        depth_error: Greatest difference of depths there, as a share of the depth.
        depth_excess: The same over what follows from places as far apart as allowed; at most 1.
    """

    seen: int
    empty: int
    edge: int
    tie: int
    unexplained: int
    place_px: float
    place_excess: float
    depth_error: float
    depth_excess: float


def compare(scene: RasterScene, ours: FaceMap, theirs: FaceMap, *, quantum: float = 0.0) -> Parity:
    """Compare two pictures of one scene.

    Args:
        scene: What was drawn.
        ours: One picture.
        theirs: The other.
        quantum: By how much `theirs` barycentrics were rounded; subtracted from differences.
    """
    same = ours.triangles == theirs.triangles
    seen = same & (ours.triangles >= 0)
    rows, columns = np.nonzero(~same)
    edge = np.zeros(len(rows), np.bool_)
    depths = []
    for triangles in (ours.triangles, theirs.triangles):
        place = _Place.of(scene, triangles[rows, columns], rows, columns)
        edge |= place.on_edge()
        depths.append(np.where(place.inside(), place.depth, np.nan))
    with np.errstate(invalid="ignore"):
        tie = ~edge & (np.abs(depths[0] / depths[1] - 1.0) <= TIE)
    place_px, place_excess, depth_error, depth_excess = _apart(scene, ours, theirs, seen, quantum)
    return Parity(
        seen=int(seen.sum()),
        empty=int((same & ~seen).sum()),
        edge=int(edge.sum()),
        tie=int(tie.sum()),
        unexplained=int((~edge & ~tie).sum()),
        place_px=place_px,
        place_excess=place_excess,
        depth_error=depth_error,
        depth_excess=depth_excess,
    )


def _apart(
    scene: RasterScene, ours: FaceMap, theirs: FaceMap, seen: NDArray[np.bool_], quantum: float
) -> tuple[float, float, float, float]:
    """Return the greatest differences of places and depths where both show the same face; see `Parity`."""
    faces = ours.triangles[seen]
    height = _Place.of(scene, faces, *np.nonzero(seen)).heights.min(axis=1, initial=np.inf)
    inverse_depth = scene.screen[scene.faces[faces], 2].astype(np.float64)
    cut = ((inverse_depth <= 0.0) | (inverse_depth > 100.0)).any(axis=1)
    allowed_px = np.where(cut, CUT_PLACE_PX, PLACE_PX)
    apart = np.abs(ours.barycentrics[seen].astype(np.float64) - theirs.barycentrics[seen]).max(axis=1, initial=0.0)
    place_px = np.maximum(apart - quantum, 0.0) * height
    depth = theirs.depth[seen].astype(np.float64)
    error = np.abs(ours.depth[seen] - depth)
    allowed = TIE * depth + np.ptp(1.0 / inverse_depth, axis=1) * (allowed_px / height)
    differences = (place_px, place_px / allowed_px, error / depth, error / allowed)
    most = [float(difference.max(initial=0.0)) for difference in differences]
    return most[0], most[1], most[2], most[3]


@dataclass(frozen=True)
class _Place:
    """Where pixel centres lie in faces, in double precision; NaN for face -1.

    Attributes:
        shares: [N, 3] area coordinates on the picture, those of corners behind the camera negated.
        heights: [N, 3] of the face over each edge on the picture [px].
        depth: [N] of the face's plane there [m].
    """

    shares: NDArray[np.float64]
    heights: NDArray[np.float64]
    depth: NDArray[np.float64]

    @classmethod
    def of(
        cls, scene: RasterScene, faces: NDArray[np.integer], rows: NDArray[np.integer], columns: NDArray[np.integer]
    ) -> _Place:
        corners = scene.screen[scene.faces[faces]].astype(np.float64)
        corners[faces < 0] = np.nan
        to = corners[..., :2] - np.stack([columns + 0.5, rows + 0.5], axis=-1)[:, None]
        following, last = np.roll(to, -1, axis=1), np.roll(to, -2, axis=1)
        areas = following[..., 0] * last[..., 1] - last[..., 0] * following[..., 1]
        area = areas.sum(axis=1, keepdims=True)
        with np.errstate(invalid="ignore", divide="ignore"):
            shares = areas / area
            heights = np.abs(area) / np.linalg.norm(last - following, axis=2)
            depth = 1.0 / (shares * corners[..., 2]).sum(axis=1)
        return cls(shares * np.sign(corners[..., 2]), heights, depth)

    def on_edge(self) -> NDArray[np.bool_]:
        """Whether the centre lies on the face's rim, or where the near plane cuts it."""
        reach = self.shares / np.maximum(EDGE_SHARE, EDGE_PX / self.heights)
        found: NDArray[np.bool_] = np.abs(reach.min(axis=1)) <= 1.0
        return found | (np.abs(100.0 * self.depth - 1.0) <= EDGE_PX)

    def inside(self) -> NDArray[np.bool_]:
        """Whether the face covers the centre."""
        found: NDArray[np.bool_] = self.shares.min(axis=1) >= 0.0
        return found


def agrees(parity: Parity) -> bool:
    """Whether nothing differs but by edges, ties and rounding."""
    return parity.unexplained == 0 and parity.place_excess <= 1.0 and parity.depth_excess <= 1.0


def frames_agree(found: Mapping[str, Any]) -> bool:
    """Whether whole frames differ by no more than edges may: one pixel of the figure in a thousand."""
    few = found["pixels_of_the_figure"] // 1000
    return bool(found["mask_differs"] <= few and found["rgb_differs"] <= 4 * few and found["depth_error"] <= TIE)


def draw(scene: RasterScene, raster: str) -> FaceMap:
    """Draw a scene by a rasteriser."""
    return map_faces(
        scene.screen, scene.faces, scene.size, double_sided=scene.double_sided, raster=raster, device="cpu"
    )


def keep(scene: RasterScene, drawn: FaceMap) -> dict[str, NDArray[Any]]:
    """Return what is kept of a picture: faces; of the smaller pictures barycentrics (rounded) and depth too."""
    if max(scene.size) > min(SIDES):
        return {"triangles": drawn.triangles}
    seen = drawn.triangles >= 0
    shares = np.round(np.clip(drawn.barycentrics[seen][:, :2], 0.0, 1.0) / QUANTUM).astype(np.uint16)
    return {"triangles": drawn.triangles, "barycentrics": shares, "depth": drawn.depth[seen]}


def kept_picture(kept: Mapping[str, NDArray[Any]], like: FaceMap) -> FaceMap:
    """Return a kept picture; barycentrics and depth that were not kept are those of `like`."""
    triangles = kept["triangles"]
    if "depth" not in kept:
        return FaceMap(triangles, like.barycentrics, like.depth)
    seen = triangles >= 0
    barycentrics = np.zeros((*triangles.shape, 3), np.float32)
    shares = kept["barycentrics"] * QUANTUM
    barycentrics[seen] = np.column_stack([shares, 1.0 - shares.sum(axis=1)])
    depth = np.full(triangles.shape, np.inf, np.float32)
    depth[seen] = kept["depth"]
    return FaceMap(triangles, barycentrics, depth)


def compare_frames() -> dict[str, dict[str, Any]]:
    """Render whole frames of the dressed body by both rasterisers, and count what differs."""
    from dressform.runtime.session import Look, TryOn

    from .wardrobe import canonical_avatar

    found = {}
    for preset, side in (("realtime", 128), ("quality", 64)):
        both = [
            TryOn(canonical_avatar(), WEAR, size=(side, side), look=Look(preset=preset, raster=raster)).stream(
                "catwalk", fps=4.0, seconds=0.75
            )
            for raster in ("warp", "pytorch3d")
        ]
        frames = list(zip(*(map(Frame.copy, frames) for frames in both), strict=True))
        colors = np.stack([np.abs(a.rgb.astype(int) - b.rgb).max(axis=-1) for a, b in frames])
        with np.errstate(invalid="ignore"):
            depths = np.stack([np.nan_to_num(np.abs(a.depth / b.depth - 1.0), posinf=np.inf) for a, b in frames])
        found[f"{preset}, {side}x{side}"] = {
            "frames": len(frames),
            "pixels": colors.size,
            "pixels_of_the_figure": int(sum((a.mask > 0).sum() for a, _ in frames)),
            "mask_differs": int(sum((a.mask != b.mask).sum() for a, b in frames)),
            "rgb_differs": int((colors > 0).sum()),
            "rgb_difference": int(colors.max()),
            "depth_error": float(f"{depths.max():.2g}"),
        }
    return found


def digests(paths: tuple[str, ...]) -> dict[str, str]:
    """Return the sha256 of source files, named from the project's root."""
    root = Path(__file__).resolve().parents[1]
    return {path: hashlib.sha256((root / path).read_bytes()).hexdigest() for path in paths}


def array_digest(array: NDArray[Any]) -> str:
    """Return the name that an array is kept by."""
    return hashlib.sha256(f"{array.dtype} {array.shape} ".encode() + array.tobytes()).hexdigest()[:24]


def run() -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Draw every scene by both; return the figures, and PyTorch3D's pixels."""
    import pytorch3d
    import torch
    import warp

    figures: dict[str, Any] = {
        "versions": {
            "pytorch3d": pytorch3d.__version__,
            "torch": torch.__version__,
            "warp": warp.__version__,
            "numpy": np.__version__,
            "python": platform.python_version(),
        },
        "settings": SETTINGS,
        "tolerances": {
            "edge_px": EDGE_PX,
            "edge_share": EDGE_SHARE,
            "tie": TIE,
            "place_px": PLACE_PX,
            "place_px_of_faces_cut_by_the_near_plane": CUT_PLACE_PX,
        },
        "asking": digests(ASKING),
        "measured": digests(MEASURED),
        "scenes": {},
    }
    pixels: dict[str, NDArray[Any]] = {}
    for scene in scenes():
        theirs = draw(scene, "pytorch3d")
        found = vars(compare(scene, draw(scene, "warp"), theirs))
        rounded = {name: float(f"{value:.2g}") if isinstance(value, float) else value for name, value in found.items()}
        kept = {key: (array_digest(array), array) for key, array in keep(scene, theirs).items()}
        names = {key: digest for key, (digest, _) in kept.items()}
        figures["scenes"][scene.name] = {**rounded, **scene.fingerprint(), "pixels": names}
        pixels |= dict(kept.values())
    figures["frames"] = compare_frames()
    return figures, pixels


def main(folder: Path) -> int:
    """Write the figures and PyTorch3D's pixels, when both agree; return the exit code."""
    figures, pixels = run()
    for name, scene in figures["scenes"].items():
        print(name, {field: scene[field] for field in Parity.__dataclass_fields__})
    for name, frame in figures["frames"].items():
        print(name, frame)
    wrong = [
        name
        for name, scene in figures["scenes"].items()
        if not agrees(Parity(**{field: scene[field] for field in Parity.__dataclass_fields__}))
    ]
    wrong += [name for name, frame in figures["frames"].items() if not frames_agree(frame)]
    if wrong:
        print(f"nothing was written, because the rasterisers disagree on: {'; '.join(wrong)}", file=sys.stderr)
        return 1
    partial = folder / "pytorch3d.partial.npz"
    np.savez_compressed(partial, **pixels)  # type: ignore[arg-type]
    partial.replace(folder / "pytorch3d.npz")
    (folder / "pytorch3d.json").write_text(json.dumps(figures, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
