"""``handeye view``: one local site over the episodes and benchmark results of a folder.

`catalog` finds them, `rows` are what the index tells of each, `thumbnails` and `episode_page` show an episode,
`comparison` two of them, `question` rebuilds what a model was asked, `jobs` are the programs started from the site, and
`server` joins the parts. Pages are Jinja2 templates with autoescape; what a screen or a model said is only ever text.
"""
