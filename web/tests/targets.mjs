// The page "Index". The server of these tests has no index; what one with targets answers is answered by the test, as index_check_test.py
// sees it from the real one.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { rows, signedIn } from './steps.mjs';

const sizes = [[1280, 800], [390, 844]];
const target = {
  name: 'mysql', queue: 'index-mysql', fed: true, kept_here: true, lag: 0, lag_s: 0, dead: 0, sequence: '1-4711', log: '1-4711', held_by: null,
  last_check: null,
};
const checked = (state, result) => ({ job: '17', state, at: '2026-01-02T03:04:05Z', result });

async function open(world) {
  await signedIn(world, '/?screen=index');
  await world.page.getByRole('heading', { name: 'Targets' }).waitFor();
}

const row = (page, name) => page.locator(`[data-target="${name}"]`);

/** Nothing of the page lies beside the window, where nobody finds it. */
async function pictures(world, name) {
  for (const [width, height] of sizes) {
    await world.page.setViewportSize({ width, height });
    const beside = await world.page.evaluate(() => [...document.querySelectorAll('.work *')].filter((element) => {
      const { right, width: wide } = element.getBoundingClientRect();
      return wide > 0 && right > window.innerWidth + 1 && !element.closest('thead');
    }).map((element) => element.className || element.tagName));
    assert.deepEqual(beside, []);
    await world.page.screenshot({ path: join(world.shots, `${name}-${width}.png`) });
  }
  await world.page.setViewportSize({ width: 1280, height: 800 });
}

export const targetScenarios = [
  {
    name: 'index: is reached and left with the keyboard, and says that nothing is indexed',
    async test(world) {
      const { page } = world;
      await signedIn(world);
      await page.locator(rows).first().waitFor();
      await page.keyboard.press('w');
      await page.getByRole('heading', { name: 'Queues' }).waitFor();
      await page.keyboard.press('i');
      await page.getByText('Nothing is indexed').waitFor();
      assert.equal(new URL(page.url()).searchParams.get('screen'), 'index');
      await pictures(world, 'index-none');
      await page.keyboard.press('Escape');
      await page.getByRole('heading', { name: 'Queues' }).waitFor();
      await page.getByRole('link', { name: 'Index' }).click();
      await page.getByText('Nothing is indexed').waitFor();
    },
  },
  {
    name: 'index: shows how far targets are, what holds them and their last check, and begins one',
    async test(world) {
      const { page } = world;
      let at = 4000;
      let mysql = target;
      await page.route(/\/v1\/index$/, (route) => {
        at += 100;
        return route.fulfill({
          json: {
            targets: [
              { ...target, name: 'lake', queue: 'index-lake', lag: 4711 - at, lag_s: 130, sequence: `1-${at}`, last_check: checked('succeeded', { studies: 1200, drift: 2, repaired: 0, unsettled: 0 }) },
              mysql,
              { ...target, name: 'search', queue: 'index-search', dead: 3, sequence: '1-4000', held_by: '1099511627777', last_check: checked('failed', null) },
              { ...target, name: 'old', queue: 'index-old', kept_here: false, lag: 12, lag_s: 7300, sequence: '1-4699' },
            ],
          },
        });
      });
      await open(world);
      await row(page, 'mysql').waitFor();
      await page.getByText('3 behind').waitFor();
      assert.match(await row(page, 'mysql').innerText(), /at 1-4711[\s\S]*0 events[\s\S]*–[\s\S]*0[\s\S]*never/);
      assert.match(await row(page, 'lake').innerText(), /\d+ events\s*\d+ to apply[\s\S]*2 min[\s\S]*2 tables differ/);
      assert.match(await row(page, 'search').innerText(), /Dead letter 1099511627777 holds it[\s\S]*711 events[\s\S]*3[\s\S]*failed/);
      assert.match(await row(page, 'old').innerText(), /its queue grows[\s\S]*12 events[\s\S]*2 h/);
      assert.equal(await row(page, 'old').getByRole('button', { name: /^Check/ }).count(), 0);
      // A hundred a poll.
      await page.waitForFunction(() => /\d\/s/.test(document.querySelector('[data-target=lake]').innerText));
      await page.waitForFunction(() => /idle/.test(document.querySelector('[data-target=mysql]').innerText));
      await pictures(world, 'index');

      let asked;
      await page.route(/\/v1\/index\/mysql\/check/, (route) => {
        asked = `${route.request().method()} ${new URL(route.request().url()).search}`;
        mysql = { ...target, last_check: checked('running', { studies: 300, drift: 0, repaired: 0, unsettled: 0 }) };
        return route.fulfill({ status: 202, json: {} });
      });
      await row(page, 'mysql').getByRole('button', { name: 'Check mysql' }).click();
      await row(page, 'mysql').getByText('running, 300 studies').waitFor();
      assert.equal(asked, 'POST ?repair=false');
      assert.ok(await row(page, 'mysql').getByRole('button', { name: 'Check mysql' }).isDisabled());
      mysql = { ...target, last_check: checked('succeeded', { studies: 1200, drift: 0, repaired: 0, unsettled: 0 }) };
      await row(page, 'mysql').getByText('equal, 1,200 studies').waitFor();

      await row(page, 'search').getByRole('button', { name: 'search' }).first().click();
      await page.getByRole('heading', { name: 'Queues' }).waitFor();
      assert.equal(new URL(page.url()).searchParams.get('queue'), 'index-search');
    },
  },
  {
    name: 'index: says what is not for a reader, and what went wrong',
    async test(world) {
      const { page } = world;
      let status = 403;
      await page.route(/\/v1\/index$/, (route) => status === 200
        ? route.continue()
        : route.fulfill({ status, headers: { 'X-Request-Id': 'r-79' }, json: { title: 'x', status, detail: 'PostgreSQL is away' } }));
      await open(world);
      await page.getByText('The index is shown to the roles admin and monitor.').waitFor();
      status = 503;
      await page.reload();
      const problem = page.getByRole('alert');
      await problem.waitFor();
      assert.match(await problem.innerText(), /PostgreSQL is away[\s\S]*request r-79/);
      status = 200;
      await problem.getByRole('button', { name: 'Try again' }).click();
      await page.getByText('Nothing is indexed').waitFor();
    },
  },
];
