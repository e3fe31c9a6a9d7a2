"""The elements of a screen as a numbered list: for planners that do not see, and for ``handeye elements``.

`rows` has the types and the text, `tree` rows from an accessibility tree, `pixels` rows from perception, `lister` joins
them and keeps numbers from screen to screen, `marks` draws the numbers on the picture. No model and no action.
"""
