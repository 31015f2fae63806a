"""MTL, the materials of an OBJ, with the usual PBR additions."""

from __future__ import annotations

import math
from pathlib import Path

from dressform.schemas.errors import InputError

from .pieces import Findings
from .raw import check_size
from .shading import Look, Role, Texture, is_normal_map, texture_file, unit

# how many values follow the options that MTL allows before a texture's file name
_OPTIONS = {"-blendu": 1, "-blendv": 1, "-bm": 1, "-boost": 1, "-cc": 1, "-clamp": 1, "-imfchan": 1, "-mm": 2}
_OPTIONS |= {"-o": 3, "-s": 3, "-t": 3, "-texres": 1, "-type": 1}
_ROLES: dict[str, Role] = {
    "map_kd": "color",
    "norm": "normal",
    "map_kn": "normal",
    "map_bump": "bump",
    "bump": "bump",
    "map_pr": "roughness",
    "map_pm": "metallic",
    "map_ke": "emissive",
    "map_d": "opacity",
    "map_tr": "opacity",
    "map_ao": "occlusion",
}
_SILENT = {"ka", "ni", "illum", "sharpness", "map_aat", "aniso", "anisor"}
_COAT = "KHR_materials_clearcoat"
_CHANNELS = {"r": "r", "g": "g", "b": "b", "m": "a", "l": "", "z": ""}


def decoded(raw: bytes) -> str:
    """Read text as UTF-8, and as Latin-1 where it is not."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def read_mtl(path: Path, found: Findings) -> dict[str, Look]:
    """Read every material of a file.

    Args:
        path: The .mtl file; textures lie beside it.
        found: Takes what is dropped, missing or converted.
    """
    check_size(path)
    looks: dict[str, Look] = {}
    current: Look | None = None
    text = decoded(path.read_bytes().removeprefix(b"\xef\xbb\xbf"))
    for number, line in enumerate(text.replace("\\\r\n", " ").replace("\\\n", " ").splitlines(), 1):
        key, _, rest = line.strip().replace("\t", " ").partition(" ")
        rest = rest.strip()
        if not key or key.startswith("#"):
            continue
        if key.lower() == "newmtl":
            current = looks[rest or "fabric"] = Look(name=rest or "fabric")
        elif current is not None:
            try:
                _add(current, path, key.lower(), rest, found)
            except (ValueError, IndexError):
                raise InputError(
                    f"{path}: line {number} (`{line.strip()[:40]}`) is no valid material property; export it again"
                ) from None
    for look in looks.values():
        if look.extensions.get(_COAT, {}).get("clearcoatFactor", 0) == 0:
            look.extensions.pop(_COAT, None)
    return looks


def _add(look: Look, path: Path, key: str, rest: str, found: Findings) -> None:
    if key in _ROLES:
        _add_texture(look, path, key, rest, found)
        return
    values = rest.split()
    if key == "kd":
        # with a texture, exporters write Kd 0.8 or 0 without meaning it as a factor
        look.color = _rgb(values) if "color" not in look.textures else look.color
    elif key == "d":
        look.opacity = unit(float(values[-1]))
    elif key == "tr":
        look.opacity = 1.0 - unit(float(values[-1]))
    elif key == "pr":
        look.roughness = unit(float(values[0]))
    elif key == "pm":
        look.metallic = unit(float(values[0]))
    elif key == "ke":
        look.emissive = _rgb(values)
    elif key == "ps":
        look.sheen = (unit(float(values[0])),) * 3
    elif key in ("pc", "pcr"):
        coat = look.extensions.setdefault(_COAT, {})
        coat["clearcoatFactor" if key == "pc" else "clearcoatRoughnessFactor"] = unit(float(values[0]))
    elif key in ("ks", "ns", "tf"):
        found.left_out(f"{key.capitalize()} of {look.name}", "a Phong value; roughness and metallic say how it shines")
    elif key not in _SILENT:
        found.dropped(f"{key} of {look.name}", "no property that is known")


def _rgb(values: list[str]) -> tuple[float, float, float]:
    if values[0] in ("spectral", "xyz"):
        raise ValueError
    red = unit(float(values[0]))
    return (red, unit(float(values[1])), unit(float(values[2]))) if len(values) > 2 else (red, red, red)


def _add_texture(look: Look, path: Path, key: str, rest: str, found: Findings) -> None:
    texture, name = _options(rest)
    image = texture_file(path, name, found, f"texture {key} of {look.name}")
    if image is None:
        return
    role = _ROLES[key]
    if role == "bump" and is_normal_map(image):
        role = "normal"
    if role == "color":
        look.color = (1.0, 1.0, 1.0)
    if role == "emissive" and not any(look.emissive):
        look.emissive = (1.0, 1.0, 1.0)
    look.textures[role] = Texture(
        image,
        scale=texture.scale,
        offset=texture.offset,
        wrap=texture.wrap,
        channel=texture.channel if role not in ("color", "normal", "emissive") else "",
        strength=texture.strength,
        inverted=key == "map_tr",
    )


def _options(rest: str) -> tuple[Texture, str]:
    """Part a texture's options from its file name, which may hold spaces."""
    words = rest.split(" ")
    scale, offset, wrap, channel, strength = (1.0, 1.0), (0.0, 0.0), "repeat", "", 1.0
    while words and (words[0] == "" or words[0].lower() in _OPTIONS):
        option = words.pop(0).lower()
        if not option:
            continue
        values = _values(words, _OPTIONS[option], texts=option in ("-clamp", "-imfchan", "-type", "-cc"))
        if option == "-clamp":
            wrap = "clamp" if values[0].lower() == "on" else "repeat"
        elif option == "-imfchan":
            channel = _CHANNELS.get(values[0].lower(), "")
        elif option in ("-s", "-o", "-bm"):
            numbers = [float(v) for v in values]
            if not all(map(math.isfinite, numbers)):
                raise ValueError
            if option == "-bm":
                strength = numbers[0]
            elif option == "-s":
                scale = (numbers[0], numbers[1] if len(numbers) > 1 else 1.0)
            else:
                offset = (numbers[0], numbers[1] if len(numbers) > 1 else 0.0)
    name = " ".join(words).strip().strip('"')
    if not name:
        raise ValueError
    return Texture(b"", scale=scale, offset=offset, wrap=(wrap, wrap), channel=channel, strength=strength), name


def _values(words: list[str], most: int, *, texts: bool) -> list[str]:
    """Take the values of an option; -s, -o and -t may have one, two or three."""
    taken: list[str] = []
    while words and len(taken) < most:
        if words[0] and not texts:
            try:
                float(words[0])
            except ValueError:
                break
        word = words.pop(0)
        if word:
            taken.append(word)
    if not taken:
        raise ValueError
    return taken
