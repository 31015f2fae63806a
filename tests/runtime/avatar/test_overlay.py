from dataclasses import replace

import cv2
import numpy as np
import pytest

from dressform.runtime.avatar.avatar_file import Avatar, Keypoint
from dressform.runtime.avatar.overlay import RIM, SEEN, UNSEEN, overlay
from dressform.schemas.errors import UsageError

SHOULDER, HAND = Keypoint("left_shoulder", (40.0, 60.0), 0.9), Keypoint("left_wrist", (560.0, 60.0), 0.2)


@pytest.fixture(scope="module")
def avatar(standing):
    """The truth as an avatar: drawn over its own picture the body must lie where the person is."""
    measures = {"height": standing.rest.measures().height}
    shape = dict(standing.rest.shape)
    return Avatar("anny", shape, measures, pose=standing.pose, camera=standing.camera, keypoints=(SHOULDER, HAND))


def test_body_is_drawn_where_the_person_is_and_nowhere_else(avatar, standing):
    before = standing.rgb.copy()
    picture = overlay(standing.rgb, avatar)
    np.testing.assert_array_equal(standing.rgb, before)  # the photo itself stays
    assert picture.shape == standing.rgb.shape
    assert picture.dtype == np.uint8
    changed = (picture != standing.rgb).any(axis=2)
    inner = cv2.erode(standing.mask.astype(np.uint8), np.ones((9, 9))) > 0
    assert changed[inner].mean() > 0.95
    near = cv2.dilate(standing.mask.astype(np.uint8), np.ones((25, 25))) > 0
    for point in avatar.keypoints:
        x, y = (int(v) for v in point.xy_px)
        near[y - 12 : y + 13, x - 12 : x + 13] = True
    assert not changed[~near].any()


def test_outline_and_landmarks_have_their_colours(avatar, standing):
    picture = overlay(standing.rgb, avatar)
    np.testing.assert_array_equal(picture[60, 40], SEEN)
    np.testing.assert_array_equal(picture[60, 560], UNSEEN)
    rim = (picture == RIM).all(axis=2)
    edge = standing.mask ^ (cv2.erode(standing.mask.astype(np.uint8), np.ones((3, 3))) > 0)
    assert rim.sum() > 0.4 * edge.sum()
    assert (rim & (cv2.dilate(edge.astype(np.uint8), np.ones((15, 15))) > 0)).sum() > 0.8 * rim.sum()


def test_needs_the_same_photo_and_an_avatar_of_one(avatar, standing):
    with pytest.raises(UsageError, match=r"300×400 pixels, the avatar's was 600×800; give the photo"):
        overlay(standing.rgb[:400, :300], avatar)
    with pytest.raises(UsageError, match="not made from a photo"):
        overlay(standing.rgb, replace(avatar, pose=None))
