"""Measures how a model uses coordinates: ``handeye doctor --calibrate`` and the profile it saves."""
