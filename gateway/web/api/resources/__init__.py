"""The resources of the API, one file each: their models, their handlers, and the rows that name them."""
