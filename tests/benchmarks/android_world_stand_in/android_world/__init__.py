"""A stand-in: this is not AndroidWorld."""
