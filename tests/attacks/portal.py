"""The portal's address as anybody finds it: plain requests, and no library that would mend them."""

import http.client

HOST = "gateway.example.org"


def asked(serving, method, path, *, body=b"", host=HOST, port=None, **headers):
    """One request; status, headers, body."""
    connection = http.client.HTTPConnection("127.0.0.1", port or serving.portal, timeout=10)
    try:
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        connection.putheader("Host", host)
        for name, value in headers.items():
            connection.putheader(name.replace("_", "-"), value)
        if body or method == "POST":
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        connection.close()
