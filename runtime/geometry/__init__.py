"""Meshes, rotations, closest points and normals."""
