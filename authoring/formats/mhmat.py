"""MakeHuman materials (.mhmat): colours, textures and transparency as a PBR material."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dressform.assets.files.garment import Material

from .raw import Conversion, Outcome, beside, check_size, read_image

_LIKE_PAPER = 0.9  # roughness where the file says nothing
_PLAIN = 0.906  # sRGB of the linear 0.8 that a material has where nothing is said
_DEEP = 4.0  # slope of a bump map from black to white over one pixel, at full intensity
_DROPPED = {
    "specularmapTexture": "a specular map has no place in metallic-roughness; the shininess is kept as roughness",
    "displacementmapTexture": "displacement would change the mesh; bake it into the normal map",
}


class MhMaterial:
    """Reads one .mhmat; what it read and what became of it is to be had afterwards.

    Attributes:
        companions: The files that were read.
        record: What was kept, converted and dropped.
        notes: What is missing.
    """

    def __init__(self, path: Path) -> None:
        self.companions: list[Path] = []
        self.record: list[Conversion] = []
        self.notes: list[str] = []
        self._path = path
        self._keys: dict[str, str] = {}

    def read(self, name: str) -> Material:
        """Return the material; without its file it is plain.

        Args:
            name: Of the garment, for a material without one.
        """
        if not self._path.is_file():
            self.notes.append(f"material {self._path.name} is not there; the garment gets a plain look")
            self._say(self._path.name, "dropped", "it is not there; the garment gets a plain look")
            return Material(name=name)
        check_size(self._path)
        self.companions.append(self._path)
        for line in self._path.read_text(encoding="utf-8", errors="replace").splitlines():
            words = line.split(maxsplit=1)
            if len(words) == 2 and not words[0].startswith("#"):
                self._keys.setdefault(words[0], words[1].strip())
        record: dict[str, Any] = {}
        images: list[bytes] = []
        base = self._base_color(record)
        normal = self._normal(record)
        self._more(record, images)
        if self._keys.get("backfaceCull", "").lower() == "true":
            self._say("backfaceCull", "converted", "cloth is seen from both sides, at openings its inside shows")
        for key, why in _DROPPED.items():
            if key in self._keys:
                self._say(f"{key} {self._keys[key]}", "dropped", why)
        colour = self._numbers("diffuseColor", 3) or (1.0,) * 3
        if base is None and min(colour) == 1.0:  # white is meant for the texture, which is not there
            colour = (_PLAIN,) * 3
        red, green, blue = (_linear(value) for value in colour)
        material = Material(
            name=self._keys.get("name", name),
            base_color=(red, green, blue, min(1.0, max(0.0, (self._numbers("opacity", 1) or (1.0,))[0]))),
            base_color_image=base,
            normal_image=normal,
            roughness=1.0 - min(1.0, max(0.0, (self._numbers("shininess", 1) or (1 - _LIKE_PAPER,))[0])),
            record=record,
            images=tuple(images),
        )
        self._say(f"material {material.name}", "converted", "MakeHuman's colours and shininess as metallic-roughness")
        return material

    def _say(self, what: str, outcome: Outcome, why: str) -> None:
        self.record.append(Conversion(what, outcome, why))

    def _numbers(self, key: str, count: int) -> tuple[float, ...] | None:
        """Return a key's numbers, or None when it is missing or holds others."""
        words = self._keys.get(key, "").split()
        try:
            values = tuple(float(word) for word in words)
        except ValueError:
            values = ()
        if len(values) == count and np.isfinite(values).all():
            return values
        if words:
            self._say(f"{key} {self._keys[key]}", "dropped", f"needed {count} numbers")
        return None

    def _image(self, key: str) -> bytes | None:
        if key not in self._keys:
            return None
        before = len(self.notes)
        image = read_image(self._path, self._keys[key], self.notes, self.companions)
        found = len(self.notes) == before
        self._say(f"{key} {self._keys[key]}", "kept" if found else "dropped", "" if found else "the file is not there")
        return image

    def _base_color(self, record: dict[str, Any]) -> bytes | None:
        """Return the diffuse texture, a transparency map laid into its alpha."""
        base, mask = self._image("diffuseTexture"), self._image("transparencymapTexture")
        if self._keys.get("transparent", "").lower() == "true":
            record["alphaMode"] = "BLEND"
        if base is None or mask is None:
            return base
        with Image.open(io.BytesIO(base)) as picture, Image.open(io.BytesIO(mask)) as alpha:
            joined = picture.convert("RGB")
            joined.putalpha(alpha.convert("L").resize(joined.size))
        self._say("transparencymapTexture", "converted", "it is the base colour's alpha")
        return _png(joined)

    def _normal(self, record: dict[str, Any]) -> bytes | None:
        """Return the normal map, or one made of the bump map."""
        normal = self._image("normalmapTexture")
        if normal is not None:
            (strength,) = self._numbers("normalmapIntensity", 1) or (1.0,)
            if strength != 1:
                record["normalTexture"] = {"scale": strength}
            return normal
        bump = self._image("bumpmapTexture")
        if bump is None:
            return None
        (strength,) = self._numbers("bumpmapIntensity", 1) or (1.0,)
        with Image.open(io.BytesIO(bump)) as picture:
            height = np.asarray(picture.convert("L"), np.float32) / 255
        self._say("bumpmapTexture", "converted", "it became a normal map")
        return _png(Image.fromarray(_slopes(height, _DEEP * strength), "RGB"))

    def _more(self, record: dict[str, Any], images: list[bytes]) -> None:
        """Add ambient occlusion and glow."""
        shade = self._image("aomapTexture")
        if shade is not None:
            (strength,) = self._numbers("aomapIntensity", 1) or (1.0,)
            record["occlusionTexture"] = {"index": len(images), "strength": min(1.0, max(0.0, strength))}
            images.append(shade)
        glow = self._numbers("emissiveColor", 3)
        if glow is not None and any(glow):
            record["emissiveFactor"] = [min(1.0, max(0.0, _linear(value))) for value in glow]


def material_of(mhclo: Path, named: str, garment: str) -> tuple[Material, MhMaterial]:
    """Read the material that a .mhclo names; returns it with its reader."""
    reader = MhMaterial(beside(mhclo, named))
    return reader.read(garment), reader


def _linear(srgb: float) -> float:
    value = min(1.0, max(0.0, srgb))
    return value / 12.92 if value <= 0.04045 else float(((value + 0.055) / 1.055) ** 2.4)


def _slopes(height: NDArray[np.floating], strength: float) -> NDArray[np.uint8]:
    """Return the tangent-space normal map [H, W, 3] of heights [H, W] in [0, 1]; the texture repeats."""
    across = (np.roll(height, -1, axis=1) - np.roll(height, 1, axis=1)) * 0.5 * strength
    down = (np.roll(height, -1, axis=0) - np.roll(height, 1, axis=0)) * 0.5 * strength
    normal = np.stack([-across, down, np.ones_like(height)], axis=-1)
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    return np.asarray(np.round((normal * 0.5 + 0.5) * 255), np.uint8)


def _png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()
