"""Figures: scores, intervals, comparisons, sample sizes and published results."""
