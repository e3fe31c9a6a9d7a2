"""Secrets that no model and no episode gets (`secrets`), and the masks that hide them in pictures (`masks`)."""
