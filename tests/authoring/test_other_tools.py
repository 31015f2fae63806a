"""Exported files in other people's tools: the Khronos validator, three.js, model-viewer, Blender."""

from __future__ import annotations

import base64
import functools
import http.server
import io
import json
import os
import shutil
import subprocess
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from dressform.assets.files.garment import GarmentMesh, Material, MorphTarget, SourceSkin, Variant
from dressform.assets.files.glb import write_glb
from dressform.authoring.draft import Draft
from dressform.authoring.steps.clean import clean
from dressform.authoring.steps.export import export
from dressform.authoring.steps.import_mesh import ImportOptions, import_mesh
from dressform.authoring.steps.place import PlaceOptions, place
from dressform.authoring.steps.rig import RigOptions, rig
from dressform.authoring.steps.unwrap import UnwrapOptions, unwrap
from dressform.authoring.steps.update import update

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "tests" / "node"
GARMENTS = ("fedora", "female_casualsuit01", "female_sportsuit01", "male_casualsuit01", "male_casualsuit04",
            "male_worksuit01", "shoes01")  # fmt: skip


def node_folder() -> Path | None:
    """The folder whose node_modules hold gltf-validator, three and model-viewer."""
    named = os.environ.get("DRESSFORM_GLTF_VALIDATOR")
    tried = [Path(named)] if named else [ROOT / "build" / "node", ROOT]
    return next((folder for folder in tried if (folder / "node_modules" / "gltf-validator").is_dir()), None)


NODE = node_folder()
needs_node = pytest.mark.skipif(
    NODE is None or shutil.which("node") is None, reason="needs node and its tools: make node-tools"
)
needs_browser = pytest.mark.skipif(
    NODE is None or not (NODE / "node_modules" / "three").is_dir() or shutil.which("chromium") is None,
    reason="needs chromium and node's tools: make node-tools",
)
BLENDER = os.environ.get("DRESSFORM_BLENDER")


def with_everything(mesh: GarmentMesh) -> GarmentMesh:
    """A garment with two looks, a morph target and a skin of its own."""
    count = len(mesh.points)
    low = mesh.points[:, 2] < np.median(mesh.points[:, 2])
    rest = np.tile(np.eye(4, dtype=np.float32), (2, 1, 1))
    rest[:, 2, 3] = (0.9, 1.2)
    skin = SourceSkin(
        ("lower", "upper"), np.int32([-1, 0]), rest, np.where(low, 0, 1)[:, None].astype(np.int32),
        np.ones((count, 1), np.float32),
    )  # fmt: skip
    blue, red = Material("cloth", (0.05, 0.1, 0.5, 1.0)), Material("cloth, red", (0.6, 0.02, 0.02, 1.0))
    wide = MorphTarget("wide", (mesh.points * (0.3, 0.3, 0.0)).astype(np.float32))
    looks = (Variant("Signal red!", (1, 1)), Variant("Plain", (0, 1)))
    return replace(mesh, materials=(blue, red), morphs=(wide,), skin=skin, variants=looks)


@pytest.fixture(scope="module")
def drafts(tmp_path_factory: pytest.TempPathFactory, tee: GarmentMesh) -> dict[str, Draft]:
    """The same garment as it is imported and as it is rigged."""
    folder = tmp_path_factory.mktemp("other-tools")
    write_glb(folder / "tee.glb", with_everything(tee))
    made = {"imported": import_mesh(folder / "tee.glb", folder / "imported", ImportOptions(category="tee"))}
    draft = unwrap(clean(import_mesh(folder / "tee.glb", folder / "rigged", ImportOptions(category="tee"))))
    made["rigged"] = rig(place(draft, PlaceOptions(keep=True)), RigOptions(sweep="none", tune=False))
    return made


def findings(*files: Path) -> list[list[str]]:
    """Errors and warnings of the Khronos validator for each file."""
    script = (
        "const v = require('gltf-validator'), fs = require('fs');"
        "Promise.all(process.argv.slice(1).map(f => v.validateBytes(new Uint8Array(fs.readFileSync(f)))))"
        ".then(all => console.log(JSON.stringify(all.map(r => r.issues.messages.filter(m => m.severity < 2)"
        ".map(m => m.code + ' ' + m.pointer)))))"
    )
    words = ["node", "-e", script, *map(str, files)]
    done = subprocess.run(words, cwd=NODE, capture_output=True, text=True, check=True, timeout=120)
    found: list[list[str]] = json.loads(done.stdout)
    return found


@needs_node
def test_the_khronos_validator_finds_nothing(drafts: dict[str, Draft], tmp_path: Path) -> None:
    files = []
    for name, draft in drafts.items():
        files += [export(draft, tmp_path / f"{name}.glb"), export(draft, tmp_path / f"{name}-bare.glb", skin=False)]
    assert findings(*files) == [[]] * 4
    broken = bytearray(files[0].read_bytes())
    broken[broken.index(b'"JOINTS_0"') + 2] = ord("K")
    (tmp_path / "broken.glb").write_bytes(broken)
    assert findings(tmp_path / "broken.glb") != [[]]


@needs_node
def test_the_khronos_validator_finds_nothing_in_real_garments(garments: Path, tmp_path: Path) -> None:
    files = []
    for name in GARMENTS:
        source = next((garments / f"{name}" if (garments / name).is_dir() else garments / f"{name}01").glob("*.mhclo"))
        draft = import_mesh(source, tmp_path / name, ImportOptions())
        files.append(export(draft, tmp_path / f"{name}.glb"))
    assert findings(*files) == [[]] * len(files)


@needs_node
def test_the_khronos_validator_finds_nothing_in_the_shirt(shirt: Path, tmp_path: Path) -> None:
    draft = unwrap(import_mesh(shirt, tmp_path / "shirt", ImportOptions()), UnwrapOptions(color="navy"))
    assert findings(export(draft, tmp_path / "shirt.glb")) == [[]]


def seen(page: str, glb: Path, folder: Path, query: str = "") -> dict[str, Any]:
    """Open a page of tests/node on a GLB in a headless browser; what it reports, its pictures as RGB arrays."""
    assert NODE is not None
    (folder / "node_modules").symlink_to(NODE / "node_modules")
    shutil.copy(glb, folder / "garment.glb")
    shutil.copy(PAGES / page, folder / page)
    found: dict[str, Any] = {}
    told = threading.Event()

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            pass

        def do_POST(self) -> None:
            found.update(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()
            told.set()

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    flags = ["--headless", "--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--no-first-run"]
    words = [
        "chromium",
        *flags,
        f"--user-data-dir={folder}/profile",
        f"http://127.0.0.1:{server.server_port}/{page}{query}",
    ]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as browser:
        answered = told.wait(120)
        browser.terminate()
    server.shutdown()
    server.server_close()
    assert answered, "the browser did not report"
    pictures = {name: base64.b64decode(data.split(",")[1]) for name, data in found["pictures"].items()}
    found["pictures"] = {name: pixels(data) for name, data in pictures.items()}
    return found


def pixels(data: bytes) -> np.ndarray[Any, Any]:
    with Image.open(io.BytesIO(data)) as image:
        white = Image.new("RGBA", image.size, "white")
        white.alpha_composite(image.convert("RGBA"))
        return np.asarray(white.convert("RGB"), np.float32)


def cloth(picture: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Mean colour of what is not background, which must be a fair part of the picture."""
    worn = (picture < 250).any(axis=2)
    assert 0.03 < worn.mean() < 0.9
    return np.asarray(picture[worn].mean(axis=0))


@needs_browser
def test_three_js_shows_skin_morphs_and_variants(drafts: dict[str, Draft], tmp_path: Path) -> None:
    glb = export(drafts["rigged"], tmp_path / "tee.glb")
    (tmp_path / "web").mkdir()
    found = seen("three.html", glb, tmp_path / "web", "?bend=upperarm01.L")
    assert found["errors"] == []
    assert found["skinned"] == 1
    assert found["bones"] == len(drafts["rigged"].rig.joints)
    assert found["morphs"] == ["wide"]
    assert found["variants"] == ["Signal red!", "Plain"]
    low, high = np.array(found["box"])
    points = drafts["rigged"].mesh.points  # z up, facing -y, against glTF's y up, facing +z
    np.testing.assert_allclose(low, [points[:, 0].min(), points[:, 2].min(), -points[:, 1].max()], atol=1e-3)
    np.testing.assert_allclose(high, [points[:, 0].max(), points[:, 2].max(), -points[:, 1].min()], atol=1e-3)
    pictures = found["pictures"]
    own, red = cloth(pictures["own"]), cloth(pictures["variant Signal red!"])
    assert own[2] > own[0] + 20
    assert red[0] > red[2] + 20
    np.testing.assert_allclose(cloth(pictures["variant Plain"]), own, atol=1)
    for changed in ("morph wide", "bent"):
        moved = np.abs(pictures[changed] - pictures["variant Plain"]).max(axis=2) > 30
        assert 0.002 < moved.mean() < 0.5, changed
    left = np.abs(pictures["bent"] - pictures["variant Plain"]).max(axis=2) > 30
    half = left.shape[1] // 2  # the wearer's left is on the right of the picture, and the other sleeve stays
    assert left[:, :half].mean() < 0.05 * left[:, half:].mean()


@needs_browser
def test_model_viewer_offers_the_variants(drafts: dict[str, Draft], tmp_path: Path) -> None:
    glb = export(drafts["rigged"], tmp_path / "tee.glb")
    (tmp_path / "web").mkdir()
    found = seen("model-viewer.html", glb, tmp_path / "web")
    assert found["errors"] == []
    assert found["variants"] == ["Signal red!", "Plain"]
    own, red = cloth(found["pictures"]["own"]), cloth(found["pictures"]["variant"])
    assert own[2] > own[0] + 20
    assert red[0] > red[2] + 20


EDIT = """
import bpy, sys
source, target = sys.argv[-2:]
bpy.ops.wm.read_factory_settings(use_empty=True)
bpy.ops.import_scene.gltf(filepath=source, merge_vertices=True)
mesh = next(o for o in bpy.data.objects if o.type == "MESH" and o.name == "garment").data
held = [mesh.vertices] + [key.data for key in (mesh.shape_keys.key_blocks if mesh.shape_keys else [])]
high = [vertex.index for vertex in mesh.vertices if vertex.co.z > 1.3111]
for points in held:
    for number in high:
        points[number].co.x += 0.002
export = {"glb": bpy.ops.export_scene.gltf, "fbx": bpy.ops.export_scene.fbx, "obj": bpy.ops.wm.obj_export,
          "usdc": bpy.ops.wm.usd_export}[target.rsplit(".", 1)[1]]
export(filepath=target)
"""


@pytest.mark.skipif(BLENDER is None, reason="DRESSFORM_BLENDER names no Blender, nor a Python that has bpy")
@pytest.mark.parametrize("suffix", ["glb", "fbx", "obj", "usdc"])
def test_blender_gives_it_back(drafts: dict[str, Draft], tmp_path: Path, suffix: str) -> None:
    assert BLENDER is not None
    glb, edited = export(drafts["rigged"], tmp_path / "tee.glb"), tmp_path / f"edited.{suffix}"
    (tmp_path / "edit.py").write_text(EDIT)
    words = [BLENDER, "--background", "--python", str(tmp_path / "edit.py"), "--", str(glb), str(edited)]
    if "python" in Path(BLENDER).name:
        words = [BLENDER, str(tmp_path / "edit.py"), str(glb), str(edited)]
    subprocess.run(words, check=True, capture_output=True, timeout=300)
    shutil.copytree(drafts["rigged"].folder, tmp_path / "draft")
    draft = Draft.open(tmp_path / "draft")
    before = draft.mesh
    report = update(draft, edited).report("update")
    assert report["topology"] == "same"
    moved = report["changes"]
    assert moved["points_moved"] == int((before.points[:, 2] > 1.3111).sum())
    assert moved["furthest_mm"] == pytest.approx(2.0, abs=0.05)
    assert {"clean", "unwrap", "place", "rig"} <= {entry["step"] for entry in report["stands"]}
