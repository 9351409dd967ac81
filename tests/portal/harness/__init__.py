"""What the portal's tests stand on: a real installation, a real proxy with TLS, a real Chromium that is watched."""
