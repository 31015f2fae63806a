"""Causal temporal refinement of motion."""
