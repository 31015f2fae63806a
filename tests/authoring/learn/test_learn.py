"""The whole way from samples to a field and its card, on a tube that sags as the shoulders and hips say."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from dressform.assets.files.digests import topology_digest
from dressform.assets.files.field_file import read_field
from dressform.assets.library import Library
from dressform.assets.template_version import TemplateVersion
from dressform.authoring.learn import learn as learning
from dressform.authoring.learn import sampling_worker
from dressform.authoring.learn.cloth_on_body import ClothOnBody
from dressform.authoring.learn.gather import Dressed, dressed_groups, gather
from dressform.authoring.learn.learn import CLOCK, Clock, Learned, learn_field, trained
from dressform.authoring.learn.noise import noise_floor_mm
from dressform.authoring.learn.plan import Group, Plan
from dressform.authoring.learn.samples import SampleSet
from dressform.authoring.learn.sampling import make_samples
from dressform.authoring.learn.specimen import Specimen
from dressform.authoring.learn.study import LearnOptions
from dressform.runtime.body.canonical import CANONICAL_SHAPE
from dressform.runtime.body.protocol import Pose, RestBody
from dressform.runtime.garment.field_features import FEATURES
from dressform.runtime.geometry.rotations import quat_from_rotvec, quat_multiply
from dressform.schemas.documents import document_errors
from dressform.schemas.errors import InputError

from .stand_in import SkinnedCloth

SLIM, STOUT, MIDDLE = ({**CANONICAL_SHAPE, "weight": weight} for weight in (0.2, 0.9, 0.5))
PLAN = Plan(
    "test learn",
    1,
    (
        Group("train", "slim", SLIM, "M", 12),
        Group("train", "stout", STOUT, "M", 12),
        Group("poses", "slim", SLIM, "M", 3),
        Group("bodies", "middle", MIDDLE, "M", 3),
    ),
)
OPTIONS = LearnOptions(poses=24, bodies=2)


class SaggingCloth(SkinnedCloth):
    """Cloth that bulges to the front by what both shoulders do, alike on both sides."""

    def _waved(self, points: np.ndarray, turned: np.ndarray) -> np.ndarray:
        bulge = 0.4 * turned[2:, 0].sum() * np.sin(9 * points[:, 2])
        return np.asarray(points + bulge[:, None] * np.array([0, -1, 0]), np.float32)


def dress(garments: Sequence[Specimen], size: str, rest: RestBody) -> ClothOnBody:
    return SaggingCloth(garments, size, rest)


def turned_arms(rest: RestBody, random: np.random.Generator) -> Pose:
    """Poses that cost nothing to draw."""
    turns = np.zeros((22, 3))
    turns[16:18] = random.uniform(-0.3, 0.3, (2, 3))
    own = rest.rest_pose()
    return Pose(quat_multiply(own.rotations, quat_from_rotvec(turns)).astype(np.float32), own.root)


@pytest.fixture(scope="module")
def samples(tube_library: Path, tmp_path_factory: pytest.TempPathFactory) -> SampleSet:
    garment = Library.open(tube_library).resolve("tube")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sampling_worker, "draw_pose", turned_arms)
        return make_samples(garment, PLAN, tmp_path_factory.mktemp("set") / "tube", dress=dress, workers=1)


@pytest.fixture(scope="module")
def learned(samples: SampleSet) -> Learned:
    return trained(samples, OPTIONS, dress=dress)


def test_the_card_says_how_much_better_it_is_than_plain_skinning(learned: Learned, samples: SampleSet) -> None:
    card = learned.card
    assert document_errors("field", card) == []
    assert (card["trained"]["poses"], card["trained"]["bodies"]) == (24, 2)
    for scores, most in ((card["held_out"]["poses"], 0.5), (card["held_out"]["bodies"], 0.8)):
        assert scores["samples"] == 3
        assert scores["error_mm"]["mean"] < most * scores["plain_error_mm"]["mean"]
    assert card["digests"]["field"] == hashlib.sha256(learned.data).hexdigest()
    assert card["digests"]["topology"] == topology_digest(samples.meshes["M"])
    assert card["megabytes"] == pytest.approx(len(learned.data) / 1e6, abs=0.001)


def test_its_file_is_read_back_and_worn(learned: Learned, samples: SampleSet, tmp_path: Path) -> None:
    path = tmp_path / "field.anny.safetensors"
    path.write_bytes(learned.data)
    field = read_field(path)
    sample = samples.samples.of("train")[0]
    rest = samples.rest(sample.body)
    transforms = rest.skin_transforms(sample.pose)
    plain, worn = (Dressed(samples, rest, "M", own).posed(transforms, push_out=False) for own in (None, field))
    off, plain_off = (np.linalg.norm(each - sample.points, axis=1)[field.points].mean() for each in (worn, plain))
    assert off < 0.4 * plain_off


def test_what_it_is_trained_on(samples: SampleSet) -> None:
    gathered = gather(samples)
    assert gathered.mirrored
    assert gathered.features.shape == (48, len(FEATURES))
    assert gathered.displacements.shape == (48, len(gathered.base.points), 3)
    np.testing.assert_array_equal(gathered.of_sample, np.tile(np.arange(24), 2))
    np.testing.assert_array_equal(gathered.of_body, np.tile(np.repeat([0, 1], 12), 2))
    assert set(gathered.measures) == {"slim", "stout"}
    assert gathered.farthest > 0.01


def test_groups_hold_each_sample_once(samples: SampleSet) -> None:
    parts = [part for _, part in dressed_groups(samples, samples.samples.of("train"))]
    assert [entry.id for part in parts for entry in part.entries] == [
        entry.id for entry in samples.samples.of("train").entries
    ]


def test_cloth_that_is_the_same_both_ways_has_no_noise(samples: SampleSet) -> None:
    done: list[int] = []
    assert noise_floor_mm(samples, dress, told=done.append) == pytest.approx(0, abs=1e-3)
    assert done == [1, 2, 3]


def test_a_garment_without_an_atlas_cannot_learn(
    tube_library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    garment = Library.open(tube_library).resolve("tube")
    monkeypatch.setattr(learning, "uv1_digest", lambda mesh: None)
    with pytest.raises(InputError, match="a field needs an atlas"):
        learn_field(garment, tmp_path / "samples", OPTIONS)
    assert not (tmp_path / "samples").exists()


def test_the_clock_adds_up_what_interrupted_runs_took(tmp_path: Path) -> None:
    (tmp_path / CLOCK).write_text(json.dumps({"seconds": 120.0}))
    assert 2 <= Clock(tmp_path).minutes < 2.1
    assert Clock(tmp_path / "none").minutes < 0.1


def test_what_is_below_is_shown_by_its_own_field(
    samples: SampleSet, learned: Learned, tube_library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = Library.open(tube_library).resolve("tube")
    monkeypatch.setattr(sampling_worker, "draw_pose", turned_arms)
    over = make_samples(plain, PLAN, tmp_path / "set", dress=dress, below=[plain], workers=1)
    field = learned.fitted.field
    monkeypatch.setattr(TemplateVersion, "field", lambda self: field)
    sample = over.samples.of("train")[0]
    rest, transforms = over.rest(sample.body), over.rest(sample.body).skin_transforms(sample.pose)
    alone = Dressed(samples, rest, "M", field).posed(transforms, push_out=False)
    skinned = Dressed(samples, rest, "M").posed(transforms, push_out=False)
    for shown, expected in ((over, skinned), (over.over([plain]), alone)):
        np.testing.assert_array_equal(Dressed(shown, rest, "M", field).worn(transforms, push_out=False)[0], expected)
    with pytest.raises(InputError, match="1 garments below, asked to show 2"):
        over.over([plain, plain])
