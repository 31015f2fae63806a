"""Motion in, frames out: the one file that joins the parts of the runtime."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dressform.assets.files.cloth_clip import ClothClip, read_clip
from dressform.assets.library import Library
from dressform.runtime.avatar.appearance import Appearance, build_appearance, coarse_appearance, scene_meshes
from dressform.runtime.avatar.avatar_file import Avatar
from dressform.runtime.avatar.shoes import Shoe, build_shoes, shod_vertices
from dressform.runtime.body.protocol import Pose, RestBody
from dressform.runtime.body.skinning import Skinner
from dressform.runtime.garment.dressed import DressedGarment
from dressform.runtime.garment.launches import KEPT_BUFFERS
from dressform.runtime.garment.outfit import Outfit
from dressform.runtime.garment.worn import dressed_garments, worn_versions
from dressform.runtime.garment.wrinkles import Relief
from dressform.runtime.motion.clip import MotionClip
from dressform.runtime.motion.load import load_motion
from dressform.runtime.motion.playback import play
from dressform.runtime.motion.procedural import MOTIONS
from dressform.runtime.refine.one_euro import OneEuroFilter
from dressform.runtime.render.backends.choose import check_raster
from dressform.runtime.render.devices import device_named, load_kernels
from dressform.runtime.render.drawing import Drawing
from dressform.runtime.render.follow import FollowCamera, Framing
from dressform.runtime.render.garment_scene import garment_counts, garment_scene, with_hidden, with_wrinkles
from dressform.runtime.render.hems import below_cloth, with_hems
from dressform.runtime.render.pipeline import Pipeline, frames_ahead
from dressform.runtime.render.renderer import PRESETS, Frame, Renderer
from dressform.runtime.render.scene import Background, Lighting, SceneMesh
from dressform.runtime.render.shot import AS_IT_RUNS, Plan, Shot, Taken, check_length, check_written, plan, take
from dressform.runtime.render.surfaces import PackedMaterial, pack_materials
from dressform.runtime.video.target import Target
from dressform.runtime.video.target import VideoReport as VideoReport
from dressform.schemas.errors import UsageError
from dressform.schemas.progress import Progress, silent

COARSE_STEPS = (0.0003, 0.0006, 0.0012, 0.0024)  # [m] a few, so that what is kept for one serves many pictures
_FILTERED_S = 3.0  # that the temporal filter remembers [s]: what was before shows in no digit of a pose from 8 fps on
_SETTLED = 10.0  # how many times `settle_s` the camera remembers: exp(-40) of a move is left


@dataclass(frozen=True)
class Look:
    """What is around the person and how the picture is made.

    Attributes:
        preset: "realtime" or "quality".
        samples: Samples per pixel side, for smoother stills; the preset's when None.
        lighting: Light of the scene; the studio's when None.
        background: What is behind the person; the studio's sweep when None.
        framing: How the camera holds the person.
        raster: What finds the faces seen: "warp", or "pytorch3d" where it is installed.
    """

    preset: str = "realtime"
    lighting: Lighting | None = None
    background: Background | None = None
    framing: Framing = field(default_factory=Framing)
    samples: int | None = None
    raster: str = "warp"


class _Coming(NamedTuple):
    """What a frame will show.

    Attributes:
        pose: Of the body.
        garments: World points [V, 3] of each garment as simulated [m]; None: they are posed with the body.
    """

    pose: Pose
    garments: Sequence[NDArray[np.float32]] | None = None


class _Looks(NamedTuple):
    """What is drawn, but for what the fit hides: the body, the garments in layer order, then eyes, hair and shoes."""

    meshes: list[SceneMesh]
    materials: list[PackedMaterial]

    @classmethod
    def of(cls, meshes: list[SceneMesh]) -> _Looks:
        """Pack every material as it is drawn."""
        return cls(meshes, pack_materials([mesh.material for mesh in meshes], keep=True))


class TryOn:
    """An avatar that wears templates of a library, ready to move.

    Args:
        avatar: The person, or a path of an avatar file.
        wear: Templates as `NAME[@RANGE][:SIZE][/VARIANT]`, in layer order unless the templates say.
        library: Where the templates are; a path, or the default library when None.
        lock: File of a lock, `dressform library lock`; what is worn then has the versions that it names.
        size: (width, height) of the frames [px].
        device: "cpu" or a Warp device such as "cuda:0".
        look: Light, background, camera and preset.
        refine: "auto" filters every motion but the built-in ones, which are smooth by making; "on" and "off" force it.
        field: False poses every garment by plain skinning, although it carries a learned field for the body family.

    Attributes:
        fields: By the name of each garment worn, whether a learned field acts on it; the others are skinned plainly.
        unusable_fields: By the name of garments that carry a field which cannot be used here, why not.
        simulated: The clip of simulated garments that is shown instead, see `replay`.
        start_s: What its making took [s]: "read", then beside each other "fit", "paint" and "textures", then "draw".
    """

    def __init__(
        self,
        avatar: Avatar | Path | str,
        wear: Sequence[str] = (),
        *,
        library: Library | Path | str | None = None,
        lock: Path | str | None = None,
        size: tuple[int, int] = (512, 512),
        device: str = "cpu",
        look: Look = Look(),
        refine: str = "auto",
        field: bool = True,
    ):
        if refine not in ("auto", "on", "off"):
            raise UsageError(f"refine must be auto, on or off, got {refine!r}")
        if look.preset not in PRESETS:
            raise UsageError(f"--preset must be one of {', '.join(PRESETS)}, got {look.preset!r}")
        check_raster(look.raster)
        self._device = device_named(device)
        samples = look.samples or PRESETS[look.preset].samples
        ahead = partial(frames_ahead, size, samples, self._device, most=KEPT_BUFFERS - 1)
        ahead()  # what does not fit is refused before any work
        self.start_s: dict[str, float] = {}
        started = time.perf_counter()
        self.avatar = avatar if isinstance(avatar, Avatar) else Avatar.load(Path(avatar))
        self.size = size
        self._look, self._refine = look, refine
        self._keep = self.avatar.consent is None  # what follows from a real person does not stay behind
        self.rest: RestBody = self.avatar.rest()
        self.unusable_fields: dict[str, str] = {}
        # what is drawn is painted while cloth is fitted; kernels are loaded before, as two threads may not load one
        with ThreadPoolExecutor(2, thread_name_prefix="looks") as beside:
            loading = beside.submit(load_kernels, self._device)
            worn = worn_versions(wear, library, lock, self.avatar.family)
            garments = dressed_garments(worn, self.rest, self.unusable_fields, field=field)
            loading.result()
            self.start_s["read"] = (begun := time.perf_counter()) - started
            shoes = build_shoes(self.rest)
            painting = beside.submit(self._person, shoes)
            packing = beside.submit(self._cloth, sorted(garments, key=lambda garment: garment.layer))
            self.fields = {garment.name: garment.field is not None for garment in garments}
            shod = shod_vertices(self.rest, shoes)
            self.outfit = Outfit(self.rest, garments, shod=shod, device=self._device, keep=self._keep)
            self.start_s["fit"] = time.perf_counter() - begun
            (self._appearance, person), cloth = painting.result(), packing.result()
        drawing = time.perf_counter()
        parts = self._appearance.parts
        meshes, counts = self._scene(person.meshes, cloth.meshes)
        packed = [person.materials[0], *cloth.materials, *person.materials[1:]]
        layers = PRESETS[look.preset].layers * any(mesh.material.is_sheer for mesh in meshes)
        how: dict[str, Any] = {"samples": look.samples, "ahead": ahead(layers=layers)}
        how |= {"device": self._device, "preset": look.preset, "raster": look.raster}
        self._renderer = Renderer(meshes, counts, size=size, materials=packed, **how)
        self._skinner = Skinner(
            np.concatenate([part.points for part in parts]),
            np.concatenate([part.joint_indices for part in parts]),
            np.concatenate([part.joint_weights for part in parts]),
            self._device,
        )
        if self._renderer.preset.baked:
            self._pose(_Coming(self.rest.rest_pose()), self._renderer.drawings[0])
            self._renderer.bake(look.lighting or Lighting.studio())
        self.stages_s: defaultdict[str, float] = defaultdict(float)
        self.simulated: ClothClip | None = None
        self._pipeline: Pipeline[Taken[_Coming]] | None = None
        self.start_s["draw"] = time.perf_counter() - drawing

    def replay(self, clip: ClothClip | Path | str) -> ClothClip:
        """Show simulated garments, and the poses they were simulated in, in what is streamed from now on.

        They are shown as they were simulated, on bare feet in the air: hems may reach into shoes or below the floor.

        Args:
            clip: What `dressform simulate` wrote of this avatar in these garments.

        Returns:
            The clip; its `fps` is the rate to stream at.

        Raises:
            InputError: When the clip cannot be read, or is of another body or of other garments.
        """
        found = clip if isinstance(clip, ClothClip) else read_clip(Path(clip))
        worn = [(garment.name, garment.size, len(garment.mesh.points)) for garment in self.outfit.garments]
        found.check(worn, self.rest.measures().as_dict())
        self.simulated = found
        return found

    def _person(self, shoes: tuple[Shoe, Shoe]) -> tuple[Appearance, _Looks]:
        """Paint the person, the body first."""
        started = time.perf_counter()
        appearance = build_appearance(
            self.rest,
            skin_tone=self.avatar.skin_tone,
            hair_color=self.avatar.hair_color,
            gender=self.avatar.gender,
            base_texture=self.avatar.photo_texture(),
            shoes=shoes,
            keep=self._keep,
        )
        tolerance = self._tolerance()
        if tolerance > 0.0:
            appearance = coarse_appearance(appearance, self.rest.body, self.avatar.gender, tolerance)
        looks = _Looks.of(list(scene_meshes(appearance, self.rest.body)))
        self.start_s["paint"] = time.perf_counter() - started
        return appearance, looks

    def _tolerance(self) -> float:
        """Return how far what belongs to the person may be drawn from where it is [m]: a step of the ladder, or 0."""
        camera = FollowCamera(self.avatar.height, self.size, self._look.framing)
        allowed = PRESETS[self._look.preset].coarseness / camera.pixels_per_metre
        return max((step for step in COARSE_STEPS if step <= allowed), default=0.0)

    def _cloth(self, garments: Sequence[DressedGarment]) -> _Looks:
        """Read the textures of garments in layer order."""
        started = time.perf_counter()
        scenes = [with_hems(garment_scene(g.mesh, g.name), g.mesh, g.fabric) for g in garments]
        looks = _Looks.of([mesh for scene in scenes for mesh in scene])
        self.start_s["textures"] = time.perf_counter() - started
        return looks

    def _scene(self, person: list[SceneMesh], cloth: list[SceneMesh]) -> tuple[list[SceneMesh], list[int]]:
        """Return what is drawn and its vertex counts, in the order of the vertices: body, garments, then the parts."""
        body, *parts = person
        hidden = self._appearance.hidden_body_faces | self.outfit.hidden_body_faces
        meshes, counts = [replace(body, hidden=hidden)], [len(self.rest.vertices)]
        sides = self.outfit.wrinkle_sides
        worn = zip(self.outfit.garments, self.outfit.hidden_cloth(), sides, strict=True)
        for number, (garment, covered, side) in enumerate(worn):
            own = garment_counts(garment.mesh)
            scene = with_wrinkles(cloth[len(meshes) - 1 :][: len(own)], garment.mesh, side)
            scene = [replace(mesh, layer=number) for mesh in scene]
            meshes += below_cloth(with_hidden(scene, garment.mesh, covered)) if covered.any() else scene
            counts += own
        counts += [len(part.points) for part in self._appearance.parts]
        return [*meshes, *parts], counts

    def stream(
        self,
        motion: MotionClip | Path | str = "catwalk",
        *,
        fps: float = 30.0,
        seconds: float | None = None,
        shot: Shot = AS_IT_RUNS,
    ) -> Iterator[Frame]:
        """Yield frames; endless when `seconds` is None. A frame's arrays are valid until the next one is asked for.

        A clip that is replayed brings its own motion, length and rate; `fps` is then not looked at.

        Args:
            motion: A clip, the name of a built-in one, or a clip file.
            fps: Frames per second.
            seconds: Length [s].
            shot: A turntable or a still, which is the frame that the stream of that motion has at that time.

        Raises:
            UsageError: When `fps` or `seconds` is not a number above zero; with the first frame. When another stream
                has begun meanwhile: both would draw into the same buffers.
        """
        check_length(fps, seconds)
        frames, planned = self._coming(motion, fps, seconds, shot)
        if self._pipeline is not None:
            self._pipeline.stop()
        self._renderer.cut()
        camera = FollowCamera(self.avatar.height, self.size, self._look.framing)
        lighting = self._look.lighting or Lighting.studio()
        background = self._look.background or Background.studio()

        def draw(drawing: Drawing, taken: Taken[_Coming]) -> None:
            view = camera.follow(taken.item.pose.root[:2], 1 / planned.rate, taken.turn_rad)
            started = time.perf_counter()
            if taken.drawn:
                self._renderer.draw(drawing, view, lighting)
            self.stages_s["draw"] += time.perf_counter() - started

        self._pipeline = Pipeline(self._renderer.drawings, lambda drawing: self._dress(frames, drawing), draw)
        for drawing, taken in self._pipeline.frames():
            if taken.shown:
                started = time.perf_counter()
                frame = self._renderer.finish(drawing, lighting, background)
                self.stages_s["shade"] += time.perf_counter() - started
                yield frame

    def _coming(
        self, motion: MotionClip | Path | str, fps: float, seconds: float | None, shot: Shot
    ) -> tuple[Iterator[Taken[_Coming]], Plan]:
        """Return what the frames of a shot will show, and its plan."""
        remembered = max(_FILTERED_S, _SETTLED * self._look.framing.settle_s)
        if (shown := self.simulated) is not None:
            seconds = shown.frames / shown.fps if seconds is None else seconds
            planned = plan(shot, shown.fps, seconds, None, remembered_s=remembered)
            frames = (_Coming(Pose(frame.rotations, frame.root), frame.garments) for frame in shown)
            return take(islice(frames, min(planned.first, shown.frames - 1), None), shot, planned), planned
        clip = motion if isinstance(motion, MotionClip) else load_motion(motion)
        planned = plan(shot, fps, seconds, clip.seconds if clip.loop else None, remembered_s=remembered)
        length = seconds
        if planned.frames is not None:
            length = (planned.first + planned.lead + planned.frames) / planned.rate
        return take(map(_Coming, self._poses(clip, planned.rate, length, planned.first)), shot, planned), planned

    def _poses(self, clip: MotionClip, fps: float, seconds: float | None, first: int = 0) -> Iterator[Pose]:
        """Yield the clip's poses on this body, through the temporal filter where it is wanted."""
        poses = play(clip, self.rest, fps, seconds, first=first)
        if self._refine == "off" or (self._refine == "auto" and clip.name in MOTIONS):
            return poses
        refine = OneEuroFilter()
        return (refine(pose, 1 / fps) for pose in poses)

    def _dress(self, frames: Iterator[Taken[_Coming]], drawing: Drawing) -> Taken[_Coming] | None:
        """Take the next pose and fill a drawing's vertices with it if it is to be drawn; None at the end."""
        started = time.perf_counter()
        taken = next(frames, None)
        if taken is None or not taken.drawn:
            return taken
        posed = self._pose(taken.item, drawing)
        self.stages_s["pose"] += posed - started
        self.stages_s["dress"] += time.perf_counter() - posed
        return taken

    def _pose(self, coming: _Coming, drawing: Drawing) -> float:
        """Fill a drawing's vertices; return when the body's transforms were known."""
        pose, garments = coming
        lifted = Pose(pose.rotations, pose.root + np.array([0, 0, self._appearance.ground_offset], np.float32))
        transforms = self.rest.skin_transforms(lifted)
        posed, relief = time.perf_counter(), Relief(drawing.turns, drawing.wrinkles)
        if garments is None:
            self.outfit.pose(transforms, drawing.vertices, relief=relief)
        else:
            self.outfit.lay(transforms, garments, lifted.root - pose.root, drawing.vertices, relief=relief)
        self._skinner.launch(self.outfit.transforms, drawing.vertices, sum(self.outfit.vertex_counts))
        return posed

    def write(
        self,
        path: Path | str,
        motion: MotionClip | Path | str = "catwalk",
        *,
        seconds: float = 10.0,
        fps: float = 30.0,
        codec: str | None = None,
        shot: Shot = AS_IT_RUNS,
        outputs: Sequence[str] = ("rgb",),
        file_format: str | None = None,
        progress: Progress = silent,
    ) -> VideoReport:
        """Write a video, a still or a folder of pictures; it appears at `path` when it is whole.

        Args:
            path: `*.mp4`, `*.mov` or `*.webm` for a video, `*.png`, `*.exr` or `*.npz` for a still, else a folder.
            motion: A clip, the name of a built-in one, or a clip file.
            seconds: Length [s]; a clip that is replayed brings its own, and its rate.
            fps: Frames per second.
            codec: "h264", "hevc", "av1", "prores" or "vp9"; by the name of the file when None.
            shot: A still or a turntable instead of the motion as it runs.
            outputs: What a folder, an EXR or an NPZ holds of each frame; see docs/formats.md.
            file_format: Of the pictures of a folder: "png" when None, "exr" or "npz".
            progress: Told after every frame.
        """
        check_length(fps, seconds)
        if self.simulated is not None:
            fps, seconds = self.simulated.fps, self.simulated.frames / self.simulated.fps
        clear = self._look.background is not None and self._look.background.kind == "transparent"
        target = Target(Path(path), self.size, fps, codec, outputs, file_format, clear)
        check_written(shot, target.kind, target.path.name)
        if target.kind == "picture" and shot.at is None:
            shot = replace(shot, at=0.0)
        started = time.perf_counter()
        self.stages_s.clear()
        total, count = max(1, self._coming(motion, fps, seconds, shot)[1].frames or round(seconds * fps)), 0
        with target.open() as file:
            for frame in self.stream(motion, fps=fps, seconds=seconds, shot=shot):
                handed = time.perf_counter()
                file.write(frame)
                self.stages_s["hand to encoder"] += time.perf_counter() - handed
                count += 1
                progress(min(1.0, count / total), "rendering")
        elapsed = time.perf_counter() - started
        stages = {name: 1e3 * spent / max(count, 1) for name, spent in self.stages_s.items()}
        return VideoReport(Path(path), count, elapsed, stages)
