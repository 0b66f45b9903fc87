"""How models and thresholds of clean images do on disturbed ones."""
