"""One package a language: decoded objects to the model's rules, and back."""
