"""Readers of the mesh files artists bring; each returns a `RawMesh` or raises one InputError."""
