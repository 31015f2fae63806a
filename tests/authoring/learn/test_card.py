"""What a card says of a training."""

import numpy as np

from dressform.authoring.learn.card import Worth, field_card
from dressform.authoring.learn.gather import Gathered
from dressform.runtime.body.joints import CANONICAL_JOINTS
from dressform.runtime.garment.field_base import FieldBase
from dressform.schemas.documents import document_errors
from dressform.schemas.field import FieldDigests, PushOut, Scores, Simulated, Spread

SCORES = Scores(
    samples=3,
    error_mm=Spread(mean=7.1, p95=15.0),
    plain_error_mm=Spread(mean=30.0, p95=60.0),
    penetrating_percent=PushOut(before=1.0, after=0.01),
    stretch_percent=Spread(mean=1.0, p95=5.0),
    crossing_pairs=0.5,
    bending_ratio=0.9,
    simulated=Simulated(stretch_percent=Spread(mean=0.9, p95=4.0), crossing_pairs=0.2, penetrating_percent=0.0),
)


def _gathered() -> Gathered:
    joints = np.zeros((5, len(CANONICAL_JOINTS)), np.float32)
    joints[:, 4] = [0.1, 0.2, 0.9, 0.3, 0.1]
    base = FieldBase(np.arange(3, dtype=np.int32), ("a",), np.zeros((3, 8), np.int32), np.ones((3, 8), np.float32) / 8)
    return Gathered(
        base=base,
        ratios={"S": 0.95, "M": 1.0},
        features=np.zeros((10, 4), np.float32),
        displacements=np.zeros((10, 3, 3), np.float32),
        normals=np.zeros((10, 3, 3), np.float32),
        rest=np.zeros((3, 3), np.float32),
        faces=np.array([[0, 1, 2]], np.int32),
        of_sample=np.tile(np.arange(5), 2),
        of_body=np.zeros(10, np.intp),
        plain_errors=np.ones(10),
        farthest=0.2,
        joints=joints,
        measures={"one": {"chest": 0.8, "hip": 0.9}, "other": {"chest": 1.1, "hip": 0.9}},
        mirrored=True,
    )


def test_the_card_is_a_document_and_says_what_was_trained():
    worth = Worth({"poses": SCORES, "bodies": SCORES}, 2.5, 0.4, 0.9, 6.54321)
    digests = FieldDigests(topology="a" * 64, uv1="b" * 64, body="c" * 64, field="d" * 64)
    card = field_card(_gathered(), worth, digests, body="anny", bound=0.25, seed=4)
    assert document_errors("field", card) == []
    assert card["trained"] == {"poses": 5, "bodies": 2, "minutes": 6.54, "seed": 4}
    assert card["sizes"] == ["S", "M"]
    assert "outside" not in card["held_out"]


def test_the_range_is_of_joints_that_turned_and_measures_that_differ():
    worth = Worth({"poses": SCORES, "bodies": SCORES, "outside": SCORES}, 2.5, 0.4, 0.9, 6.5)
    digests = FieldDigests(topology="a" * 64, uv1="b" * 64, body="c" * 64, field="d" * 64)
    card = field_card(_gathered(), worth, digests, body="anny", bound=0.25, seed=4)
    assert card["range"]["joints"] == {CANONICAL_JOINTS[4]: 0.9}
    assert card["range"]["measures"] == {"chest": {"low": 0.8, "high": 1.1}}
    assert card["range"]["bound_mm"] == 250
    assert "outside" in card["held_out"]
