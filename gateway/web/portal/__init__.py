"""The pages of the portal: HTML for people, over the same use cases as the API."""
