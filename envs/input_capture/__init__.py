"""Capture of a user's input on a screen, with the screen's history, and its conversion into actions.

Not here: writing episodes from it (`agent.episodes.recording`).
"""
