"""What a step's report says, in one line for the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

_SURE = 0.7  # a placement that is trusted less wants to be looked at, as the rule place.confidence says


def next_step(folder: Path, reports: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the end of the line that closes a build: what to look at or to do next."""
    confidence = reports.get("place", {}).get("confidence", 1.0)
    if confidence < _SURE:
        return f"; look at {folder / 'place.png'}: its place has a confidence of {confidence:.2f}"
    return f"; next: dressform library publish {folder}" if "preview" in reports else ""


def summary(step: str, report: Mapping[str, Any]) -> str:
    """Say the gist of a step's report in one line."""
    if step == "import":
        return (
            f"{report['vertices']} vertices, {report['triangles']} triangles; "
            f"{report['metres_per_unit']:g} m per unit ({report['units_reason']}); "
            f"{report['up']} up ({report['up_reason']}); {report['category']} ({report['category_reason']})"
            + "".join(f"; note: {note}" for note in report["notes"])
        )
    if step == "clean":
        kept = ("vertices", "triangles", "openings", "polygons", "piece_count", "thick_pieces")
        changes = [
            f"{count} {name.replace('_', ' ')}"
            for name, count in report.items()
            if isinstance(count, int) and count and name not in kept
        ]
        names = ", ".join(piece["name"] for piece in report["pieces"][:6]) + (
            ", …" if report["piece_count"] > 6 else ""
        )
        found = f"{report['piece_count']} pieces ({names}), {report['openings']} openings"
        thick = f"; {report['thickness_mm']:.1f} mm thick" if report["thick_pieces"] else ""
        notes = "".join(f"; note: {note}" for note in report["notes"])
        return f"{', '.join(changes) or 'nothing to mend'}; {found}{thick}{notes}"
    if step == "unwrap":
        return (
            f"{report['charts']} charts ({report['uv1_reason']}), anisotropy {report['anisotropy_mean']:.2f}, "
            f"{report['utilisation']:.0%} used, {report['flipped']} flipped, {report['overlaps']} overlaps"
        )
    if step == "place":
        return f"confidence {report['confidence']:.2f}: {report['reason']}"
    if step == "drape":
        return (
            f"settled after {report['frames']} frames; stretch {report['stretch_p95_percent']:.1f} % "
            f"(95th percentile), {report['penetrating_percent']:.2f} % inside the body, "
            f"{report['crossing_triangles']} triangles cross"
        )
    if step == "rig":
        return (
            f"{report['matched']:.0%} of the points matched, {report['inpainted']:.0%} solved for; "
            f"hides {report['hidden_fraction']:.0%} of the body" + _sweep_gist(report)
        )
    if step == "rig-smplx":
        return (
            f"{report['matched']:.0%} of the points matched, hides {report['hidden_fraction']:.0%} of the body; "
            f"grown to {report['size']:.0%}, strain {report['strain_of_size_p95']:.1%} (95th percentile), "
            f"{report['penetrating']:.1%} inside the skin"
        )
    if step == "lod":
        levels = [
            f"level {each['level']}: {each['triangles']} triangles, at most {each['hausdorff_mm']:.1f} mm off"
            for each in report["levels"]
        ]
        return "; ".join(levels)
    return ", ".join(report["files"])


def _sweep_gist(report: Mapping[str, Any]) -> str:
    """Say what the pose sweep found, or nothing where there was none."""
    if "poses_gist" not in report:
        return ""
    gist, worst = report["poses_gist"], report["worst_pose"]
    bodies = len({check["body"] for check in report["poses"]})
    over = f"{len(report['poses']) // max(bodies, 1)} poses on {bodies} bodies"
    return (
        f"; over {over} stretch p95 {gist['stretch_p95_mean']:.0%}, penetrating "
        f"{gist['penetrating_mean']:.1%} ({gist['penetrating_after_mean']:.1%} after push-out), "
        f"worst: {worst['pose'].replace('_', ' ')}, {worst['body']}"
    )
