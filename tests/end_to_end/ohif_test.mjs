// OHIF opens studies that it reads from us, from another origin and with a token: what it lists and what it draws.
// LARMOR_SHOTS: where to keep screenshots. An argument takes only the checks whose name contains it.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { drawn, paint } from './lib/canvas.mjs';
import { runChecks } from './lib/checks.mjs';
import { launchBrowser, serveOhif } from './lib/ohif.mjs';
import { sampleStudies } from './lib/sample_studies.mjs';
import { binary, startServer } from './lib/server.mjs';

const small = { width: 1024, height: 700 };
const large = { width: 1600, height: 1000 };
const sizes = { CT: large, MR: small, US: small, PT: small, SEG: large };

const studies = sampleStudies();
for (const modality of Object.keys(sizes).filter((name) => !studies[name])) {
  console.log(`SKIPPED ${modality}: ../shared/data is missing, and Debian has no such study`);
}

const folder = mkdtempSync(join(tmpdir(), 'larmor-ohif-'));
const shots = process.env.LARMOR_SHOTS ?? join(folder, 'shots');
mkdirSync(shots, { recursive: true });
const library = join(folder, 'library');
execFileSync(binary, ['import', '--library', library, ...Object.values(studies).flatMap(({ files }) => files)], { stdio: 'ignore' });

const ohif = await serveOhif();
const server = await startServer({ role: 'reader', library, options: ['--cors-origin', ohif.origin] });
ohif.configure(`${server.url}/dicomweb`, server.token);
const browser = await launchBrowser();
const context = await browser.newContext();
context.setDefaultTimeout(30_000);
await context.addInitScript(() => localStorage.setItem('shownTours', '["basicViewerTour"]'));

/** Runs `look` on a page at a path of OHIF. What our server refused meanwhile, or the browser did not let through, fails the check. */
async function onPage(path, size, name, look) {
  const page = await context.newPage();
  await page.setViewportSize(size);
  const refused = [];
  page.on('response', (response) => {
    if (response.url().startsWith(server.url) && response.status() >= 400) refused.push(`${response.status()} ${response.url()}`);
  });
  page.on('requestfailed', (request) => {
    // The page itself gives up what it no longer wants.
    const why = request.failure().errorText;
    if (request.url().startsWith(server.url) && why !== 'net::ERR_ABORTED') refused.push(`${why} ${request.url()}`);
  });
  try {
    await page.goto(ohif.origin + path);
    await look(page);
    assert.deepEqual(refused, []);
  } catch (error) {
    throw new Error(`${error.message}\nour server refused: ${JSON.stringify(refused)}`, { cause: error });
  } finally {
    await page.screenshot({ path: join(shots, `${name}.png`) });
    await page.close();
  }
}

/** What a card of the list of series says, as lines: modality, description where there is one, number, count of frames. */
async function seriesCards(page, count) {
  const cards = page.locator('[data-cy^="study-browser-thumbnail"]');
  await cards.nth(count - 1).waitFor();
  return (await cards.allInnerTexts()).map((text) => text.split('\n').map((line) => line.trim()).filter(Boolean));
}

const checks = {
  'the study list has every study with its counts': () => onPage('/', large, 'list', async (page) => {
    await page.getByRole('row').nth(Object.keys(studies).length).waitFor();
    const rows = (await page.getByRole('row').allInnerTexts()).map((text) => text.split('\n').map((cell) => cell.trim()).filter(Boolean));
    for (const { patientId, series } of Object.values(studies)) {
      const modalities = [...new Set(series.map(({ modality }) => modality))].join('\\');
      const instances = series.reduce((sum, one) => sum + one.instances, 0);
      assert.ok(rows.some((cells) => cells.includes(modalities) && cells.at(-1) === String(instances) && (!patientId || cells.includes(patientId))),
        `${modalities}, ${instances} instances of patient ${patientId} is not in ${JSON.stringify(rows)}`);
    }
  }),

  'a page of an origin that is not on the list reads nothing': async () => {
    const page = await context.newPage();
    try {
      // The same server under another name is another origin.
      await page.goto(`${ohif.origin.replace('127.0.0.1', 'localhost')}/blank`);
      const ask = ([url, token]) => fetch(url, { headers: { Authorization: `Bearer ${token}` } }).then((answer) => answer.status, (error) => error.name);
      const request = [`${server.url}/dicomweb/studies`, server.token];
      assert.equal(await page.evaluate(ask, request), 'TypeError');
      await page.goto(`${ohif.origin}/blank`);
      assert.equal(await page.evaluate(ask, request), 200);
    } finally {
      await page.close();
    }
  },
};
for (const [modality, { series, middle, coloured }] of Object.entries(studies)) {
  const path = `/viewer?StudyInstanceUIDs=${series[0].study}&initialSOPInstanceUID=${middle}`;
  checks[`a ${modality} study is listed and drawn`] = () => onPage(path, sizes[modality], modality, async (page) => {
    const cards = await seriesCards(page, series.length);
    const expected = series.map((one) => [one.modality, ...(one.description ? [one.description] : []), `S:${one.number}`, String(one.frames)]);
    assert.deepEqual(cards.sort(), expected.sort());
    const { coloured: pixels } = await drawn(page);
    assert.equal(pixels > 500, coloured, `${pixels} pixels have a colour`);
    if (modality === 'SEG') {
      await page.locator('[data-cy="study-browser-thumbnail-no-image"]').dblclick();
      await page.waitForFunction(([text]) => document.body.innerText.includes(text), ['open this Segmentation']);
      // The segment lies over the picture in a colour, and covers the part of it that is set in the file.
      const part = await paint(page, (seen) => seen.coloured > 500);
      assert.ok(part.coloured / part.pixels > 0.02, `${part.coloured} of ${part.pixels} pixels are coloured`);
    }
  });
}
const wanted = process.argv[2] ?? '';
const code = await runChecks(Object.fromEntries(Object.entries(checks).filter(([name]) => name.includes(wanted))));
await browser.close();
await ohif.stop();
const stopped = await server.stop();
if (code === 0) rmSync(folder, { recursive: true });
else console.log(`kept ${folder}`);
process.exitCode = stopped === 0 ? code : 1;
