"""Parametric garments built from body measures."""
