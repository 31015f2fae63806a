"""Motion clips: format, procedural motions, playback on any body."""
