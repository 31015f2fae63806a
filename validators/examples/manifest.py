"""Examples that break the rules on template.json."""

from __future__ import annotations

from dressform.assets.template_version import TemplateVersion

from .broken import breaks, tampers
from .builder import Parts


@breaks("manifest.schema", at="template.json $.name")
def break_schema(parts: Parts) -> None:
    """A name that is none."""
    parts.manifest["name"] = "No Spaces Allowed!"


@breaks("manifest.licence", at="template.json $.licence")
def break_licence(parts: Parts) -> None:
    """A garment without a licence."""
    parts.manifest["licence"] = "LicenseRef-unstated"


@breaks("manifest.authors", at="template.json $.authors")
def break_authors(parts: Parts) -> None:
    """A garment that nobody made."""
    parts.manifest["authors"] = []


@breaks("manifest.sizes", at="template.json $.sizes")
def break_sizes(parts: Parts) -> None:
    """A size that is named and has no mesh."""
    parts.manifest["sizes"]["L"] = {"garment": "sizes/L/garment.glb"}


@breaks("manifest.paths", at="template.json $.files")
def break_paths(parts: Parts) -> None:
    """A path out of the folder."""
    parts.manifest["files"] = {"../../etc/passwd": {"sha256": "0" * 64, "size": 1}}


@tampers("manifest.files", at="preview.png")
def lose_a_file(version: TemplateVersion) -> None:
    """A version that lost its preview."""
    version.files["preview.png"].unlink()


@tampers("manifest.digests", at="preview.png")
def change_a_file(version: TemplateVersion) -> None:
    """A version whose preview was painted over."""
    file = version.files["preview.png"]
    file.chmod(0o644)
    file.write_bytes(file.read_bytes() + b" ")
