"""The template library: file codecs, content-addressed store, versions, lock and pinned model files."""
