"""Which element of a screen a description in words refers to.

`description` parses it, `text_similarity` and `vocabulary` compare words, `element_scores`, `relations` and `ranking`
score the elements, `labels` finds widgets by the text beside them, `locate` decides or refuses.
"""
