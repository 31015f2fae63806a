"""One small generator a defect; `table.py` lists them all."""
