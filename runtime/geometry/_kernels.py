"""Warp kernels of the mesh queries."""

from __future__ import annotations

import warp as wp


@wp.kernel
def closest_kernel(
    mesh: wp.uint64,
    queries: wp.array(dtype=wp.vec3),
    reach: float,
    # outputs
    triangles: wp.array(dtype=wp.int32),
    barycentrics: wp.array(dtype=wp.vec3),
    points: wp.array(dtype=wp.vec3),
    distances: wp.array(dtype=float),
):
    i = wp.tid()
    q = queries[i]
    hit = wp.mesh_query_point_no_sign(mesh, q, reach)
    triangles[i] = -1
    if hit.result:
        p = wp.mesh_eval_position(mesh, hit.face, hit.u, hit.v)
        triangles[i] = hit.face
        barycentrics[i] = wp.vec3(hit.u, hit.v, 1.0 - hit.u - hit.v)
        points[i] = p
        distances[i] = wp.length(q - p)


@wp.kernel
def signed_by_winding_kernel(
    mesh: wp.uint64,
    queries: wp.array(dtype=wp.vec3),
    reach: float,
    accuracy: float,
    # outputs
    distances: wp.array(dtype=float),
):
    i = wp.tid()
    q = queries[i]
    hit = wp.mesh_query_point_sign_winding_number(mesh, q, reach, accuracy, 0.5)
    distances[i] = hit.sign * wp.length(q - wp.mesh_eval_position(mesh, hit.face, hit.u, hit.v))


@wp.kernel
def signed_by_normal_kernel(
    mesh: wp.uint64,
    queries: wp.array(dtype=wp.vec3),
    reach: float,
    # outputs
    distances: wp.array(dtype=float),
):
    i = wp.tid()
    q = queries[i]
    hit = wp.mesh_query_point_sign_normal(mesh, q, reach, 1.0e-3)
    distances[i] = hit.sign * wp.length(q - wp.mesh_eval_position(mesh, hit.face, hit.u, hit.v))
