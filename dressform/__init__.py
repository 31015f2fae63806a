"""Garment templates with learned fit, and a try-on renderer that runs on a laptop."""

__version__ = "0.1.0"
