"""Environments: what is observed and acted on. Desktop, sandbox, Android device, simulated phone."""
