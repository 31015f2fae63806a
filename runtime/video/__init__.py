"""Streaming video files in constant memory."""
