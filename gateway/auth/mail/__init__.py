"""Mail to the owners of tokens: what is due, what it says, how it reaches the mail server. Never part of a check."""
