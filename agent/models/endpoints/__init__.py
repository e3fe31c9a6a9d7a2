"""Endpoints: where a model runs and how its server is spoken to over HTTP. Knows server kinds, no model families."""
