import numpy as np
import pytest
import trimesh

from dressform.runtime.body.anny_body import load_anny
from dressform.runtime.body.canonical import canonical_rest
from dressform.runtime.body.measures import girth, volume


def measures(**shape):
    local = shape.pop("local", {})
    return load_anny().rest({"gender": 0.5, **shape, **local}).measures()


def test_girth_of_a_cylinder_is_its_circumference():
    cylinder = trimesh.creation.cylinder(radius=0.2, height=1.0, sections=256)
    vertices, faces = cylinder.vertices.astype(np.float32), cylinder.faces.astype(np.int32)
    flat = np.array([0, 0, 1], np.float32)
    assert girth(vertices, faces, np.zeros(3, np.float32), flat) == pytest.approx(2 * np.pi * 0.2, rel=1e-3)
    tilted = np.array([np.sin(0.5), 0, np.cos(0.5)], np.float32)
    a, b = 0.2 / np.cos(0.5), 0.2  # half axes of the slanted cut
    ellipse = np.pi * (3 * (a + b) - np.sqrt((3 * a + b) * (a + 3 * b)))  # Ramanujan
    assert girth(vertices, faces, np.zeros(3, np.float32), tilted) == pytest.approx(ellipse, rel=1e-3)
    assert girth(vertices, faces, np.array([0, 0, 9], np.float32), flat) == 0
    assert volume(vertices, faces) == pytest.approx(np.pi * 0.04, rel=1e-3)


def test_girth_is_a_taut_tape():
    """A tape spans hollows: a section of two separate boxes measures the hull of both."""
    boxes = trimesh.util.concatenate(
        [trimesh.creation.box([0.1, 0.1, 1.0]).apply_translation([x, 0, 0]) for x in (-0.2, 0.2)]
    )
    got = girth(
        boxes.vertices.astype(np.float32),
        boxes.faces.astype(np.int32),
        np.zeros(3, np.float32),
        np.array([0, 0, 1], np.float32),
    )
    assert got == pytest.approx(2 * (0.5 + 0.1), rel=1e-4)


def test_canonical_body_has_human_measures():
    m = canonical_rest().measures()
    assert 1.80 < m.height < 1.88
    assert 60 < m.mass < 85
    # shares of the height of an average adult (ANSUR II, men and women, 2nd to 98th percentile, widened a little)
    shares = {
        "neck": (0.18, 0.24),
        "chest": (0.48, 0.66),
        "waist": (0.40, 0.62),
        "hip": (0.50, 0.66),
        "thigh": (0.28, 0.40),
        "knee": (0.18, 0.25),
        "calf": (0.18, 0.25),
        "ankle": (0.11, 0.15),
        "upper_arm": (0.14, 0.22),
        "wrist": (0.08, 0.11),
        "inseam": (0.44, 0.50),
        "shoulder": (0.18, 0.24),
        "arm": (0.28, 0.35),
        "back": (0.20, 0.29),
    }
    for name, (low, high) in shares.items():
        assert low < getattr(m, name) / m.height < high, name


def test_taller_is_taller_and_heavier_is_wider():
    low, high = measures(height=0.35), measures(height=0.6)
    for name in ("height", "inseam", "arm", "mass", "back", "shoulder"):
        assert getattr(high, name) > getattr(low, name) * 1.05, name
    thin, stout = measures(weight=0.2), measures(weight=0.9)
    for name in ("chest", "waist", "hip", "thigh", "calf", "upper_arm", "neck", "mass"):
        assert getattr(stout, name) > getattr(thin, name), name
    assert stout.waist > thin.waist + 0.07
    assert stout.height == pytest.approx(thin.height, rel=0.02)


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ("measure-waist-circ-incr", "waist"),
        ("measure-hips-circ-incr", "hip"),
        ("measure-bust-circ-incr", "chest"),
        ("measure-thigh-circ-incr", "thigh"),
        ("measure-neck-circ-incr", "neck"),
        ("measure-calf-circ-incr", "calf"),
        ("measure-upperarm-circ-incr", "upper_arm"),
        ("measure-wrist-circ-incr", "wrist"),
        ("measure-shoulder-dist-incr", "shoulder"),
    ],
)
def test_a_local_change_moves_its_own_measure_most(change, name):
    plain, changed = measures(), measures(local={change: 0.6})
    growth = {n: changed.as_dict()[n] / v - 1 for n, v in plain.as_dict().items() if n != "mass"}
    assert growth[name] > 0.01
    girths = ("neck", "chest", "waist", "hip", "thigh", "calf", "upper_arm", "wrist")
    if name in girths:
        assert max(girths, key=growth.__getitem__) == name


def test_women_have_wider_hips_for_their_waist():
    woman, man = measures(gender=1.0), measures(gender=0.0)
    assert woman.hip / woman.waist > man.hip / man.waist + 0.05
    assert man.shoulder > woman.shoulder
    assert man.height > woman.height


@pytest.mark.parametrize("change", [-0.5, 0.5])
def test_measures_are_smooth_in_the_shape(change):
    """A small step in shape is a small step in every measure: no landmark jumps."""
    steps = [measures(weight=0.5 + change * k / 40).as_dict() for k in range(8)]
    for name in steps[0]:
        values = np.array([step[name] for step in steps])
        assert np.abs(np.diff(values) / values[:-1]).max() < 0.02, name
