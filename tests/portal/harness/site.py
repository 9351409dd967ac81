"""The site under test: names, the gateway's configuration, and what its proxy is told.

Browsers know the portal by `SECURE`, behind Caddy with TLS, and by the http origin on loopback. Behind the same Caddy
stand apps that say who they were told is asking, each guarded by the gateway.
"""

from pathlib import Path

TLS = Path(__file__).parents[2] / "tls"
CERTIFICATE, KEY = TLS / "portal.pem", TLS / "portal.key"

PORTAL = "gateway.example.org"
SECURE = f"https://{PORTAL}"
APP, GIT, PACKAGES = "app.example.org", "git.example.org", "packages.example.org"
APPS = (APP, GIT, PACKAGES)

CONFIG = """\
listen: {{check: ["127.0.0.1:{check}"], portal: "127.0.0.1:{portal}", ops: "127.0.0.1:{ops}"}}
public_url: [https://gateway.example.org, "http://127.0.0.1:{portal}"]
support_contact: help desk, phone 4711
trusted_proxies: ["127.0.0.1/32"]
client_address: {{skip: ["127.0.0.1/32"]}}  # Caddy: before it stands a balancer, played by the browser
store: {{url: "sqlite:///token-gateway.db"}}
key_file: token-gateway.key
limits: {{failures: unlimited}}
tokens:
  personal: {{default_lifetime: 90d, max_lifetime: 366d}}
  application: {{default_lifetime: 366d, max_lifetime: unlimited}}
groups: [staff, developers, admins]
permissions:
  own_tokens: [staff, developers, admins]
  any_tokens: [admins]
  users: [admins]
  applications: [admins]
  audit: [admins]
  explain: [admins]
  introspect: [admins]
scopes:
  rest: REST and JSON API
  write: Change things
  export: Bulk export
  pull: Download packages, read from git
  push: Push to git
identity:
  default: {{X-Auth-User: login, X-Auth-Email: email, X-Auth-Groups: groups, X-Auth-Token-Name: token_name}}
routes:
  - {{name: public, host: app.example.org, path: "/public/**", public: true}}
  - {{name: api-read, host: app.example.org, path: "/api/**", methods: [GET], scopes: rest}}
  - {{name: api-write, host: app.example.org, path: "/api/**", methods: [POST, PUT], scopes: {{all: [rest, write]}}}}
  - {{name: reports, host: app.example.org, path: "/reports/*/export", scopes: export, groups: [staff]}}
  - {{name: inside, host: app.example.org, path: "/inside/**", authenticated: true, networks: ["10.0.0.0/8"]}}
  - {{name: closed, host: app.example.org, path: "/internal/**", deny: true}}
  - host: git.example.org
    challenge: [basic, bearer]
    routes:
      - {{name: git-push, path: "/**/git-receive-pack", methods: [POST], scopes: push, groups: [developers]}}
      - {{name: git-read, path: "/**", scopes: {{any: [pull, push]}}}}
  - {{name: packages, host: packages.example.org, path: "/simple/**", methods: [GET], scopes: pull, challenge: [basic]}}
"""

CADDY = """\
{{
	admin off
	auto_https off
	persist_config off
	skip_install_trust
	storage file_system {folder}/caddy
	servers {{
		trusted_proxies static 127.0.0.1/32
	}}
}}
import token-gateway.caddy
https://{site}:{port} {{
	bind 127.0.0.1
	tls {certificate} {key}
	reverse_proxy 127.0.0.1:{portal}
}}
"""
GUARDED = """\
https://{host}:{port} {{
	bind 127.0.0.1
	tls {certificate} {key}
	import token-gateway
	respond "{host} was told {{http.request.header.X-Auth-User}}"
}}
"""


def caddyfile(folder: Path, *, port: int, portal: int) -> str:
    """What Caddy is told, beside the printed `token-gateway.caddy`."""
    known = {"port": port, "certificate": CERTIFICATE, "key": KEY}
    guarded = (GUARDED.format(host=host, **known) for host in APPS)
    return CADDY.format(folder=folder, site=PORTAL, portal=portal, **known) + "".join(guarded)
