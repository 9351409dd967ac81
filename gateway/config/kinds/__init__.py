"""The kinds of values that a configuration holds: each is read by one function, which raises `Fault`.

Each kind is an `Annotated` type: the models in `schema` then say what a key takes, and the JSON Schema says the same.
"""
