import dataclasses
import io
from itertools import islice

import numpy as np
import pytest
import warp as wp
from PIL import Image

from dressform.assets.library import Library
from dressform.runtime.body.canonical import CANONICAL_SHAPE, canonical_rest
from dressform.runtime.body.skinning import skin
from dressform.runtime.garment.candidates import sample_transforms
from dressform.runtime.garment.dressed import DressedGarment
from dressform.runtime.garment.outfit import Outfit
from dressform.runtime.garment.worn import dressed_garments
from dressform.runtime.geometry.distance import Surface
from dressform.runtime.geometry.normals import vertex_normals
from dressform.runtime.motion.playback import play
from dressform.runtime.motion.procedural import motion
from dressform.schemas.errors import AssetError

from .field_maker import make_field, some_poses


def dress(rest, top, bottom, **changes):
    return Outfit(rest, [DressedGarment("top", *top, 2, **changes), DressedGarment("bottom", *bottom, 1)])


@pytest.fixture(scope="module")
def outfit(rest, top, bottom):
    return dress(rest, top, bottom)


@pytest.fixture(scope="module", params=[{"weight": 0.02, "gender": 1.0}, {"weight": 0.98, "gender": 0.0}])
def other(rest, top, bottom, request):
    return dress(rest.body.rest({**CANONICAL_SHAPE, **request.param}), top, bottom)


def posed(outfit, transforms, **options):
    out = wp.zeros(sum(outfit.vertex_counts), dtype=wp.vec3, device=outfit.device)
    outfit.pose(transforms, out, **options)
    return out.numpy()


def walking(rest):
    """The sampled poses of a walk, both sides."""
    return sample_transforms(rest)[4:6]


def test_cloth_that_a_lower_layer_pushes_into_the_arm_comes_out_again() -> None:
    library = Library.embedded()
    rest = canonical_rest().body.rest({**CANONICAL_SHAPE, "weight": 0.8, "gender": 0.0})
    worn = dressed_garments([library.resolve(name) for name in ("tee", "jacket")], rest, {}, field=True)
    outfit = Outfit(rest, worn)
    inside = []
    for _ in range(2):
        found = 0
        for pose in islice(play(motion("catwalk"), rest, 1.0), 4):
            points = outfit.split(posed(outfit, rest.skin_transforms(pose)))
            body = Surface(points[0], rest.body.faces)
            found += int((body.signed_distance(points[2]) < -0.001).sum())
        inside.append(found)
        del outfit._pushes[-1]
    cleared, squeezed = inside
    assert cleared < 0.6 * squeezed, inside
    assert squeezed > 20  # else there is nothing to tell


def test_layers_are_worn_in_order(outfit):
    assert [garment.name for garment in outfit.garments] == ["bottom", "top"]
    assert outfit.vertex_counts == (len(outfit.rest.vertices), *(len(p) for p in outfit.rest_points))


def test_without_push_out_it_is_plain_skinning(outfit, rest, bottom):
    transforms = walking(rest)[0]
    parts = outfit.split(posed(outfit, transforms, push_out=False))
    body = rest.body
    np.testing.assert_allclose(
        parts[0], skin(rest.vertices, body.joint_indices, body.joint_weights, transforms), atol=1e-5
    )
    rig = bottom[1]
    np.testing.assert_allclose(
        parts[1], skin(outfit.rest_points[0], rig.joint_indices, rig.joint_weights, transforms), atol=1e-5
    )


def test_push_out_moves_cloth_only(outfit, rest):
    transforms = walking(rest)[0]
    before, after = (outfit.split(posed(outfit, transforms, push_out=push)) for push in (False, True))
    np.testing.assert_array_equal(before[0], after[0])
    assert any(np.abs(a - b).max() > 1e-3 for a, b in zip(before[1:], after[1:], strict=True))


def test_dressed_body_in_rest_is_clear(outfit):
    report = outfit.penetration(posed(outfit, outfit.rest.skin_transforms(outfit.rest.rest_pose())))
    assert report.fraction < 1e-3


def test_walk_penetrates_less_than_the_promise(outfit, rest):
    for transforms in walking(rest):
        before = outfit.penetration(posed(outfit, transforms, push_out=False))
        after = outfit.penetration(posed(outfit, transforms))
        assert before.fraction < 0.02
        assert after.fraction < 0.005
        assert after.fraction < before.fraction


def test_other_bodies_keep_the_promise(other):
    for transforms in walking(other.rest):
        vertices = posed(other, transforms)
        assert other.penetration(vertices).fraction < 0.005
        assert other.layer_penetration(vertices).fraction < 0.005


def test_outer_layer_is_pushed_over_the_inner(rest, bottom):
    mesh, rig = bottom
    tighter = dataclasses.replace(mesh, points=mesh.points)
    shrunk = dataclasses.replace(rig, binding_offsets=rig.binding_offsets * np.float32(0.6))
    worn = Outfit(rest, [DressedGarment("inner", mesh, rig, 1), DressedGarment("outer", tighter, shrunk, 2)])
    vertices = posed(worn, walking(rest)[0])
    inner, outer = worn.split(vertices)[1:]
    heights = Surface(inner, mesh.faces, sign="normal").signed_distance(outer)
    assert np.mean(heights < 0) < 0.01
    assert worn.layer_penetration(vertices).fraction < 0.005


def test_frames_repeat_to_the_bit_and_leave_no_trace(outfit, rest):
    first, second = walking(rest)
    out = wp.zeros(sum(outfit.vertex_counts), dtype=wp.vec3, device=outfit.device)
    outfit.pose(first, out)
    expected = out.numpy().copy()
    outfit.pose(second, out)
    outfit.pose(first, out)
    np.testing.assert_array_equal(out.numpy(), expected)


def test_another_buffer_gets_the_same_frame(outfit, rest):
    transforms = walking(rest)[1]
    np.testing.assert_array_equal(posed(outfit, transforms), posed(outfit, transforms))


@pytest.fixture(scope="module")
def lifted(rest, top, bottom):
    """The outfit whose top has a field: synthetic, smooth random modes."""
    field = make_field(rest, *top, amplitude=0.008)
    return Outfit(rest, [DressedGarment("top", *top, 2, field=field), DressedGarment("bottom", *bottom, 1)])


def test_a_field_moves_its_own_garment_only(lifted, outfit, rest):
    transforms = rest.skin_transforms(rest.rest_pose())
    plain = lifted.split(posed(lifted, transforms, fields=False, push_out=False))
    moved = lifted.split(posed(lifted, transforms, push_out=False))
    for part in (0, 1):
        np.testing.assert_array_equal(moved[part], plain[part])
    lengths = np.linalg.norm(moved[2] - plain[2], axis=1)
    assert 0.01 < lengths.max() < lifted.garments[1].field.bound + 1e-5
    np.testing.assert_array_equal(plain[2], outfit.split(posed(outfit, transforms, push_out=False))[2])


def test_without_confidence_a_field_changes_nothing(lifted, outfit, rest):
    sitting = sample_transforms(rest)[6]
    expected, found = (posed(each, sitting, push_out=False) for each in (outfit, lifted))
    np.testing.assert_array_equal(found, expected)


def test_cloth_that_a_field_sinks_into_the_body_comes_out(rest, top, bottom):
    field = make_field(rest, *top, bound=0.1)
    model = dataclasses.replace(field.model, doubt_full=0.98, doubt_none=1.0, doubt_reach=1e-3)
    inward = -0.03 * vertex_normals(top[0].points, top[0].faces)[field.points]
    sinking = dataclasses.replace(field, mean=inward, modes=0 * field.modes, model=model)
    sunk = Outfit(rest, [DressedGarment("top", *top, 2, field=sinking), DressedGarment("bottom", *bottom, 1)])
    for transforms in walking(rest):
        before = sunk.penetration(posed(sunk, transforms, push_out=False))
        after = sunk.penetration(posed(sunk, transforms))
        assert before.fraction > 0.1
        assert after.fraction < 0.005


def test_a_button_goes_with_the_cloth_that_its_field_moves(rest):
    version = Library.open().resolve("shirt")
    mesh, rig = version.mesh(), version.rig("anny")
    garment = DressedGarment("shirt", mesh, rig, 1, field=make_field(rest, mesh, rig, amplitude=0.01))
    worn = Outfit(rest, [garment])
    button = garment.stiff[0]
    transforms = rest.skin_transforms(rest.rest_pose())
    plain, moved = (worn.split(posed(worn, transforms, fields=fields))[1] for fields in (False, True))
    beside = garment.trims.corners[garment.trims.points == button[0]][0]
    shift = np.linalg.norm((moved - plain)[beside].mean(axis=0))
    assert shift > 0.003
    assert np.linalg.norm((moved - plain)[button].mean(axis=0)) == pytest.approx(shift, rel=0.5)
    shape = [np.linalg.norm(points[button] - points[button[0]], axis=1) for points in (plain, moved)]
    np.testing.assert_allclose(shape[0], shape[1], atol=1e-5)


def test_fields_leave_no_trace(lifted, rest):
    first, second = (rest.skin_transforms(pose) for pose in some_poses(rest, 3)[1:])
    expected = posed(lifted, first)
    posed(lifted, second)
    np.testing.assert_array_equal(posed(lifted, first), expected)


def test_naked_body_poses(rest):
    worn = Outfit(rest, [])
    vertices = posed(worn, walking(rest)[0])
    assert len(vertices) == len(rest.vertices)
    assert not worn.hidden_body_faces.any()
    assert worn.penetration(vertices).fraction == 0


def test_hidden_skin_is_under_cloth_and_away_from_openings(outfit, rest):
    faces = rest.body.faces
    hidden = rest.vertices[faces[outfit.hidden_body_faces]].mean(axis=1)
    assert len(hidden) > 1500
    assert hidden[:, 2].min() > 0.12 + 0.02  # trouser hems
    assert hidden[:, 2].max() < 1.5
    joints = rest.canonical_joints()
    assert np.linalg.norm(hidden - joints[20], axis=1).min() > 0.2  # wrist
    crotch = (np.abs(hidden[:, 0]) < 0.05) & (np.abs(hidden[:, 2] - 0.85) < 0.05)
    assert crotch.any()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"body_digest": "0" * 64}, "top: its rig is for another version of the anny body"),
        ({"joint_weights": np.ones((3, 8), np.float32)}, "top: its rig has 3 points, its mesh"),
        ({"joints": ("tail",) * 104}, "top: its rig names the joint tail, which the anny body lacks"),
    ],
)
def test_rigs_that_do_not_fit_are_refused(rest, top, change, message):
    mesh, rig = top
    garment = DressedGarment("top", mesh, dataclasses.replace(rig, **change), 1)
    with pytest.raises(AssetError, match=message):
        Outfit(rest, [garment])


def test_cloth_under_another_garment_is_left_out_and_what_can_be_seen_is_not() -> None:
    library = Library.embedded()
    trousers, tee, jacket = (library.resolve(name) for name in ("trousers", "tee", "jacket"))
    worn = [DressedGarment(v.name, v.mesh(), v.rig(), v.manifest["layer"]) for v in (trousers, tee, jacket)]
    outfit = Outfit(canonical_rest(), worn[:2])
    under, over = outfit.hidden_cloth()
    assert not over.any(), "nothing lies over the tee"
    trouser_points, tee_points = outfit.rest_points
    hem = tee_points[:, 2].min()
    height = trouser_points[trousers.mesh().faces][..., 2].mean(axis=1)
    assert not under[height < hem + 0.03].any(), "at the hem one can look in"
    assert under[height > hem + 0.15].mean() > 0.95, "the waistband and its button"
    three = Outfit(canonical_rest(), worn).hidden_cloth()
    assert three[1].any()
    chest = tee_points[tee.mesh().faces].mean(axis=1)
    assert not three[1][(np.abs(chest[:, 0]) < 0.02) & (chest[:, 1] < 0)].any(), "the jacket is open in front"
    alone = Outfit(canonical_rest(), worn[:1]).hidden_body_faces
    holes = io.BytesIO()
    Image.fromarray(np.zeros((4, 4, 4), np.uint8)).save(holes, "PNG")
    # the second is what a file says nothing of when it cuts holes: its picture has alpha
    for change in ({"record": {"alphaMode": "BLEND"}}, {"base_color_image": holes.getvalue(), "record": {}}):
        materials = tuple(dataclasses.replace(each, **change) for each in worn[1].mesh.materials)
        sheer = dataclasses.replace(worn[1], mesh=dataclasses.replace(worn[1].mesh, materials=materials))
        through = Outfit(canonical_rest(), [worn[0], sheer])
        assert not through.hidden_cloth()[0].any()
        np.testing.assert_array_equal(through.hidden_body_faces, alone)
    bare = outfit.hidden_body_faces & ~alone
    assert bare.sum() > 400, "the trunk shows through the tee"
