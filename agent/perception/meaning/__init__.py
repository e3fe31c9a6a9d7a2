"""Which element of a screen a description in words refers to.

`description` parses it, `text_similarity` compares words, `element_scores`, `relations` and `ranking` score elements by
rules, `labels` finds widgets by the text beside them, `encoder` and `choice` know what other words mean, `locate`
decides or refuses.
"""
