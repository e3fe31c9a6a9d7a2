"""Commands of ``handeye bench`` that stand alone; `benchmarks.cli` registers them."""
