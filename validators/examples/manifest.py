"""Examples that break the rules on template.json."""

from __future__ import annotations

from dressform.assets.store import Store
from dressform.assets.template_version import TemplateVersion
from dressform.schemas.documents import dump_json, load_json

from .broken import breaks, tampers
from .builder import Parts


@breaks("manifest.schema", at="template.json $.name")
def break_schema(parts: Parts) -> None:
    """A name that is none."""
    parts.manifest["name"] = "No Spaces Allowed!"


@breaks("manifest.sizes", at="template.json $.sizes")
def break_sizes(parts: Parts) -> None:
    """A size that is named and has no mesh."""
    parts.manifest["sizes"]["L"] = {"garment": "sizes/L/garment.glb"}


@breaks("manifest.size-file", at="$.sizes.M.garment", place={"size": "M"})
def break_size_file(parts: Parts) -> None:
    """A size that names another file than its mesh."""
    parts.manifest["sizes"]["M"]["garment"] = "sizes/M/old.glb"


@breaks("manifest.default-size", at="template.json $.default_size")
def break_default_size(parts: Parts) -> None:
    """A default size that the garment does not have."""
    parts.manifest["default_size"] = "XL"


def with_variant(parts: Parts) -> None:
    """Add a look in another colour."""
    parts.manifest["variants"] = {"navy": {"materials": {"fabric": {"base_color": [0.0, 0.0, 0.2, 1.0]}}}}


@breaks("manifest.variants", at="template.json $.variants.navy", prepare=with_variant)
def break_variants(parts: Parts) -> None:
    """A look that changes a material that is not there."""
    parts.manifest["variants"]["navy"]["materials"] = {"cotton": {"roughness": 0.5}}


def with_bodies(parts: Parts) -> None:
    """Name the body family of the rig."""
    parts.manifest["bodies"] = ["anny"]


@breaks("manifest.bodies", at="template.json $.bodies", prepare=with_bodies)
def break_bodies(parts: Parts) -> None:
    """A body family without a rig."""
    parts.manifest["bodies"] = ["anny", "smplx"]


def with_figures(parts: Parts) -> None:
    """State the figures of the mesh."""
    parts.manifest["mesh"] = {"points": 128, "triangles": 224, "charts": 1, "materials": ["fabric"]}


@breaks("manifest.figures", at="template.json $.mesh.triangles", prepare=with_figures)
def break_figures(parts: Parts) -> None:
    """Figures of a mesh that was replaced."""
    parts.manifest["mesh"]["triangles"] = 448


def with_metres_per_uv(parts: Parts) -> None:
    """State the length of a UV unit."""
    parts.manifest["metres_per_uv"] = {"uv0": 1.39, "uv1": 1.39}


@breaks("manifest.metres-per-uv", at="template.json $.metres_per_uv.uv0", prepare=with_metres_per_uv)
def break_metres_per_uv(parts: Parts) -> None:
    """The length of a UV unit in centimetres."""
    parts.manifest["metres_per_uv"]["uv0"] = 139.0


@breaks("manifest.paths", at="template.json $.files")
def break_paths(parts: Parts) -> None:
    """A path out of the folder."""
    parts.manifest["files"] = {"../../etc/passwd": {"sha256": "0" * 64, "bytes": 1}}


@breaks("manifest.portable", at="Preview.png")
def break_portable(parts: Parts) -> None:
    """Two pictures whose names differ in the case of a letter."""
    parts.files["Preview.png"] = b"another"


@tampers("manifest.files", at="preview.png")
def lose_a_file(version: TemplateVersion) -> None:
    """A version that lost its preview."""
    version.files["preview.png"].unlink()


@tampers("manifest.digests", at="preview.png")
def change_a_file(version: TemplateVersion) -> None:
    """A version whose preview was painted over."""
    file = version.files["preview.png"]
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.chmod(0o644)
    file.write_bytes(content)


@tampers("manifest.bytes", at="preview.png")
def cut_a_file(version: TemplateVersion) -> None:
    """A version whose preview was cut off."""
    file = version.files["preview.png"]
    file.chmod(0o644)
    file.write_bytes(file.read_bytes()[:-1])


@tampers("manifest.parts", at="template.json $.digests.topology")
def forge_a_digest(version: TemplateVersion) -> None:
    """A version that claims to have the triangles of another."""
    manifest = load_json(version.manifest_path)
    manifest["digests"]["topology"] = "0" * 64
    store = Store(version.manifest_path.parents[3])
    with store.writing():
        entry = store.ref(version.name)
        assert entry is not None
        entry["versions"][version.version]["manifest"] = store.add_bytes(dump_json(manifest))
        store.write_ref(version.name, entry)
