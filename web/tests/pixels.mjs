// What is on the screen, as numbers.
import { PNG } from 'pngjs';

/** The picture inside the viewport, without the text that lies over it. */
export async function shot(page) {
  await page.evaluate(() => { document.querySelector('.overlays').style.visibility = 'hidden'; });
  const png = PNG.sync.read(await page.locator('[data-testid=viewport]').screenshot());
  await page.evaluate(() => { document.querySelector('.overlays').style.visibility = ''; });
  return png;
}

/** Mean of the red, green and blue of the pixels around a place, given as parts of width and height. */
export function greyAt(png, x, y) {
  const cx = Math.floor(png.width * x);
  const cy = Math.floor(png.height * y);
  let sum = 0;
  let count = 0;
  for (let dy = -2; dy <= 2; dy += 1) {
    for (let dx = -2; dx <= 2; dx += 1) {
      const at = 4 * ((cy + dy) * png.width + cx + dx);
      sum += png.data[at] + png.data[at + 1] + png.data[at + 2];
      count += 3;
    }
  }
  return sum / count;
}
