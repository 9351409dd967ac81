"""Tokens that came from Request Tracker: proving one by its bcrypt hash once, and by a keyed digest ever after."""
