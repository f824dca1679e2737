// The page "Work", with queues and events of the real server. Jobs are answered by the test.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ct } from './ct.mjs';
import { run } from './larmor.mjs';
import { openList, rows, signedIn } from './steps.mjs';

const sizes = [[1280, 800], [390, 844]];

/** As a script would, with the session of the page. */
function ask(page, method, path, body) {
  return page.evaluate(async ([verb, address, json]) => {
    const answer = await fetch(address, {
      method: verb, ...(json === undefined ? {} : { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(json) }),
    });
    if (!answer.ok) throw new Error(`${verb} ${address}: ${answer.status} ${await answer.text()}`);
    return answer.status === 204 ? undefined : answer.json();
  }, [method, path, body]);
}

/** A queue with so many dead letters and messages that wait. */
async function makeQueue(page, name, dead, waiting) {
  await ask(page, 'PUT', `/v1/queues/${name}`, {});
  await ask(page, 'POST', `/v1/queues/${name}/purge`, { what: 'messages' });
  await ask(page, 'POST', `/v1/queues/${name}/purge`, { what: 'dead_letters' });
  const send = (count) => ask(page, 'POST', `/v1/queues/${name}/messages`,
    { messages: Array.from({ length: count }, (_, index) => ({ body: JSON.stringify({ number: index, study: ct.study }) })) });
  if (dead > 0) {
    await send(dead);
    const { messages } = await ask(page, 'POST', `/v1/queues/${name}/receive`, { max: dead });
    for (const [index, { receipt_handle }] of messages.entries()) {
      await ask(page, 'POST', `/v1/queues/${name}/dead-letter`, {
        receipt_handle, reason: index % 2 ? 'no_model' : 'inference_failed',
        error: index % 2 ? '' : `CUDA out of memory: tried to allocate 2.5 GiB (item ${index})`,
      });
    }
  }
  if (waiting > 0) await send(waiting);
}

async function openWork(world, path = '/?screen=work') {
  await signedIn(world, path);
  await world.page.getByRole('heading', { name: 'Queues' }).waitFor();
}

const row = (page, name) => page.locator(`.queue[data-queue="${name}"]`);

/** Nothing of the page lies beside the window, where nobody finds it. */
async function fits(page) {
  const beside = await page.evaluate(() => [...document.querySelectorAll('.work *')].filter((element) => {
    const { right, width } = element.getBoundingClientRect();
    return width > 0 && right > window.innerWidth + 1 && getComputedStyle(element).clipPath === 'none' && !element.closest('thead, pre');
  }).map((element) => element.className || element.tagName));
  assert.deepEqual(beside, []);
}

async function pictures(world, name) {
  for (const [width, height] of sizes) {
    await world.page.setViewportSize({ width, height });
    await fits(world.page);
    await world.page.screenshot({ path: join(world.shots, `${name}-${width}.png`) });
  }
  await world.page.setViewportSize({ width: 1280, height: 800 });
}

const running = (done) => ({
  id: '17', kind: 'import', state: 'running', cancel_requested: false, created_by: 'admin', created_at: new Date().toISOString(),
  started_at: new Date().toISOString(), version: done, progress: { done, total: 100, unit: 'files', rate: 2.5, seconds_left: 24 }, item_errors: 2,
});
const ended = {
  id: '16', kind: 'export', state: 'failed', version: 9, cancel_requested: false, created_by: 'admin', created_at: '2026-01-02T03:04:05Z',
  started_at: '2026-01-02T03:04:06Z', ended_at: '2026-01-02T03:05:05Z',
  progress: { done: 3, total: null, unit: 'instances', rate: null, seconds_left: null }, item_errors: 0,
  error: { code: 'NoSpace', message: 'the disk has less free than is kept in reserve' },
};

export const workScenarios = [
  {
    name: 'work: shows queues and their dead letters, and sends these anew: one, some, all',
    async test(world) {
      const { page } = world;
      await signedIn(world);
      await makeQueue(page, 'inference', 6, 3);
      // Has dead letters too, and comes later: the choice must not move there.
      await makeQueue(page, 'zeta', 1, 0);
      await openWork(world);
      await row(page, 'inference').waitFor();
      assert.match(await row(page, 'inference').innerText(), /inference[\s\S]*3[\s\S]*3 waiting[\s\S]*6/);
      assert.match(await row(page, 'webhooks').innerText(), /internal/);
      // The queue with dead letters is the one that is shown.
      const letters = page.getByRole('region', { name: 'Dead letters' });
      await letters.locator('.letter').nth(5).waitFor();
      assert.match(await letters.locator('.letter').first().innerText(), /inference_failed[\s\S]*CUDA out of memory[\s\S]*received once/);
      await letters.locator('.letter').first().getByRole('button', { name: 'Body' }).click();
      await letters.locator('.letter-body').filter({ hasText: `"study": "${ct.study}"` }).waitFor();
      await pictures(world, 'work');

      const shown = async (count) => page.waitForFunction((wanted) => document.querySelectorAll('.letter').length === wanted, count);
      await letters.locator('.letter').nth(1).getByRole('button', { name: /^Redrive/ }).click();
      await shown(5);
      await letters.getByRole('status').filter({ hasText: '1 sent anew to inference' }).waitFor();
      await letters.getByRole('checkbox', { name: /^Select \d/ }).first().check();
      await letters.getByRole('checkbox', { name: /^Select \d/ }).nth(1).check();
      await letters.getByRole('button', { name: 'Redrive selected (2)' }).click();
      await shown(3);
      await letters.getByRole('button', { name: 'Redrive all (3)' }).click();
      await letters.getByText('None: nothing in this queue has failed for good.').waitFor();
      await letters.getByRole('status').filter({ hasText: '3 sent anew to inference' }).waitFor();
      await page.waitForFunction(() => /9 waiting/.test(document.querySelector('[data-queue=inference]').innerText));
      // What was sent anew was sent: how many a second is said after some seconds.
      await page.waitForFunction(() => /\d\/(s|min)/.test(document.querySelector('[data-queue=inference] [data-label=In]').innerText));
    },
  },
  {
    name: 'work: is reached, used and left with the keyboard alone, and keeps its queue in the address',
    async test(world) {
      const { page } = world;
      await signedIn(world);
      await makeQueue(page, 'index', 1, 0);
      await openList(world);
      await page.keyboard.press('w');
      await page.getByRole('heading', { name: 'Queues' }).waitFor();
      const name = row(page, 'index').getByRole('button');
      await name.waitFor();
      for (let press = 0; press < 30; press += 1) {
        if (await name.evaluate((button) => button === document.activeElement)) break;
        await page.keyboard.press('Tab');
      }
      await page.keyboard.press('Enter');
      await page.waitForFunction(() => new URL(window.location.href).searchParams.get('queue') === 'index');
      await page.reload();
      await page.locator('.letter').waitFor();
      assert.equal(await name.getAttribute('aria-pressed'), 'true');
      await page.getByRole('checkbox', { name: /^Select \d/ }).focus();
      await page.keyboard.press('Space');
      await page.getByRole('button', { name: 'Redrive selected (1)' }).waitFor();
      await name.focus();
      await page.keyboard.press('Escape');
      await page.locator(rows).first().waitFor();
      await page.setViewportSize({ width: 390, height: 844 });
      await page.screenshot({ path: join(world.shots, 'studies-390.png') });
    },
  },
  {
    name: 'work: lists events as they happen, and those of the last hour',
    async test(world) {
      const { page } = world;
      await openWork(world);
      const events = page.getByRole('region', { name: 'Events' });
      await events.getByText('Nothing has happened since you opened this page').waitFor();
      const response = await page.evaluate(async (study) => {
        const answer = await fetch(`/dicomweb/studies/${study}`, { method: 'DELETE' });
        return answer.headers.get('Location');
      }, ct.study);
      await events.locator('.event').filter({ hasText: 'Image Set Deleted' }).first().waitFor();
      await events.getByRole('button', { name: 'Pause' }).click();
      await ask(page, 'POST', `${response}/recover`);
      await events.getByText('paused').waitFor();
      await events.getByRole('button', { name: 'Pause' }).click();
      await page.waitForFunction(() => document.querySelectorAll('.event').length > 1);
      await events.getByRole('button', { name: 'Last hour' }).click();
      await page.waitForFunction(() => document.querySelectorAll('.event').length > 20);
      await events.locator('summary').first().press('Enter');
      await events.locator('.letter-body').filter({ hasText: '"specversion": "1.0"' }).first().waitFor();
      await pictures(world, 'work-events');
      await page.setViewportSize({ width: 390, height: 844 });
      await events.scrollIntoViewIfNeeded();
      await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
      await page.screenshot({ path: join(world.shots, 'work-events-390-below.png') });
    },
  },
  {
    name: 'work: says that there are no jobs on a server that has none, and shows progress on one that has',
    async test(world) {
      const { page } = world;
      const answers = { jobs: (route) => route.fulfill({ status: 404, json: { title: 'Not Found', status: 404 } }) };
      await page.route(/\/v1\/jobs\?/, (route) => answers.jobs(route));
      await openWork(world);
      const jobs = page.getByRole('region', { name: 'Jobs' });
      await jobs.getByText('Jobs are not available on this server.').waitFor();

      let cancelled = false;
      let streams = 0;
      answers.jobs = (route) => route.fulfill({ json: { jobs: [{ ...running(10), cancel_requested: cancelled }, ended] } });
      await page.route(/\/v1\/jobs\/17\/events/, (route) => {
        streams += 1;
        return route.fulfill({ contentType: 'text/event-stream', body: `retry: 50\n\nevent: progress\ndata: ${JSON.stringify({ ...running(39 + streams), cancel_requested: cancelled })}\n\n` });
      });
      await page.route(/\/v1\/jobs\/17\/cancel/, (route) => {
        cancelled = true;
        return route.fulfill({ status: 202, json: {} });
      });
      await page.reload();
      const job = jobs.locator('[data-job="17"]');
      await job.getByText(/4\d of 100 files · 2\.5 files\/s · 24 s left/).waitFor();
      assert.equal(await job.getByRole('progressbar').getAttribute('max'), '100');
      assert.match(await jobs.locator('[data-job="16"]').innerText(), /export[\s\S]*failed[\s\S]*3 instances[\s\S]*less free than is kept[\s\S]*NoSpace/);
      await pictures(world, 'work-jobs');
      await job.getByRole('button', { name: 'Cancel import 17' }).click();
      await job.getByText('stopping').waitFor();

      answers.jobs = (route) => route.fulfill({ json: { jobs: [] } });
      await page.reload();
      await jobs.getByText('No job has run yet').waitFor();
    },
  },
  {
    name: 'work: shows the import that somebody has run beside the server',
    async test(world) {
      const { page, binary, library, sampleFiles } = world;
      await openWork(world);
      // And with it something that is no instance: this file.
      const done = run(binary, ['import', '--library', library, '--keep-going', join(sampleFiles, 'CT_small.dcm'), fileURLToPath(import.meta.url)]);
      assert.match(done.out, /1 rejected/);
      const job = page.locator('.job[data-state=succeeded]').first();
      await job.waitFor();
      assert.match(await job.innerText(), /import[\s\S]*succeeded[\s\S]*2 of 2 /);
      await job.getByRole('button', { name: '1 failed' }).click();
      const why = job.getByRole('list', { name: /^Errors of import \d/ });
      await why.getByRole('listitem').waitFor();
      assert.match(await why.innerText(), /work\.mjs InvalidInput /);
      await pictures(world, 'work-errors');
      await job.getByRole('button', { name: '1 failed' }).click();
      assert.equal(await why.count(), 0);
    },
  },
  {
    name: 'work: says what is not for a reader, and what went wrong',
    async test(world) {
      const { page, server, token } = world;
      await page.goto(server.origin);
      await page.getByLabel('Token').fill(token);
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.locator(rows).first().waitFor();
      await page.getByRole('link', { name: 'Work' }).click();
      await page.getByText('Queues are shown to the roles admin and monitor.').waitFor();
      await page.getByRole('region', { name: 'Events' }).getByText('live').waitFor();
      await pictures(world, 'work-reader');

      await page.getByRole('button', { name: 'Sign out' }).click();
      // Else the answer to this takes the cookie away with which the next one signs in.
      await page.getByRole('heading', { name: 'You are signed out' }).waitFor();
      let broken = true;
      await page.route(/\/v1\/queues$/, (route) => broken
        ? route.fulfill({ status: 503, headers: { 'X-Request-Id': 'r-78' }, json: { title: 'Service Unavailable', status: 503, detail: 'PostgreSQL is away' } })
        : route.continue());
      await openWork(world);
      const problem = page.getByRole('alert');
      await problem.waitFor();
      assert.match(await problem.innerText(), /PostgreSQL is away[\s\S]*request r-78/);
      broken = false;
      await problem.getByRole('button', { name: 'Try again' }).click();
      await row(page, 'webhooks').waitFor();
      assert.equal(await problem.count(), 0);
    },
  },
];
