"""The demo: a sample app behind the real Traefik, and the story of what reaches it and what does not."""
