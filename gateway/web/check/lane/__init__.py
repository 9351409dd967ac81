"""The fast lane: a protocol of our own for plain heads, before the aiohttp application (DESIGN 7).

    bytes -> connection (cut at CRLF CRLF, one unanswered check) -> repeated? -> heads (llhttp and what it lets through)
          -> service -> wire -> bytes

What announces a body goes to the aiohttp lane, at the message boundary. Nothing here imports aiohttp.
"""
