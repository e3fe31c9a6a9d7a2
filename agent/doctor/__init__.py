"""Checks of this machine: ``handeye doctor``."""
