"""What protects the user: policies beyond the core ones, secrets and the masks that hide them."""
