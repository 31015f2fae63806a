"""From an artist's mesh to a draft: one verb a file."""
