"""One module a question. Questions receive networks, shape answers, and never import each other."""
