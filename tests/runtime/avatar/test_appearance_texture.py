from types import SimpleNamespace

import numpy as np
import pytest

from dressform.runtime.avatar.appearance import build_appearance
from dressform.runtime.avatar.base_layer import BASE_LAYER_COLOUR
from dressform.runtime.avatar.body_canvas import _make_canvas, _mask_pictures, body_canvas
from dressform.runtime.avatar.colours import linear_to_bytes
from dressform.runtime.avatar.uv_raster import rasterise_uv
from dressform.runtime.body.anny_body import load_anny
from dressform.runtime.body.joints import JOINT_INDEX
from dressform.runtime.render.colour import linear_to_srgb, srgb_to_linear

TONE = np.array([0.5, 0.3, 0.2], np.float32)
HAIR = np.array([0.03, 0.018, 0.012], np.float32)


@pytest.fixture(scope="module")
def body():
    return load_anny()


@pytest.fixture(scope="module")
def average(body):
    return body.rest({})


@pytest.fixture(scope="module")
def texture(average):
    return build_appearance(average, skin_tone=TONE, hair_color=HAIR, gender=0.0).body_texture


def read(texture, uv):
    """Linear colour of the texel under each UV coordinate."""
    size = texture.shape[0]
    columns = np.clip((uv[:, 0] * size).astype(int), 0, size - 1)
    rows = np.clip(((1 - uv[:, 1]) * size).astype(int), 0, size - 1)
    return srgb_to_linear(texture[rows, columns])


def colour_near(texture, body, points, place):
    """Linear colour of the texture at the body vertex nearest to a place."""
    vertex = int(np.argmin(np.linalg.norm(points - place, axis=1)))
    face, corner = np.argwhere(body.faces == vertex)[0]
    return read(texture, body.uv[body.uv_faces[face, corner]][None])[0]


def in_face(average, body, x, z):
    """The surface point in front at face coordinates (x, z)."""
    face = body_canvas(body).face
    at = face.coordinates(average.vertices)
    near = np.flatnonzero(np.hypot(at[:, 0] - x, at[:, 2] - z) < 0.06)
    return average.vertices[near[np.argmin(at[near, 1])]]


def test_texture_is_srgb_of_the_documented_size(texture):
    assert texture.shape == (2048, 2048, 3)
    assert texture.dtype == np.uint8


def test_bare_skin_has_the_tone_asked_for(texture, body, average):
    joints = average.canonical_joints()
    for side in ("left", "right"):
        shin = 0.5 * (joints[JOINT_INDEX[f"{side}_knee"]] + joints[JOINT_INDEX[f"{side}_ankle"]])
        colour = colour_near(texture, body, average.vertices, shin)
        assert np.all(np.abs(colour - TONE) < 0.15 * TONE)


def test_base_layer_covers_chest_and_hips_and_nothing_else(texture, body, average):
    joints = average.canonical_joints()
    hip, chest = joints[JOINT_INDEX["pelvis"]], joints[JOINT_INDEX["spine3"]]
    seat = joints[JOINT_INDEX["left_hip"]] + np.array([0, 0.15, -0.02])
    ahead = np.array([0.0, -0.2, 0.0])
    for place in (hip + ahead, hip + ahead - np.array([0, 0, 0.05]), chest + ahead, chest - ahead, seat):
        assert np.allclose(colour_near(texture, body, average.vertices, place), BASE_LAYER_COLOUR, rtol=0.35)
    for name in ("left_wrist", "right_elbow", "left_knee", "head"):
        colour = colour_near(texture, body, average.vertices, joints[JOINT_INDEX[name]] + ahead)
        assert colour[0] > 2 * BASE_LAYER_COLOUR[0]


def test_every_vertex_of_crotch_and_chest_is_covered(texture, body, average):
    points, joints = average.vertices, average.canonical_joints()
    hip, neck = joints[JOINT_INDEX["left_hip"]], joints[JOINT_INDEX["neck"]]
    corners, uv = body.faces.reshape(-1), body.uv[body.uv_faces.reshape(-1)]
    at = points[corners]
    inner = (np.abs(at[:, 0]) < hip[0]) & (at[:, 2] > hip[2] - 0.09) & (at[:, 2] < neck[2] - 0.18)
    light = read(texture, uv[inner])
    assert (light[:, 0] < 1.5 * BASE_LAYER_COLOUR[0]).all()


def test_lips_are_redder_and_brows_darker_than_the_skin_beside_them(texture, body, average):
    lip = colour_near(texture, body, average.vertices, in_face(average, body, 0.0, -1.27))
    brow = colour_near(texture, body, average.vertices, in_face(average, body, 0.45, 0.23))
    forehead = colour_near(texture, body, average.vertices, in_face(average, body, 0.45, 0.7))
    assert lip[0] / lip[1] > 1.15 * forehead[0] / forehead[1]
    assert brow.mean() < 0.6 * forehead.mean()


def test_no_chart_paints_over_another(texture, body):
    """A vertex on a seam has several UV coordinates; the body shows the same colour at all of them."""
    corners, uv = body.faces.reshape(-1), body.uv_faces.reshape(-1)
    pairs = np.unique(np.stack([corners, uv], axis=1), axis=0)
    first = np.unique(pairs[:, 0], return_index=True)[1]
    reference = np.repeat(first, np.diff(np.append(first, len(pairs))))
    seam = np.flatnonzero(reference != np.arange(len(pairs)))
    assert len(seam) > 300
    apart = np.abs(read(texture, body.uv[pairs[seam, 1]]) - read(texture, body.uv[pairs[reference[seam], 1]])).max(
        axis=1
    )
    assert np.median(apart) < 0.02
    assert (apart > 0.15).mean() < 0.03


def test_photo_shows_where_it_is_trusted_and_only_there(texture, body, average):
    joints = average.canonical_joints()
    elbow = joints[JOINT_INDEX["left_elbow"]]
    vertex = int(np.argmin(np.linalg.norm(average.vertices - elbow, axis=1)))
    face, corner = np.argwhere(body.faces == vertex)[0]
    u, v = body.uv[body.uv_faces[face, corner]]
    confidence = np.zeros((512, 512), np.float32)
    row, column = int((1 - v) * 512), int(u * 512)
    confidence[row - 12 : row + 13, column - 12 : column + 13] = 1
    seen = SimpleNamespace(rgb=np.full((512, 512, 3), (0, 0, 255), np.uint8), confidence=confidence)
    shown = build_appearance(average, skin_tone=TONE, hair_color=HAIR, gender=0.0, base_texture=seen).body_texture
    assert np.allclose(colour_near(shown, body, average.vertices, elbow), (0, 0, 1), atol=0.05)
    uv = body.uv[np.unique(body.uv_faces)]
    far = uv[np.abs(uv - (u, v)).max(axis=1) > 20 / 512]
    assert np.array_equal(read(shown, far), read(texture, far))


def test_texels_show_the_surface_point_of_their_own_coordinates(body):
    raster = rasterise_uv(body.uv, body.uv_faces, 256)
    uv = raster.interpolate(body.uv_faces, body.uv)
    centres = np.stack([(raster.columns + 0.5) / 256, 1 - (raster.rows + 0.5) / 256], axis=1)
    assert np.abs(uv - centres).max() < 1e-5
    assert np.allclose(raster.barycentrics.sum(axis=1), 1, atol=1e-5)
    assert raster.barycentrics.min() > -1e-4


def test_window_of_a_raster_equals_that_part_of_the_whole(body):
    whole = rasterise_uv(body.uv, body.uv_faces, 256)
    part = rasterise_uv(body.uv, body.uv_faces, 256, window=(0.5, 0.25, 1.0, 0.75))
    assert (part.row0, part.column0, part.shape) == (64, 128, (128, 128))
    inside = (whole.rows >= 64) & (whole.rows < 192) & (whole.columns >= 128)
    assert np.array_equal(whole.triangles[inside], part.triangles)


def test_paste_fills_gaps_with_the_nearest_texel(body):
    raster = rasterise_uv(body.uv, body.uv_faces, 128)
    picture = np.zeros((128, 128, 3), np.uint8)
    values = np.stack([raster.rows, raster.columns, raster.rows * 0 + 7], axis=1).astype(np.uint8)
    raster.paste(values, picture)
    rows, columns = np.mgrid[:128, :128]
    away = np.hypot(picture[..., 0] - rows.astype(float), picture[..., 1] - columns.astype(float))
    exact = np.sqrt(((raster.rows - 3) ** 2 + (raster.columns - 100) ** 2).min())
    assert away[raster.rows, raster.columns].max() == 0
    assert abs(away[3, 100] - exact) < 1.5
    assert (picture[..., 2] == 7).all()


def test_bytes_follow_the_srgb_curve():
    light = np.linspace(0, 1, 5001, dtype=np.float32)
    assert np.abs(linear_to_bytes(light).astype(float) - 255 * linear_to_srgb(light)).max() < 1.01


def test_a_kept_canvas_is_the_one_that_was_made(body):
    kept = body_canvas(body)
    made = _make_canvas(body.rest({}), _mask_pictures(body)).arrays()
    assert kept.arrays().keys() == made.keys()
    for name, values in kept.arrays().items():
        assert values.dtype == made[name].dtype, name
        assert np.array_equal(values, made[name]), name
