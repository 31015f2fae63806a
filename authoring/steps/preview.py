"""Preview: the garment on a grey dress form, front and back, and a short turntable."""

from __future__ import annotations

import io
import math
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dressform.assets.files.garment import GarmentMesh
from dressform.authoring.draft import Draft
from dressform.runtime.body.canonical import canonical_rest
from dressform.runtime.body.protocol import RestBody
from dressform.runtime.render.garment_scene import garment_counts, garment_scene
from dressform.runtime.render.renderer import Renderer
from dressform.runtime.render.scene import Background, Camera, Lighting, SceneMesh, SurfaceMaterial
from dressform.runtime.video.writer import VideoWriter
from dressform.schemas.errors import UsageError
from dressform.schemas.progress import Progress, silent

Points = NDArray[np.floating]

_FORM = (206, 203, 198)  # sRGB of the dress form
_FOV = math.radians(22)
_YAW_FRONT, _YAW_BACK = math.radians(28), math.radians(208)
_MARGIN = 1.16  # how much larger the view is than the garment
_HEAD = 0.05  # [m] of the form shown above and below at least
_TURN_SECONDS, _TURN_FPS = 3.0, 20


@dataclass(frozen=True)
class PreviewOptions:
    """What the pictures show.

    Attributes:
        height: Of preview.png [px]; it is as wide as two views side by side.
        turntable: Whether turntable.mp4 is made too.
        form: Whether the garment hangs on the dress form (once it is placed).
    """

    height: int = 720
    turntable: bool = True
    form: bool = True

    def __post_init__(self) -> None:
        if not 64 <= self.height <= 4096 or self.height % 8:
            raise UsageError(f"--height {self.height} must be a multiple of 8 from 64 to 4096")


class Stage:
    """A garment before the camera, ready to be seen from any side.

    Args:
        mesh: The garment.
        rest: The dress form, or None for the garment alone.
        hide: bool [F_body] triangles of the form that the garment covers, or None.
        size: (width, height) of a view [px].
        preset: The renderer's.
    """

    def __init__(
        self,
        mesh: GarmentMesh,
        rest: RestBody | None,
        hide: NDArray[np.bool_] | None,
        size: tuple[int, int],
        preset: str = "quality",
    ) -> None:
        self.size = size
        scene, counts, points = garment_scene(mesh, "garment"), garment_counts(mesh), [mesh.points]
        if rest is not None:
            scene.insert(0, _form(rest, hide))
            counts.insert(0, len(rest.vertices))
            points.insert(0, rest.vertices)
        self._points = np.concatenate(points).astype(np.float64)
        self._renderer = Renderer(scene, counts, size=size, preset=preset)
        low, high = mesh.points.min(axis=0).astype(np.float64), mesh.points.max(axis=0).astype(np.float64)
        self._center = (low + high) / 2
        around = mesh.points[:, :2] - self._center[:2]
        radius = float(np.linalg.norm(around, axis=1).max())
        high_enough = (float(high[2] - low[2]) + 2 * _HEAD) / 2 * _MARGIN
        wide_enough = radius * _MARGIN * size[1] / size[0]
        self._distance = max(high_enough, wide_enough) / math.tan(_FOV / 2) + radius / 2
        self._lighting = Lighting.studio()
        self._background = Background.studio()

    def view(self, yaw_rad: float) -> NDArray[np.uint8]:
        """Return the picture after turning garment and form about their middle, uint8 [H, W, 3].

        They turn and the camera stays, so that the light comes from the same side in every view.
        """
        cosine, sine = math.cos(yaw_rad), math.sin(yaw_rad)
        turn = np.array([[cosine, -sine, 0.0], [sine, cosine, 0.0], [0.0, 0.0, 1.0]])
        pivot = self._center * (1.0, 1.0, 0.0)
        self._renderer.set_vertices((self._points - pivot) @ turn.T)
        target = self._center * (0.0, 0.0, 1.0)
        eye = target + self._distance * np.array([0.0, -1.0, 0.06])
        camera = Camera.look_at(eye, target, _FOV, self.size)
        rgb: NDArray[np.uint8] = self._renderer.render(camera, self._lighting, self._background).copy().rgb
        return rgb


def preview_picture(stage: Stage) -> bytes:
    """Return front and back side by side as PNG."""
    picture = np.concatenate([stage.view(_YAW_FRONT), stage.view(_YAW_BACK)], axis=1)
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG", optimize=True)
    return file.getvalue()


def turntable_video(stage: Stage, progress: Progress = silent) -> bytes:
    """Return one full turn as MP4."""
    frames = int(_TURN_SECONDS * _TURN_FPS)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "turntable.mp4"
        with VideoWriter(path, stage.size, _TURN_FPS) as video:
            for k in range(frames):
                video.write(stage.view(2 * math.pi * k / frames))
                progress(k / frames, "filming the turntable")
        return path.read_bytes()


def preview(draft: Draft, options: PreviewOptions = PreviewOptions(), progress: Progress = silent) -> Draft:
    """Render a draft's pictures."""
    start = time.perf_counter()
    progress(0.0, "rendering the preview")
    mesh = draft.mesh
    rest = canonical_rest() if options.form and draft.has("place") else None
    hide = draft.rig.hide if rest is not None and draft.has("rig") else None
    stage = Stage(mesh, rest, hide, (options.height * 3 // 4, options.height))
    files: dict[str, bytes | None] = {"preview.png": preview_picture(stage), "turntable.mp4": None}
    if options.turntable:
        small = Stage(mesh, rest, hide, (384, 512), preset="realtime")
        files["turntable.mp4"] = turntable_video(small, lambda f, m: progress(0.3 + 0.7 * f, m))
    report = {"on_form": rest is not None, "files": sorted(name for name, content in files.items() if content)}
    done = draft.commit_step("preview", asdict(options), report, files=files, seconds=time.perf_counter() - start)
    progress(1.0, "previewed")
    return done


def _form(rest: RestBody, hide: NDArray[np.bool_] | None) -> SceneMesh:
    body = rest.body
    material = SurfaceMaterial(np.full((4, 4, 3), _FORM, np.uint8), roughness=0.7)
    return SceneMesh("form", body.faces, body.uv, body.uv_faces, material, hide)
