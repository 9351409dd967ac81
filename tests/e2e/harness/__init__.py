"""Real programs for the end-to-end stories: the gateway, the proxies, the apps, and a client that sends raw bytes."""
