"""Speed: what a step costs outside the model."""
