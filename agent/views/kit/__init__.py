"""The template kit of every page: Jinja2 templates that escape every text, one style and one script library.

`pages` renders; ``page.html`` is the frame of every page, ``article.html`` that of a short one to read, ``kit.css`` and
``kit.js`` are what all share. A page's own templates, styles and scripts lie beside the code that fills them.
"""
