"""A screenshot as a PNG with a palette: a quarter of the bytes, and no difference that anybody would see.

Pages have few colours: those that stand there most often are kept as they are, and the many shades at the edges of
letters take the nearest. The browser, which is quick at it, does the counting.
"""

import base64
import struct
import zlib
from pathlib import Path

from playwright.async_api import Page

_INDEXED = """async (png) => {
  const image = await createImageBitmap(await (await fetch("data:image/png;base64," + png)).blob());
  const { width, height } = image;
  const canvas = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  canvas.drawImage(image, 0, 0);
  const pixels = new Uint32Array(canvas.getImageData(0, 0, width, height).data.buffer);
  const counts = new Map();
  for (const one of pixels) counts.set(one, (counts.get(one) ?? 0) + 1);
  const kept = [...counts].sort((a, b) => b[1] - a[1] || a[0] - b[0]).slice(0, 256).map(([one]) => one);
  const parts = (one) => [one & 255, (one >> 8) & 255, (one >> 16) & 255];
  const palette = kept.map(parts);
  const places = new Map(kept.map((one, place) => [one, place]));
  const nearest = (one) => {
    const [r, g, b] = parts(one);
    let best = 0, least = Infinity;
    palette.forEach(([x, y, z], place) => {
      const far = 2 * (r - x) ** 2 + 4 * (g - y) ** 2 + 3 * (b - z) ** 2;
      if (far < least) [best, least] = [place, far];
    });
    return best;
  };
  const rows = new Uint8Array((width + 1) * height);
  for (let y = 0, from = 0, to = 0; y < height; y++) {
    rows[to++] = 0;
    for (let x = 0; x < width; x++) {
      const one = pixels[from++];
      let place = places.get(one);
      if (place === undefined) places.set(one, (place = nearest(one)));
      rows[to++] = place;
    }
  }
  let text = "";
  for (let at = 0; at < rows.length; at += 32768) text += String.fromCharCode(...rows.subarray(at, at + 32768));
  return { width, height, palette: palette.flat(), rows: btoa(text) };
}"""


async def write_small(page: Page, png: bytes, to: Path) -> int:
    """Write the picture; how many bytes it has. `page`: an empty one, whose browser does the work."""
    found = await page.evaluate(_INDEXED, base64.b64encode(png).decode())
    head = struct.pack(">IIBBBBB", found["width"], found["height"], 8, 3, 0, 0, 0)
    body = zlib.compress(base64.b64decode(found["rows"]), 9)
    chunks = [(b"IHDR", head), (b"PLTE", bytes(found["palette"])), (b"IDAT", body), (b"IEND", b"")]
    return to.write_bytes(  # noqa: ASYNC240  a tool with nothing beside it
        b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in chunks)
    )


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
