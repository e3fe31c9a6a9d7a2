"""Episodes in other shapes: training conversations, a datasets folder, a script."""
