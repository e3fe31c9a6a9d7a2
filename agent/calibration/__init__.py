"""What a model really does with coordinates, measured: ``handeye doctor --calibrate`` and the profile it saves."""
