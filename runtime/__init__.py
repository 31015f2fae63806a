"""The embedded runtime: avatar, garments, light, frames, video."""
