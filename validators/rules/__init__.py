"""One small generator a defect, listed in one table."""
