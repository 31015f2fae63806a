"""Safe mends of what rules find, applied to a copy of a draft."""
