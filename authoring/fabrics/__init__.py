"""Fabrics: physics and procedural, tileable, metric textures."""
