"""Garments rigged to stand-ins for SMPL-X: one of the canonical body's size, one taller and heavier."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from dressform.__main__ import run_command
from dressform.assets.files.garment import GarmentMesh, Part
from dressform.assets.files.rig import Rig
from dressform.authoring.draft import Draft
from dressform.authoring.steps._body_wrap import Wrap, wrap
from dressform.authoring.steps._rig_other_body import OtherBodyReport, rig_to_other_body
from dressform.authoring.steps._rig_overrides import Corrections
from dressform.authoring.steps.place import place_mesh
from dressform.authoring.steps.rig import RigOptions
from dressform.authoring.steps.rig_smplx import rig_smplx
from dressform.cli import cli
from dressform.runtime.avatar.make import make_smplx_avatar
from dressform.runtime.body.canonical import canonical_rest
from dressform.runtime.body.protocol import Pose, RestBody
from dressform.runtime.body.skinning import skin
from dressform.runtime.body.smplx_body import load_smplx
from dressform.runtime.garment.shape_transfer import Binding, unbind
from dressform.runtime.geometry.adjacency import edges
from dressform.schemas.errors import AssetError, InputError

pytest.importorskip("smplx", reason="the smplx package is not installed (pip install 'dressform[smplx]')")

STANDIN = Path(__file__).parents[2] / "runtime" / "body" / "smplx_standin.py"
QUICK = RigOptions(tune=False, sweep="none")


def _standin() -> ModuleType:
    spec = importlib.util.spec_from_file_location("smplx_standin", STANDIN)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder, standin = tmp_path_factory.mktemp("smplx"), _standin()
    files = {"like": folder / "SMPLX_NEUTRAL.npz", "other": folder / "SMPLX_MALE.npz"}
    standin.write_standin(files["like"])
    standin.write_other_standin(files["other"])
    return files


@pytest.fixture(scope="module")
def bodies(models: dict[str, Path]) -> dict[str, RestBody]:
    return {name: load_smplx(path).rest({}) for name, path in models.items()}


@pytest.fixture(scope="module")
def wraps(bodies: dict[str, RestBody]) -> dict[str, Wrap]:
    canonical = canonical_rest()
    return {name: wrap(canonical, rest.rested(canonical.rest_pose())) for name, rest in bodies.items()}


@pytest.fixture(scope="module", autouse=True)
def wrapped_once(bodies: dict[str, RestBody], wraps: dict[str, Wrap]) -> Iterator[None]:
    """Let the same two bodies be wrapped once for all tests."""
    known = {
        float(rest.rested(canonical_rest().rest_pose()).vertices.sum()): wraps[name] for name, rest in bodies.items()
    }

    def remembered(canonical: RestBody, other: RestBody) -> Wrap:
        found = known.get(float(other.vertices.sum()))
        return wrap(canonical, other) if found is None else found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dressform.authoring.steps._rig_other_body.wrap", remembered)
        yield


@pytest.fixture(scope="module")
def worn_tee(tee: GarmentMesh) -> GarmentMesh:
    return place_mesh(tee, "tee", canonical_rest()).mesh


@pytest.fixture(scope="module")
def rigs(worn_tee: GarmentMesh, bodies: dict[str, RestBody]) -> dict[str, tuple[Rig, OtherBodyReport]]:
    return {name: rig_to_other_body(worn_tee, rest, QUICK) for name, rest in bodies.items()}


def in_own_pose(rig: Rig, rest: RestBody) -> NDArray[np.float32]:
    """The garment's points on a body that takes the pose it was made in."""
    binding = Binding(rig.binding_triangles, rig.binding_barycentrics, rig.binding_offsets)
    points = unbind(binding, rest.vertices, rest.body.faces)
    return skin(points, rig.joint_indices, rig.joint_weights, rest.skin_transforms(canonical_rest().rest_pose()))


def strain(points: NDArray[Any], own: NDArray[Any], faces: NDArray[Any]) -> NDArray[np.float64]:
    pairs = edges(faces).vertices
    now, before = (np.linalg.norm(p[pairs[:, 0]] - p[pairs[:, 1]], axis=1) for p in (points, own))
    return np.asarray(np.abs(now / before - 1), np.float64)


def test_a_body_skinned_anew_moves_as_before(bodies: dict[str, RestBody]) -> None:
    rest = bodies["other"]
    dressing = rest.rested(canonical_rest().rest_pose())
    np.testing.assert_allclose(dressing.posed_vertices(dressing.rest_pose()), dressing.vertices, atol=1e-5)
    pose = Pose.t_pose()
    np.testing.assert_allclose(dressing.posed_joints(pose), rest.posed_joints(pose), atol=1e-5)
    before, after = rest.skin_transforms(pose), dressing.skin_transforms(pose)
    np.testing.assert_allclose(after @ rest.skin_transforms(canonical_rest().rest_pose()), before, atol=1e-5)
    with pytest.raises(ValueError, match="share a bend"):
        canonical_rest().rested(pose)


@pytest.mark.parametrize(("name", "most_mm"), [("like", 8), ("other", 40)])
def test_the_canonical_skin_finds_its_place_on_the_other(
    bodies: dict[str, RestBody], wraps: dict[str, Wrap], name: str, most_mm: float
) -> None:
    canonical, rest = canonical_rest(), bodies[name]
    dressing = rest.rested(canonical.rest_pose())
    laid = wraps[name]
    assert laid.residual_p95 < 0.003
    # the stand-ins number their vertices as the canonical body does, which the wrap does not look at
    off = np.linalg.norm(laid.wrapped - dressing.vertices, axis=1)
    trunk_and_limbs = ~np.isin(canonical.vertex_segments, [15, 20, 21])
    assert np.quantile(off[trunk_and_limbs], 0.95) < most_mm / 1000
    assert np.median(off) < 0.008


def test_on_a_body_of_like_size_cloth_keeps_its_size(
    rigs: dict[str, tuple[Rig, OtherBodyReport]], bodies: dict[str, RestBody], worn_tee: GarmentMesh
) -> None:
    rig, report = rigs["like"]
    assert (rig.body, rig.body_digest) == ("smplx", bodies["like"].body.topology_digest)
    assert np.quantile(strain(in_own_pose(rig, bodies["like"]), worn_tee.points, worn_tee.faces), 0.95) < 0.05
    assert abs(report.size - 1) < 0.03
    assert report.penetrating < 0.005
    assert rig.hide.any()
    assert not any(rig.joints[j].startswith(("left_index", "jaw")) for j in np.unique(rig.joint_indices))


def test_on_a_bigger_body_it_grows_and_keeps_its_shape(
    rigs: dict[str, tuple[Rig, OtherBodyReport]], bodies: dict[str, RestBody], worn_tee: GarmentMesh
) -> None:
    rig, report = rigs["other"]
    assert 1.02 < report.size < 1.15
    assert report.penetrating < 0.005
    points = in_own_pose(rig, bodies["other"])
    assert np.quantile(strain(points, report.size * worn_tee.points, worn_tee.faces), 0.95) < 0.08
    shoulders = bodies["other"].posed_joints(canonical_rest().rest_pose())[[16, 17], 2].mean()
    own = canonical_rest().canonical_joints()[[16, 17], 2].mean()
    assert points[:, 2].max() - shoulders == pytest.approx(worn_tee.points[:, 2].max() - own, abs=0.03)


def test_rigid_parts_keep_their_shape(worn_tee: GarmentMesh, bodies: dict[str, RestBody]) -> None:
    parts = np.zeros(len(worn_tee.faces), np.int32)
    centers = worn_tee.points[worn_tee.faces].mean(axis=1)
    chest = centers[np.argmin(np.abs(centers[:, 0]) + np.abs(centers[:, 2] - 1.25) + 2 * centers[:, 1])]
    parts[np.linalg.norm(centers - chest, axis=1) < 0.04] = 1
    assert (parts == 1).sum() > 5
    mesh = dataclasses.replace(worn_tee, parts=(Part("cloth"), Part("badge", rigid=True)), part_ids=parts)
    rig, _ = rig_to_other_body(mesh, bodies["other"], QUICK)
    badge = mesh.faces[parts == 1]
    assert strain(in_own_pose(rig, bodies["other"]), mesh.points, badge).max() < 1e-3


def test_corrections_mean_the_canonical_body(worn_tee: GarmentMesh, bodies: dict[str, RestBody]) -> None:
    low = {"box": {"low": [-1, -1, 0], "high": [1, 1, 1.0]}, "rigid": "spine05"}
    rig, report = rig_to_other_body(worn_tee, bodies["other"], QUICK, corrections=Corrections((low,)))
    told = worn_tee.points[:, 2] <= 1.0
    assert told.any()
    assert report.rig.corrected == pytest.approx(told.mean())
    spine = rig.joints.index("spine1")  # the canonical joint that the bone spine05 follows
    assert (rig.joint_indices[told, 0] == spine).all()
    assert (rig.joint_weights[told, 0] == 1).all()


def test_a_body_that_is_none_is_refused(
    worn_tee: GarmentMesh, bodies: dict[str, RestBody], wraps: dict[str, Wrap], monkeypatch: pytest.MonkeyPatch
) -> None:
    far = dataclasses.replace(wraps["like"], residual_p95=0.05)
    monkeypatch.setattr("dressform.authoring.steps._rig_other_body.wrap", lambda canonical, other: far)
    with pytest.raises(InputError, match="50 mm off, needed 20"):
        rig_to_other_body(worn_tee, bodies["like"], QUICK)


def test_from_the_draft_to_a_frame(
    tube_library: Path,
    models: dict[str, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    draft = shutil.copytree(tube_library.parent / "draft", tmp_path / "draft")
    steps = json.loads((draft / "steps.json").read_text())["steps"]
    (draft / "steps.json").write_text(
        json.dumps({"steps": [{"options": {}, "report": {}, "seconds": 0.0, "files": {}, **step} for step in steps]})
    )
    monkeypatch.setenv("DRESSFORM_LIBRARY", str(tmp_path / "library"))
    make_smplx_avatar(models["other"]).save(tmp_path / "avatar.json")

    def run(*words: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as exit_:
            run_command(cli, "dressform", [str(word) for word in words])
        out, err = capsys.readouterr()
        return int(exit_.value.code or 0), out, err

    render = ("render", tmp_path / "avatar.json", "--wear", "tube", "-o", tmp_path / "out.mp4")
    render = (*render, "--size", "64x96", "--seconds", "0.1")
    assert run("library", "publish", draft)[0] == 0
    code, _, err = run(*render)
    assert code == 1
    assert "dressform garment rig DRAFT --smplx FILE" in err
    before = (draft / "rig.anny.safetensors").read_bytes()
    code, out, _ = run("garment", "rig", draft, "--smplx", models["other"])
    assert (code, out.split(":")[0]) == (0, "rig-smplx")
    assert (draft / "rig.anny.safetensors").read_bytes() == before
    code, out, _ = run("library", "publish", draft)
    assert code == 0
    assert "(for anny, smplx)" in out
    assert "minor: body family smplx was added" in out
    code, _, err = run(*render)
    assert code == 0, err
    assert (tmp_path / "out.mp4").stat().st_size > 0
    # moving the cloth takes the rigs back
    moved = Draft.open(draft)
    mesh = moved.mesh
    moved.commit_step("place", {}, {}, mesh=dataclasses.replace(mesh, points=mesh.points + np.float32(0.001)))
    assert not (draft / "rig.smplx.safetensors").exists()
    with pytest.raises(AssetError, match="dressform garment rig"):
        rig_smplx(Draft.open(draft), models["other"])
