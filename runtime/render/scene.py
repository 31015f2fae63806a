"""What the renderer is told: meshes and materials, camera, light, background."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dressform.runtime.geometry.coarse import CoarseFaces
from dressform.runtime.geometry.rotations import cross

from .environment import LUMINANCE, check_environment, read_environment, split_harmonics, split_picture
from .harmonics import irradiance, project_radiance, sh_basis, sphere_directions
from .sky import sky_radiance, sun_irradiance
from .weave import Weave

Rgb = tuple[float, float, float]

_SUN_RADIUS = 0.0047  # [rad]


@dataclass(frozen=True)
class SurfaceMaterial:
    """How a surface answers light. Colours are linear unless a texture is meant.

    Attributes:
        texture: sRGB uint8 [H, W, 3], or [H, W, 4] whose alpha below one half cuts holes unless it is `blended`; first
            row at the top (v = 1); repeats outside [0, 1].
        roughness: 0 mirror-like to 1 matte.
        specular: Reflectance at normal incidence of what is not metal (0.04 for most things).
        sheen: Linear rgb of the fuzz seen at grazing angles.
        double_sided: Whether back faces are drawn (with their normals flipped).
        inside: Linear rgb that multiplies the texture on back faces.
        subsurface: 0 to 1; how far light bleeds past the terminator, redder than it came (skin).
        metallic: 0 to 1; metal has no matte light, and its gloss is of its colour.
        coat: 0 to 1, share of a clear varnish over it.
        coat_roughness: Of the varnish.
        weave: Relief and finish at the scale of threads, or None.
        opacity: Share of what is behind that it hides, seen straight on: the yarns' share of yarns and gaps. Below 1 it
            is sheer, see `sheer`.
        blended: Whether the texture's alpha is that share too, times `opacity`, in place of cutting holes.
    """

    texture: NDArray[np.uint8]
    roughness: float = 0.9
    specular: float = 0.04
    sheen: Rgb = (0.0, 0.0, 0.0)
    double_sided: bool = True
    inside: Rgb = (0.85, 0.85, 0.85)
    subsurface: float = 0.0
    metallic: float = 0.0
    coat: float = 0.0
    coat_roughness: float = 0.1
    weave: Weave | None = None
    opacity: float = 1.0
    blended: bool = False

    @property
    def is_sheer(self) -> bool:
        """Whether what is behind shows through."""
        return self.opacity < 1.0 or self.blends_texture

    @property
    def blends_texture(self) -> bool:
        """Whether its texture says how opaque it is from place to place."""
        return self.blended and self.texture.shape[2] == 4 and bool((self.texture[..., 3] < 255).any())


@dataclass(frozen=True)
class Hem:
    """What cloth is like at its open edges; meshes that share vertices are one piece of cloth.

    Attributes:
        thickness: Of the edge, turned cloth and all [m]; where turned cloth is modelled, its own counts instead.
        rest: float32 [V, 3] the vertices at rest [m]: points at one place there are one point of the cloth.
        inner: bool [F] triangles of turned cloth or of an inner shell, or None where there are none.
        curved: Whether its edges are curves; else as straight as the mesh's, which cloth over it was kept clear of.
    """

    thickness: float
    rest: NDArray[np.float32]
    inner: NDArray[np.bool_] | None = None
    curved: bool = True


@dataclass(frozen=True)
class SceneMesh:
    """A mesh whose vertices move and whose topology does not.

    Attributes:
        name: For messages.
        faces: int32 [F, 3] into this mesh's own vertices, counter-clockwise seen from outside.
        uv: float32 [N, 2], origin bottom-left.
        uv_faces: int32 [F, 3] into `uv`.
        material: The one material.
        hidden: bool [F] faces left out of the picture (they still count for smooth normals), or None.
        weave_uv: float32 [F, 3, 2] where each corner reads the material's weave, or None where it reads the texture.
        atlas_uv: float32 [F, 3, 2] where each corner reads the wrinkles, or None where there are none.
        layer: From 0 to 31. A mesh is drawn before one that is a layer lower even where it is up to 3 mm behind it:
            the edge of a waistband does not come through a shirt.
        wrinkle_side: Texels along a side of the wrinkles, which meshes that share vertices share; 0: there are none.
        coarse: Fewer triangles of the same vertices to draw in place of `faces`, or None; those between vertices that
            only hidden faces have are left out. Normals are still those of `faces`.
        hem: How thick the cloth is at its open edges, or None: they are edges of a sheet.
    """

    name: str
    faces: NDArray[np.int32]
    uv: NDArray[np.float32]
    uv_faces: NDArray[np.int32]
    material: SurfaceMaterial
    hidden: NDArray[np.bool_] | None = None
    weave_uv: NDArray[np.float32] | None = None
    atlas_uv: NDArray[np.float32] | None = None
    layer: int = 0
    wrinkle_side: int = 0
    coarse: CoarseFaces | None = None
    hem: Hem | None = None


@dataclass(frozen=True)
class Camera:
    """A pinhole camera: x right, y down, z forward; pixel centres at half-integers.

    Attributes:
        T_world_cam: float [4, 4], camera → world.
        focal_px: Focal length [px].
        center_px: Principal point (x, y) [px].
        size: (width, height) [px].
    """

    T_world_cam: NDArray[np.floating]
    focal_px: float
    center_px: tuple[float, float]
    size: tuple[int, int]

    @classmethod
    def look_at(cls, eye: ArrayLike, target: ArrayLike, vertical_fov_rad: float, size: tuple[int, int]) -> Self:
        """Return an upright camera at `eye` that looks at `target` (world, metres)."""
        position = np.asarray(eye, np.float64)
        forward = np.asarray(target, np.float64) - position
        distance = float(np.linalg.norm(forward))
        if not math.isfinite(distance):
            raise ValueError(
                f"eye and target must be finite, got {position.tolist()} and {np.asarray(target).tolist()}"
            )
        if distance < 1e-9:
            raise ValueError(f"eye and target must differ, got {position.tolist()} for both")
        if not 0.0 < vertical_fov_rad < math.pi:
            raise ValueError(f"vertical_fov_rad must be above 0 and below pi, got {vertical_fov_rad}")
        forward /= distance
        right = cross(forward, (0.0, 0.0, 1.0))
        if float(np.linalg.norm(right)) < 1e-6:
            right = np.array([1.0, 0.0, 0.0])
        right /= np.linalg.norm(right)
        pose = np.eye(4)
        pose[:3] = np.stack([right, cross(forward, right), forward, position], axis=1)
        width, height = size
        return cls(pose, 0.5 * height / math.tan(0.5 * vertical_fov_rad), (0.5 * width, 0.5 * height), (width, height))

    def project(self, points: NDArray[np.floating]) -> NDArray[np.float64]:
        """Project world points [..., 3] to (x px, y px, depth along the axis [m])."""
        pose = np.asarray(self.T_world_cam, np.float64)
        local = (np.asarray(points, np.float64) - pose[:3, 3]) @ pose[:3, :3]
        xy = self.focal_px * local[..., :2] / local[..., 2:] + np.array(self.center_px)
        return np.concatenate([xy, local[..., 2:]], axis=-1)


@dataclass(frozen=True)
class Lighting:
    """Light from all around plus one distant source that casts shadows. All in the world frame, linear rgb.

    Attributes:
        sh: float32 [9, 3], irradiance / pi in the basis of `harmonics`: a white matte surface facing n shows sh · Y(n).
        sun_direction: Unit vector towards the source.
        sun_color: What a white matte surface facing the source shows of it.
        sun_radius_rad: Apparent radius of the source: how soft its shadows are.
        sh_of: By the name of a mesh, such as a garment's, what stands for `sh` on it: light that differs from what the
            rest of the scene has, as fitted to a photo. What keeps light away is measured by `sh`; names of no mesh
            have no effect.
    """

    sh: NDArray[np.float32]
    sun_direction: tuple[float, float, float]
    sun_color: Rgb
    sun_radius_rad: float = 0.06
    sh_of: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)

    @classmethod
    def studio(cls) -> Self:
        """A fashion studio: warm key from the camera's upper left, cool fill, white floor, pale rims from behind."""
        direction = np.array([-0.62, -0.70, 0.62])
        direction /= np.linalg.norm(direction)
        return cls(_studio_fill(), (float(direction[0]), float(direction[1]), float(direction[2])), (0.84, 0.80, 0.75))

    @classmethod
    def daylight(cls, elevation_rad: float = 0.8, azimuth_rad: float = -2.417, turbidity: float = 3.0) -> Self:
        """A clear sky over pale ground, with its sun, as bright as the studio: see `sky`.

        Args:
            elevation_rad: Of the sun, above the horizon, up to pi / 2.
            azimuth_rad: Of the sun, from behind the person (+y) towards the camera's right (+x); by default it stands
                over the camera's left shoulder.
            turbidity: 2 (clear) to 10 (hazy).
        """
        if not 0.0 < elevation_rad <= 0.5 * math.pi or not 2.0 <= turbidity <= 10.0:
            raise ValueError(
                f"elevation_rad must be in (0, pi / 2] and turbidity 2 to 10, got {elevation_rad} and {turbidity}"
            )
        flat = math.cos(elevation_rad)
        x, y, z = flat * math.sin(azimuth_rad), flat * math.cos(azimuth_rad), math.sin(elevation_rad)
        toward = np.array([x, y, z])
        sh = irradiance(project_radiance(lambda ways: sky_radiance(ways, toward, turbidity)))
        red, green, blue = (sun_irradiance(toward, turbidity) / math.pi).tolist()
        return cls(sh.astype(np.float32), (x, y, z), (red, green, blue), _SUN_RADIUS).exposed()

    @classmethod
    def environment(cls, source: Path | str | NDArray[np.floating], turn_rad: float = 0.0) -> Self:
        """The light of an equirectangular picture, all of it: its dominant source, and the rest from all around.

        Args:
            source: An .hdr or .exr file, or linear radiance [H, 2H, 3]; see `environment` for how it lies.
            turn_rad: Turns the light about the vertical, counter-clockwise seen from above.

        Raises:
            UsageError: When the file is not there, or of another kind.
            InputError: When it cannot be read, or is no such picture.
            ValueError: When an array is no such picture.
        """
        picture = check_environment(source) if isinstance(source, np.ndarray) else read_environment(source)
        return cls(*split_picture(picture, turn_rad))

    @classmethod
    def harmonics(cls, sh: NDArray[np.floating]) -> Self:
        """Light known only as irradiance / pi [9, 3], such as a photo's, with as much of a sun as can be in it."""
        return cls(*split_harmonics(sh))

    def shown(self, normals: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return what a white matte surface facing `normals` [..., 3] shows, unshadowed, linear rgb [..., 3]."""
        facing = np.maximum(np.asarray(normals, np.float64) @ np.asarray(self.sun_direction), 0.0)
        around = np.maximum(sh_basis(normals) @ self.sh.astype(np.float64), 0.0)
        found: NDArray[np.float64] = around + facing[..., None] * np.asarray(self.sun_color)
        return found

    def exposed(self) -> Self:
        """Return this light as bright as the studio's: a white matte ball shows the camera in front as much light.

        Raises:
            ValueError: When nothing of it reaches what the camera sees.
        """
        ball = sphere_directions(2000)
        seen = np.maximum(-ball[:, 1], 0.0)
        own, studio = (float((light.shown(ball) @ LUMINANCE) @ seen) for light in (self, Lighting.studio()))
        if own <= 1e-12 * studio:
            raise ValueError("this light does not reach what the camera sees")
        gain = studio / own
        red, green, blue = (gain * channel for channel in self.sun_color)
        around = {name: (gain * sh).astype(np.float32) for name, sh in self.sh_of.items()}
        return replace(self, sh=(gain * self.sh).astype(np.float32), sun_color=(red, green, blue), sh_of=around)


@dataclass(frozen=True)
class Background:
    """What is behind the people.

    Attributes:
        kind: "plain" one colour, "gradient" two, "studio" a seamless paper sweep lit from above, "image" a picture,
            "transparent" nothing: `Frame.rgb` shows the people over black, `Frame.rgba` and `Frame.premultiplied` them.
        color: sRGB in [0, 1] of the plain colour, of the gradient's top, or of the paper where it is brightest.
        image: sRGB uint8 [H, W, 3] for "image"; scaled to cover the frame, cut at the longer side.
        ground: Strength in [0, 1] of the shadow that people throw onto the ground z = 0.
        color_below: sRGB in [0, 1] of the gradient's bottom.
    """

    kind: Literal["plain", "gradient", "studio", "image", "transparent"] = "studio"
    color: Rgb = (0.925, 0.922, 0.918)
    image: NDArray[np.uint8] | None = None
    ground: float = 1.0
    color_below: Rgb = (0.0, 0.0, 0.0)

    @classmethod
    def plain(cls, color: Rgb = (1.0, 1.0, 1.0), *, ground: float = 1.0) -> Self:
        """One sRGB colour."""
        return cls("plain", color, None, ground)

    @classmethod
    def gradient(cls, top: Rgb, bottom: Rgb, *, ground: float = 1.0) -> Self:
        """From one sRGB colour at the top to another at the bottom, in even steps to the eye."""
        return cls("gradient", top, None, ground, bottom)

    @classmethod
    def transparent(cls, *, ground: float = 1.0) -> Self:
        """Nothing but the shadow on the ground; 0 leaves that out too."""
        return cls("transparent", (0.0, 0.0, 0.0), None, ground)

    @classmethod
    def studio(cls, color: Rgb = (0.925, 0.922, 0.918), *, ground: float = 1.0) -> Self:
        """A seamless studio sweep."""
        return cls("studio", color, None, ground)

    @classmethod
    def picture(cls, image: NDArray[np.uint8], *, ground: float = 1.0) -> Self:
        """A photo, sRGB uint8 [H, W, 3]."""
        return cls("image", (1.0, 1.0, 1.0), image, ground)


@lru_cache(maxsize=1)
def _studio_fill() -> NDArray[np.float32]:
    return irradiance(project_radiance(studio_radiance)).astype(np.float32)


# overhead, frontal fill, floor bounce, two rims: where to, how sharp, how bright
_SOFT_BOXES: tuple[tuple[tuple[float, float, float], float, Rgb], ...] = (
    ((-0.1, -0.1, 1.0), 3.0, (0.62, 0.63, 0.65)),
    ((0.8, -0.7, 0.2), 2.0, (0.20, 0.22, 0.25)),
    ((-0.5, -0.9, 0.2), 2.0, (0.16, 0.155, 0.15)),
    ((0.0, -0.2, -1.0), 2.0, (0.22, 0.21, 0.20)),
    ((0.95, 0.6, 0.35), 6.0, (0.75, 0.79, 0.86)),
    ((-0.95, 0.6, 0.25), 6.0, (0.50, 0.50, 0.50)),
)


def studio_radiance(directions: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the radiance [N, 3] of the studio's soft boxes and room, without its key light."""
    total: NDArray[np.float64] = np.full((len(directions), 3), 0.09) * np.array([0.97, 1.0, 1.05])
    for toward, sharpness, color in _SOFT_BOXES:
        axis = np.array(toward) / np.linalg.norm(toward)
        total += np.exp(sharpness * (directions @ axis - 1.0))[:, None] * np.array(color)
    return total
