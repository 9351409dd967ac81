"""The schema's history: one file a revision, numbered, each written by hand and never edited after a release."""
