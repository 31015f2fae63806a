"""A picture to judge a fit by: the avatar's body drawn over the photo it was made from."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from dressform.schemas.errors import UsageError

from .avatar_file import Avatar
from .silhouette import view_body

BODY_OPACITY = 0.72
RIM = (255, 122, 26)  # sRGB
SEEN, UNSEEN = (48, 209, 88), (255, 204, 0)


def overlay(photo: NDArray[np.uint8], avatar: Avatar) -> NDArray[np.uint8]:
    """Draw the body, its outline and the detected landmarks over the photo.

    Args:
        photo: sRGB uint8 [H, W, 3], as `load_photo` returned it for the same file.
        avatar: Estimated from that photo.

    Returns:
        sRGB uint8 [H, W, 3] of the photo's size.
    """
    if avatar.pose is None or avatar.camera is None:
        raise UsageError("overlay: the avatar was not made from a photo; it has no pose and camera of one")
    height, width = photo.shape[:2]
    if (width, height) != tuple(avatar.camera.size):
        found, needed = f"{width}×{height}", "×".join(str(side) for side in avatar.camera.size)
        raise UsageError(
            f"overlay: the photo is {found} pixels, the avatar's was {needed}; give the photo it was made from"
        )
    rest = avatar.rest()
    view = view_body(rest.body, rest.posed_vertices(avatar.pose), avatar.camera, max_side=max(width, height))
    out = photo.astype(np.float32)
    share = view.mask[..., None] * np.float32(BODY_OPACITY)
    out = out * (1.0 - share) + view.rgb * share
    picture = np.ascontiguousarray(np.round(out).astype(np.uint8))
    thickness = max(1, round(max(width, height) / 500))
    contours, _ = cv2.findContours(view.mask.astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(picture, contours, -1, RIM, thickness, cv2.LINE_AA)
    for point in avatar.keypoints:
        place = (round(point.xy_px[0]), round(point.xy_px[1]))
        colour = SEEN if point.confidence > 0.5 else UNSEEN
        cv2.circle(picture, place, 2 * thickness, colour, -1, cv2.LINE_AA)
    return picture
