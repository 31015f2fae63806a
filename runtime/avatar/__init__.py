"""Photo to avatar: detection, fit, texture and a presentable look."""
