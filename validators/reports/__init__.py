"""Report writers: text and JSON."""
