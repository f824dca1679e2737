// What a person does with the page. Each runs in a browser context of its own.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { ct, grey, mask } from './ct.mjs';
import { greyAt, shot } from './pixels.mjs';
import {
  afterDrawing, listed, near, openCt, openList, picturesSettled, rows, searchFor, shownSlice, signedIn, viewport,
} from './steps.mjs';

export const scenarios = [
  {
    name: 'says that nobody is signed in, refuses a wrong token, lets in with a good one and out again',
    async test({ page, server, token, shots }) {
      await page.goto(server.origin);
      await page.getByRole('heading', { name: 'You are signed out' }).waitFor();
      await page.screenshot({ path: join(shots, 'signed-out.png') });
      await page.getByLabel('Token').fill('not-a-token');
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByRole('alert').waitFor();

      await page.getByLabel('Token').fill(token);
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.locator(rows).first().waitFor();
      assert.match(await page.locator('.who').innerText(), /reader/);

      await page.getByRole('button', { name: 'Sign out' }).click();
      await page.getByRole('heading', { name: 'You are signed out' }).waitFor();
      await page.reload();
      await page.getByRole('heading', { name: 'You are signed out' }).waitFor();
    },
  },
  {
    name: 'lists studies with their thumbnails',
    async test(world) {
      const { page, shots } = world;
      await openList(world);
      const row = page.locator(`[data-uid="${ct.study}"]`);
      await row.scrollIntoViewIfNeeded();
      assert.match(await row.innerText(), /Phantom, Scroll[\s\S]*SCROLL-1[\s\S]*2024-02-29[\s\S]*CT[\s\S]*Scroll phantom[\s\S]*ACC42[\s\S]*27 instances/);
      const picture = row.locator('.thumbnail img');
      await picture.waitFor();
      assert.ok(await picture.evaluate((image) => image.decode().then(() => image.naturalWidth >= 32)));
      await picturesSettled(page);
      await page.screenshot({ path: join(shots, 'studies-1280.png') });
      await page.setViewportSize({ width: 1920, height: 1080 });
      await picturesSettled(page);
      await page.screenshot({ path: join(shots, 'studies-1920.png') });
      await page.setViewportSize({ width: 800, height: 900 });
      await picturesSettled(page);
      await page.screenshot({ path: join(shots, 'studies-800.png') });
    },
  },
  {
    name: 'loads further pages while the list is scrolled, each study once',
    async test(world) {
      const { page } = world;
      // There are fewer samples than a page holds: each is listed several times, under UIDs of its own.
      await page.route(/\/dicomweb\/studies\?/, async (route) => {
        const url = new URL(route.request().url());
        const offset = Number(url.searchParams.get('offset'));
        url.searchParams.set('offset', '0');
        url.searchParams.set('limit', '50');
        const response = await route.fetch({ url: String(url) });
        const found = await response.json();
        const page50 = Array.from({ length: offset < 100 ? 50 : 20 }, (_, index) => {
          const copy = structuredClone(found[index % found.length]);
          copy['0020000D'].Value = [`2.25.${offset + index + 1}`];
          return copy;
        });
        await route.fulfill({ json: page50 });
      });
      await openList(world);
      await listed(page, 50);
      await page.keyboard.press('End');
      await listed(page, 100);
      await page.keyboard.press('End');
      await listed(page, 120);
      assert.match(await page.locator('.bar-title').innerText(), /^120 studies$/);
    },
  },
  {
    name: 'narrows the list by name, id, date, modality, accession and description, and keeps the search in the address',
    async test(world) {
      const { page } = world;
      await openList(world);
      const all = await page.locator(rows).count();
      assert.ok(all > 5, `only ${all} studies`);
      for (const [label, text] of [['Patient name', 'scroll'], ['Patient ID', 'SCROLL'], ['Accession', 'CC42'], ['Description', 'phantom']]) {
        await searchFor(page, label, text);
        await listed(page, 1);
        assert.equal(await page.locator(rows).getAttribute('data-uid'), ct.study);
        await page.getByRole('button', { name: 'Clear the search' }).click();
        await listed(page, all);
      }
      await searchFor(page, 'From', '2024-02');
      await searchFor(page, 'To', '2024');
      await page.getByLabel('Modality').selectOption('CT');
      await listed(page, 1);
      const address = new URL(page.url());
      assert.equal(address.searchParams.get('from'), '2024-02');
      assert.equal(address.searchParams.get('modality'), 'CT');

      await page.reload();
      await listed(page, 1);
      assert.equal(await page.getByLabel('From', { exact: true }).inputValue(), '2024-02');

      await searchFor(page, 'Patient name', 'nobody is called this');
      await page.getByRole('heading', { name: 'No study matches' }).waitFor();
      await page.locator('.nothing').getByRole('button', { name: 'Clear the search' }).click();
      await listed(page, all);
    },
  },
  {
    name: 'is used with the keyboard alone, from the search to a slice and back',
    async test(world) {
      const { page, shots } = world;
      await openList(world);
      await page.keyboard.press('?');
      await page.getByRole('dialog').waitFor();
      await page.screenshot({ path: join(shots, 'keys.png') });
      await page.keyboard.press('Escape');
      await page.getByRole('dialog').waitFor({ state: 'detached' });

      await page.keyboard.press('/');
      await page.keyboard.type('scroll');
      await listed(page, 1);
      await page.keyboard.press('Enter');
      await page.keyboard.press('ArrowDown');
      assert.equal(await page.locator('[aria-selected=true]').getAttribute('data-uid'), ct.study);
      await page.keyboard.press('Enter');
      const middle = await shownSlice(page);
      await page.keyboard.press('ArrowDown');
      await shownSlice(page, middle + 1);
      await page.keyboard.press('End');
      await shownSlice(page, ct.slices - 1);
      await page.keyboard.press('Home');
      await shownSlice(page, 0);

      await page.keyboard.press('Escape');
      await listed(page, 1);
      assert.equal(await page.getByLabel('Patient name').inputValue(), 'scroll');
      await page.goBack();
      await shownSlice(page);
      await page.keyboard.press('Escape');
      await page.keyboard.press('Escape');
      await page.locator('.bar-title').filter({ hasNotText: '1 study' }).waitFor();
      await page.waitForFunction(([uid]) => document.querySelector('[aria-selected=true]')?.dataset.uid === uid, [ct.study]);
    },
  },
  {
    name: 'shows slices in the order of the body, each with the grey that the window makes of its value',
    async test(world) {
      const { page } = world;
      await openCt(world);
      for (const place of [0, 9, ct.slices - 1]) {
        await page.keyboard.press('Home');
        for (let step = 0; step < place; step += 1) await page.keyboard.press('ArrowDown');
        await shownSlice(page, place);
        const picture = await shot(page);
        near(greyAt(picture, 0.5, 0.5), grey(ct.valueAt(place), ct.window), 3, `grey of slice ${place}`);
        near(greyAt(picture, 0.5, 0.06), 0, 1, 'grey of air');
      }
      assert.match(await page.locator('.overlay-br').innerText(), /57\.5 mm[\s\S]*24 \/ 24/);
      assert.match(await page.locator('.overlay-bl').innerText(), /W 400 {3}L 40/);
      assert.deepEqual(await page.locator('.edge').allInnerTexts(), ['A', 'L', 'P', 'R']);
    },
  },
  {
    name: 'scrolls with the wheel and by dragging the bar beside the picture',
    async test(world) {
      const { page } = world;
      await openCt(world);
      await page.keyboard.press('Home');
      await shownSlice(page, 0);
      const before = await shot(page);
      await page.locator(viewport).hover();
      await page.mouse.wheel(0, 100);
      await shownSlice(page, 1);
      await page.mouse.wheel(0, 100);
      await page.mouse.wheel(0, 100);
      await shownSlice(page, 3);
      const after = await shot(page);
      near(greyAt(after, 0.5, 0.5) - greyAt(before, 0.5, 0.5), grey(ct.valueAt(3), ct.window) - grey(ct.valueAt(0), ct.window), 4, 'change of grey');

      const bar = await page.getByRole('slider', { name: 'Slice' }).boundingBox();
      await page.mouse.click(bar.x + bar.width / 2, bar.y + bar.height - 2);
      await shownSlice(page, ct.slices - 1);
    },
  },
  {
    name: 'changes window and level by dragging, by preset, by range and back, and inverts',
    async test(world) {
      const { page } = world;
      await openCt(world);
      const place = await shownSlice(page);
      const value = ct.valueAt(place);
      const first = greyAt(await shot(page), 0.5, 0.5);

      const box = await page.locator(viewport).boundingBox();
      await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
      await page.mouse.down();
      await afterDrawing(page, () => page.mouse.move(box.x + box.width / 2 + 60, box.y + box.height / 2 - 80, { steps: 4 }));
      await page.mouse.up();
      const [, width, center] = /W (\S+) {3}L (\S+)/.exec(await page.locator('.overlay-bl').innerText());
      assert.notEqual(Number(width), ct.window.width);
      assert.notEqual(Number(center), ct.window.center);
      const dragged = greyAt(await shot(page), 0.5, 0.5);
      assert.ok(Math.abs(dragged - first) > 8, `dragging changed the grey from ${first} to ${dragged} only`);
      near(dragged, grey(value, { width: Number(width), center: Number(center) }), 4, 'grey after dragging');

      await afterDrawing(page, () => page.getByRole('button', { name: 'Bone' }).click());
      near(greyAt(await shot(page), 0.5, 0.5), grey(value, { center: 480, width: 2500 }), 3, 'grey in the bone window');
      await afterDrawing(page, () => page.keyboard.press('a'));
      near(greyAt(await shot(page), 0.5, 0.5), 255, 1, 'brightest value in the full range');
      await afterDrawing(page, () => page.keyboard.press('0'));
      near(greyAt(await shot(page), 0.5, 0.5), grey(value, ct.window), 3, 'grey after reset');
      await afterDrawing(page, () => page.keyboard.press('i'));
      near(greyAt(await shot(page), 0.5, 0.5), 255 - grey(value, ct.window), 3, 'inverted grey');
    },
  },
  {
    name: 'shows a mask without a window right, though the first frame that is shown has one value only',
    async test(world) {
      const { page } = world;
      await signedIn(world, `/?study=${mask.study}&series=${mask.series}`);
      await shownSlice(page, 1);
      near(greyAt(await shot(page), 0.5, 0.5), 255, 1, 'the greatest value that 12 bits hold');
      await page.keyboard.press('Home');
      await shownSlice(page, 0);
      const picture = await shot(page);
      // The viewport is wider than the square image: a tenth of its width from the middle is well inside.
      near(greyAt(picture, 0.4, 0.5), 255, 1, 'left half');
      near(greyAt(picture, 0.6, 0.5), 0, 1, 'right half');
    },
  },
  {
    name: 'turns, flips and zooms the picture with its labels',
    async test(world) {
      const { page } = world;
      await openCt(world);
      const edges = () => page.locator('.edge').allInnerTexts();
      await afterDrawing(page, () => page.keyboard.press('r'));
      assert.deepEqual(await edges(), ['R', 'A', 'L', 'P']);
      await afterDrawing(page, () => page.keyboard.press('0'));
      await afterDrawing(page, () => page.keyboard.press('f'));
      assert.deepEqual(await edges(), ['A', 'R', 'P', 'L']);
      await afterDrawing(page, () => page.keyboard.press('0'));
      assert.ok(greyAt(await shot(page), 0.5, 0.1) < 2, 'air is above the square');
      for (let press = 0; press < 4; press += 1) await afterDrawing(page, () => page.keyboard.press('+'));
      assert.ok(greyAt(await shot(page), 0.5, 0.1) > 20, 'the square covers the place after zooming');
    },
  },
  {
    name: 'plays a stack until it is told to stop',
    async test(world) {
      const { page } = world;
      await openCt(world);
      const place = await shownSlice(page);
      await page.getByLabel('Frames a second').fill('30');
      await page.getByRole('button', { name: 'Play' }).click();
      await page.waitForFunction(([selector, from, count]) => {
        const shown = Number(document.querySelector(selector).dataset.shown);
        return (shown - from + count) % count >= 5;
      }, [viewport, place, ct.slices]);
      await page.getByRole('button', { name: 'Stop' }).click();
      await page.getByRole('button', { name: 'Play' }).waitFor();
      await shownSlice(page);
    },
  },
  {
    name: 'fetches the slice that is looked at first, its neighbours next, and all of them in the end',
    async test(world) {
      const { page } = world;
      const asked = [];
      page.on('request', (request) => {
        const match = /instances\/2\.25\.1002000(\d+)\/frames\/1$/.exec(new URL(request.url()).pathname);
        if (match) asked.push(Number(match[1]));
      });
      await openCt(world);
      await page.waitForFunction(([selector, count]) => document.querySelector(selector).dataset.loaded === String(count), [viewport, ct.slices]);
      const middle = Math.floor((ct.slices - 1) / 2);
      assert.equal(asked[0], middle);
      assert.deepEqual([...asked.slice(1, 9)].sort((a, b) => a - b), [-4, -3, -2, -1, 1, 2, 3, 4].map((step) => middle + step));
      assert.equal(new Set(asked).size, ct.slices);
      assert.equal(asked.length, ct.slices);
    },
  },
  {
    name: 'lists the tags of an instance and finds one',
    async test(world) {
      const { page, shots } = world;
      await openCt(world);
      await page.keyboard.press('t');
      const tags = page.getByRole('region', { name: 'Tags' });
      await tags.getByText('PatientName', { exact: true }).waitFor();
      await tags.getByLabel('Filter tags').fill('rescaleinter');
      await page.waitForFunction(() => document.querySelectorAll('.tag-row').length === 1);
      assert.match(await tags.locator('.tag-row').innerText(), /\(0028,1052\)[\s\S]*DS[\s\S]*RescaleIntercept[\s\S]*-1024/);
      await tags.getByLabel('Filter tags').fill('');
      await tags.getByText('SOPClassUID', { exact: true }).waitFor();
      await page.screenshot({ path: join(shots, 'study-1280.png') });
      await afterDrawing(page, () => page.setViewportSize({ width: 1920, height: 1080 }));
      await page.screenshot({ path: join(shots, 'study-1920.png') });
      await afterDrawing(page, () => page.setViewportSize({ width: 800, height: 900 }));
      await page.screenshot({ path: join(shots, 'study-800.png') });
    },
  },
  {
    name: 'opens every series of the samples: as a picture, as tags, or with a reason',
    async test(world) {
      const { page } = world;
      await openList(world);
      const series = await page.evaluate(async () => {
        const ask = async (path) => (await fetch(`/dicomweb/${path}`, { headers: { Accept: 'application/dicom+json' } })).json();
        const studies = (await ask('studies?limit=500')).map((study) => study['0020000D'].Value[0]);
        const found = [];
        for (const study of studies) {
          for (const one of await ask(`studies/${study}/series`)) found.push({ study, uid: one['0020000E'].Value[0], modality: one['00080060']?.Value?.[0] });
        }
        return found;
      });
      assert.ok(series.length > 20, `only ${series.length} series`);
      const outcomes = { picture: 0, tags: 0, reason: [] };
      for (const { study, uid, modality } of series) {
        // As the back button does it: loading the page and Cornerstone3D anew for each would take most of the time.
        await page.evaluate((address) => {
          window.history.pushState(null, '', address);
          window.dispatchEvent(new PopStateEvent('popstate'));
        }, `/?study=${study}&series=${uid}`);
        const answer = page.locator(`[data-series="${uid}"]`)
          .locator(`${viewport}:not([data-shown="-1"]):not([data-renders="0"]), .no-picture, .problem`).first();
        await answer.waitFor();
        const what = await answer.getAttribute('class');
        if (what.includes('viewport')) outcomes.picture += 1;
        else if (what.includes('no-picture')) outcomes.tags += 1;
        else {
          const said = await answer.innerText();
          assert.match(said, /status 4\d\d/, `${modality} ${uid} ended with: ${said}`);
          outcomes.reason.push(`${modality} ${uid}: ${said.replaceAll('\n', ' ')}`);
        }
      }
      console.log(`      ${outcomes.picture} with a picture, ${outcomes.tags} without, ${outcomes.reason.length} refused:`);
      for (const reason of outcomes.reason) console.log(`      ${reason}`);
      assert.ok(outcomes.picture >= series.length * 0.75, 'too few pictures');
    },
  },
  {
    name: 'says what went wrong when a frame cannot be had, and tries again when asked',
    async test(world) {
      const { page } = world;
      let broken = true;
      await page.route(/\/frames\/1/, (route) => broken
        ? route.fulfill({ status: 500, headers: { 'X-Request-Id': 'r-77' }, json: { title: 'Read error', status: 500, detail: 'segment 3 is short' } })
        : route.continue());
      await signedIn(world, `/?study=${ct.study}&series=${ct.series}`);
      const problem = page.getByRole('alert');
      await problem.waitFor();
      assert.match(await problem.innerText(), /Read error[\s\S]*segment 3 is short[\s\S]*status 500 · request r-77/);
      broken = false;
      await page.getByRole('button', { name: 'Try again' }).click();
      await shownSlice(page);
    },
  },
  {
    name: 'says so when the server goes away, and goes on when it is back',
    async test(world) {
      const { page, server, restart, shots } = world;
      await openList(world);
      await server.stop();
      await searchFor(page, 'Patient name', 'scroll');
      await page.getByRole('heading', { name: 'The server does not answer' }).waitFor();
      await page.screenshot({ path: join(shots, 'server-away.png') });
      await restart();
      await page.getByRole('button', { name: 'Try again' }).click();
      await listed(page, 1);
    },
  },
];
