"""Rig to SMPL-X: the garment's second rig, for avatars of the user's own licensed model file.

What the draft keeps of that file are triangle numbers, barycentrics, weights and the names of joints, and how far the
cloth stands off; no vertex of the model.
"""

from __future__ import annotations

import time
from dataclasses import fields
from pathlib import Path
from typing import Any

from dressform.assets.files.rig_file import rig_bytes
from dressform.assets.hashing import file_sha256
from dressform.authoring.draft import Draft
from dressform.runtime.body.smplx_body import load_smplx
from dressform.schemas.errors import AssetError
from dressform.schemas.progress import Progress, silent

from ._rig_other_body import rig_to_other_body
from .rig import RigOptions, kept_corrections

STEP = "rig-smplx"
RIG_FILE = "rig.smplx.safetensors"


def rig_smplx(draft: Draft, model: Path, *, progress: Progress = silent) -> Draft:
    """Rig a draft's garment to SMPL-X, with the options and corrections of its first rig, which stays as it is.

    Args:
        draft: With the step rig done.
        model: An SMPL-X model file (.npz), of the gender that the garment is for, or neutral.
        progress: Told how far it is.
    """
    begun = time.perf_counter()
    if not draft.has("rig"):
        raise AssetError(f"{draft.folder} has no rig to add to; run `dressform garment rig {draft.folder}` first")
    progress(0.0, "reading the model")
    rest = load_smplx(model).rest({})
    made, report = rig_to_other_body(
        draft.mesh,
        rest,
        _options(draft),
        corrections=kept_corrections(draft),
        further={size: draft.mesh_of(size) for size in draft.further_sizes},
        progress=progress,
    )
    return draft.commit_step(
        STEP,
        {"model": model.name, "model_sha256": file_sha256(model)},
        report.to_json(),
        files={RIG_FILE: rig_bytes(made)},
        seconds=time.perf_counter() - begun,
    )


def _options(draft: Draft) -> RigOptions:
    """Return what the draft's garment was rigged with."""
    recorded: dict[str, Any] = next(step["options"] for step in draft.steps if step["step"] == "rig")
    known = {field.name for field in fields(RigOptions)}
    return RigOptions(**{name: value for name, value in recorded.items() if name in known})
