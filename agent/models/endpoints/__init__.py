"""Part of Handeye."""
