from __future__ import annotations

import numpy as np
import pytest

from dressform.runtime.render.follow import FollowCamera, Framing


@pytest.mark.parametrize("size", [(512, 512), (540, 960), (1920, 1080)])
def test_the_whole_person_is_in_the_picture(size: tuple[int, int]) -> None:
    camera = FollowCamera(1.8, size).follow((0.3, -1.0), 1 / 30)
    box = np.array([[0.3 + dx, -1.0, z] for dx in (-0.45, 0.45) for z in (0.0, 1.8)])
    projected = camera.project(box)
    assert (projected[:, :2] > 0).all()
    assert (projected[:, :2] < np.array(size)).all()
    assert np.ptp(projected[:, 1]) > 0.5 * size[1] or size[0] < size[1]


def test_it_catches_up_without_overshoot() -> None:
    follow = FollowCamera(1.7, (256, 256), Framing(settle_s=0.5))
    follow.follow((0, 0), 1 / 30)
    eyes = [follow.follow((1, 0), 1 / 30).T_world_cam[0, 3] for _ in range(60)]
    assert np.all(np.diff(eyes) >= -1e-9)
    assert eyes[15] > 0.8
    assert eyes[-1] == pytest.approx(1, abs=1e-3)


def test_the_step_size_does_not_matter() -> None:
    """One step of the spring equals many small ones: the update is exact."""
    whole, parts = (FollowCamera(1.7, (256, 256)) for _ in range(2))
    for follow in (whole, parts):
        follow.follow((0, 0), 0.1)
    one = whole.follow((1, 2), 0.3).T_world_cam
    for _ in range(30):
        many = parts.follow((1, 2), 0.01).T_world_cam
    np.testing.assert_allclose(one, many, atol=1e-9)


def test_turned_camera_stands_at_the_persons_left() -> None:
    camera = FollowCamera(1.7, (256, 256), Framing(turn_rad=np.pi / 2)).follow((0, 0), 0.1)
    assert camera.T_world_cam[0, 3] > 1
    assert abs(camera.T_world_cam[1, 3]) < 1e-9


def test_a_place_that_is_no_number_does_not_move_it() -> None:
    follow = FollowCamera(1.7, (256, 256))
    follow.follow((0.5, 0), 0.1)
    stood = [follow.follow(place, 0.1).T_world_cam[0, 3] for place in ((np.nan, 0), (0, np.inf), (0.5, 0))]
    assert stood == pytest.approx([0.5] * 3)
    assert np.isfinite(FollowCamera(1.7, (256, 256)).follow((np.nan, np.nan), 0.1).T_world_cam).all()
