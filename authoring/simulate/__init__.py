"""Cloth simulation: from sewn panels, or any garment, to its drape on a body."""
