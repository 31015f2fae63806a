"""What the Khronos validator finds in a garment's files, merged."""

from __future__ import annotations

from collections.abc import Iterator

from dressform.schemas.report import Severity
from dressform.validators.rule import Defect, NotTestableError, Rule
from dressform.validators.subject import Subject

_ERROR, _WARNING = 0, 1
# glTF 2.0 says how a viewer makes tangents that a file leaves out (MikkTSpace, 3.7.2.1), and every one does; files
# are smaller without them.
_NO_MATTER = ("MESH_PRIMITIVE_GENERATED_TANGENT_SPACE",)


def has_no_errors(subject: Subject) -> Iterator[Defect]:
    """Files in which the Khronos validator finds an error: other tools may not open them."""
    yield from _merged(subject, _ERROR)


def has_no_warnings(subject: Subject) -> Iterator[Defect]:
    """Files in which the Khronos validator finds something to warn of: other tools may show them differently."""
    yield from _merged(subject, _WARNING)


def _merged(subject: Subject, severity: int) -> Iterator[Defect]:
    """Yield a defect for every file and code, at the first place where it was found."""
    if not subject.khronos:
        raise NotTestableError("it has no GLB")
    for path, issues in subject.khronos.items():
        here = [issue for issue in issues if issue.severity == severity and issue.code not in _NO_MATTER]
        for code in sorted({issue.code for issue in here}):
            alike = [issue for issue in here if issue.code == code]
            more = f" (and {len(alike) - 1} more)" if len(alike) > 1 else ""
            at = f"{path}#{alike[0].pointer}" if alike[0].pointer else path
            size = path.split("/")[1] if path.startswith("sizes/") else None
            place: dict[str, object] | None = None if size is None else {"size": size}
            yield Defect(f"{code}: {alike[0].message}{more}", at, len(alike), place)


_CURE = "import the garment again; docs at github.com/KhronosGroup/glTF-Validator/blob/main/ISSUES.md tell each code"
RULES = (
    Rule("DF-GLTF-001", "gltf.error", Severity.ERROR, ("mesh",), _CURE, has_no_errors),
    Rule("DF-GLTF-002", "gltf.warning", Severity.WARNING, ("mesh",), _CURE, has_no_warnings),
)
