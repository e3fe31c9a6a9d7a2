"""Perception: a screenshot to text, widgets, icons and elements, on a CPU. No model names, no actions."""
