"""The numbers that rules hold an asset to; a profile may set each of them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Budgets:
    """Limits; the defaults are those of the toolkit's own runtime.

    Attributes:
        triangles: Most triangles of a size.
        lod1_triangles: Most triangles of level of detail 1.
        lod2_triangles: Of level 2.
        lod3_triangles: Of level 3.
        lod4_triangles: Of level 4.
        lod_distance: Furthest that a level of detail may lie from its garment [m].
        pieces: Most pieces that do not hang together.
        hole_girth: A border loop shorter than this within a piece is a hole, not an opening [m].
        crossing_share: Largest part of the triangles that may go through others.
        shell_distance: Furthest that the inner shell of thick cloth may lie under the outer one [m].
        skin_jump: Largest part of its weights that a point may have from other joints than its neighbour within 2 cm.
        skin_reach: How much further away than the nearest part of the body one that moves a point may be [m].
        texture_px: Longest side of a texture [px].
        texture_memory_mb: Most memory of all textures on a graphics card, uncompressed with mipmaps [MB].
        preview_garment_percent: Least part of the preview that has the garment's colours [%].
        texel_density: Fewest texels of a base colour picture along a metre of cloth [px/m].
        uv_stretch: Largest mean anisotropy of the atlas; 1 is an isometry.
        uv_distorted_share: Largest part of the surface that the atlas may show twice as long one way as the other.
        uv_density_spread: Largest ratio of the 95th to the 5th percentile of texels over surface in the atlas.
        uv_charts: Most charts of cloth in the atlas.
        uv_utilisation: Least part of the unit square that the atlas covers.
        uv_gutter_px: Least distance of two charts of the atlas, in a texture of 1024 px [px].
        uv_margin_px: Least distance of a chart from the edge of the atlas, in a texture of 1024 px [px].
        uv_tiles: Furthest that UV0 may lie from the unit square [UV units].
        sweep_bodies: Bodies that a garment is tried on, names of `runtime.body.body_range.BODIES`.
        sweep_poses: Poses that it is tried in, names of `runtime.motion.sweep_poses.SWEEP`.
        penetrating_percent: Largest part of the cloth that may be inside the body, in any pose [%].
        stretch_percent: Most stretch of the cloth, 95th percentile, in any pose [%].
        sunk_percent: Largest part of the cloth that may sink into a layer below it, in any pose [%].
        hole_cm2: Largest hole that the hide mask may bare, as seen from any side [cm²].
        field_error_mm: Largest mean error of a learned field on unseen poses and bodies [mm].
        field_error_share: Largest part of plain skinning's error that it may have there.
        field_penetrating_percent: Most cloth over 1 mm inside the body with it, after push-out [%].
        field_stretch_percent: Most stretch of its cloth, 95th percentile, less what the simulation has beyond it [%].
        field_crossing_pairs: Most pairs of triangles that go through each other, in the mean, less the simulation's.
        field_least_bending: Least bending energy over the simulation's: below it cloth is ironed.
        field_most_bending: Most: above it cloth is crumpled.
        field_bound_mm: Furthest that it may move a point in any pose on any body [mm].
        field_latency_ms: Longest evaluation [ms].
        field_megabytes: Largest file [MB].
    """

    triangles: int = 60_000
    lod1_triangles: int = 30_000
    lod2_triangles: int = 15_000
    lod3_triangles: int = 8_000
    lod4_triangles: int = 4_000
    lod_distance: float = 0.02
    pieces: int = 100
    hole_girth: float = 0.06
    crossing_share: float = 0.05
    shell_distance: float = 0.02
    skin_jump: float = 0.6
    skin_reach: float = 0.35
    texture_px: int = 4096
    texture_memory_mb: float = 256.0
    preview_garment_percent: float = 5.0
    texel_density: float = 100.0
    uv_stretch: float = 1.5
    uv_distorted_share: float = 0.05
    uv_density_spread: float = 2.5
    uv_charts: int = 64
    uv_utilisation: float = 0.2
    uv_gutter_px: float = 2.0
    uv_margin_px: float = 1.0
    uv_tiles: float = 64.0
    sweep_bodies: tuple[str, ...] = ("thin woman", "heavy woman", "thin man", "heavy man")
    sweep_poses: tuple[str, ...] = ("arms_down", "t_pose", "arms_up", "walk_left", "walk_right", "twist", "bend")
    penetrating_percent: float = 3.0
    stretch_percent: float = 75.0
    sunk_percent: float = 5.0
    hole_cm2: float = 4.0
    field_error_mm: float = 10.0
    field_error_share: float = 0.5
    field_penetrating_percent: float = 0.05
    field_stretch_percent: float = 6.0
    field_crossing_pairs: float = 10.0
    field_least_bending: float = 0.7
    field_most_bending: float = 1.5
    field_bound_mm: float = 300.0
    field_latency_ms: float = 1.0
    field_megabytes: float = 2.0
