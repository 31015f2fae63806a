"""Synthetic people and pictures."""
