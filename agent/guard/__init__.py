"""Protection of the user: asking before risky actions (`confirm`), secrets that no model and no episode gets
(`secrets`), and the masks that hide them in pictures (`masks`).
"""
