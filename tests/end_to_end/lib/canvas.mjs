// What a page has drawn on its largest canvas, as numbers.

/** In the page: how many different greys, how many pixels with a colour and how many in all; null before there is a canvas. */
function count() {
  const [canvas] = [...document.querySelectorAll('canvas')].sort((a, b) => b.width * b.height - a.width * a.height);
  if (!canvas || canvas.width === 0 || canvas.height === 0) return null;
  const copy = document.createElement('canvas');
  copy.width = canvas.width;
  copy.height = canvas.height;
  const to = copy.getContext('2d');
  to.drawImage(canvas, 0, 0);
  const { data } = to.getImageData(0, 0, copy.width, copy.height);
  const greys = new Set();
  let coloured = 0;
  for (let at = 0; at < data.length; at += 4) {
    const [r, g, b] = [data[at], data[at + 1], data[at + 2]];
    if (Math.max(r, g, b) - Math.min(r, g, b) > 24) coloured += 1;
    else greys.add(g);
  }
  return { greys: greys.size, coloured, pixels: data.length / 4 };
}

/** Waits until what is drawn is as wanted, at most 30 s; the error says what was seen last. */
export async function paint(page, isWanted) {
  const until = performance.now() + 30_000;
  let seen = await page.evaluate(count);
  while (!seen || !isWanted(seen)) {
    if (performance.now() > until) throw new Error(`drawn within 30 s: ${JSON.stringify(seen)}`);
    // A canvas tells nobody when it was drawn on: look again after the next frame of the page.
    await page.evaluate(() => new Promise((resolve) => { requestAnimationFrame(() => setTimeout(resolve, 50)); }));
    seen = await page.evaluate(count);
  }
  return seen;
}

/** Waits for a picture: more greys than a blank canvas or one with lines and letters has. */
export const drawn = (page) => paint(page, ({ greys }) => greys > 40);
