"""Perception: a screenshot as elements (text, widgets, icons) on a CPU, and the element that a description means.

`perceive.Perceiver` joins the parts: `ocr` (text), `widgets` (shapes), `icons` (names of wordless regions). `elements`
has the types, `meaning` ranks elements for a description. No model, no action, no dialogue: the built-in model, replay,
query and secrets build on this package, and it imports none of them.
"""
