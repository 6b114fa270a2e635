"""Answers as one HTML file that needs nothing else: it opens from a disk, an attachment, an archive.

Text and tables are written here; the map, the matrix and the search are drawn by the page's own script from data that
stands in it. Whatever comes from the input is text and stays text.
"""
