"""The built-in model: explicit instructions parsed by a grammar and carried out on perceived elements."""
