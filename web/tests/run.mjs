// The page in headless Chromium, against a real server with a fresh library. Ends with `N passed, N failed`.
// LARMOR_BINARY: the binary to test. LARMOR_SHOTS: where to keep screenshots (default: a temporary folder).
// An argument takes only the scenarios whose name contains it.
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { writeSeries } from './ct.mjs';
import { findBinary, freePort, run, serve } from './larmor.mjs';
import { scenarios } from './scenarios.mjs';
import { targetScenarios } from './targets.mjs';
import { workScenarios } from './work.mjs';

const sampleFiles = '/usr/lib/python3/dist-packages/pydicom/data/test_files';
const browserPath = process.env.CHROMIUM ?? '/usr/bin/chromium';
const timeout_ms = 15_000;

const folder = mkdtempSync(join(tmpdir(), 'larmor-web-'));
const shots = process.env.LARMOR_SHOTS ?? join(folder, 'shots');
mkdirSync(shots, { recursive: true });
let passed = 0;
let failed = 0;
let server;
let browser;

async function scenario({ name, test }, world) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  context.setDefaultTimeout(timeout_ms);
  const page = await context.newPage();
  const mistakes = [];
  page.on('pageerror', (error) => mistakes.push(error));
  const started = performance.now();
  try {
    await test({ ...world, page, context, server });
    if (mistakes.length > 0) throw new Error(`the page threw: ${mistakes.map(({ message }) => message).join('; ')}`);
    passed += 1;
    console.log(`ok    ${name} (${Math.round(performance.now() - started)} ms)`);
  } catch (error) {
    failed += 1;
    const picture = join(shots, `failed-${passed + failed}.png`);
    await page.screenshot({ path: picture }).catch(() => {});
    console.log(`FAIL  ${name}\n${error.stack}\n      looked like ${picture}`);
  } finally {
    await context.close();
  }
}

try {
  const binary = findBinary();
  const library = join(folder, 'library');
  writeSeries(join(folder, 'ct'));
  const sources = [join(folder, 'ct')];
  if (existsSync(sampleFiles)) sources.push(sampleFiles);
  else {
    failed += 1;
    console.log(`FAIL  ${sampleFiles} is missing: install python3-pydicom (./dev setup)`);
  }
  const imported = run(binary, ['import', '--library', library, '--keep-going', ...sources]);
  console.log(`${binary}: ${imported.out.trim().split('\n').at(-1)}`);
  if (imported.code !== 0) throw new Error(`import ended with ${imported.code}: ${imported.err}`);
  const created = run(binary, ['token', 'create', '--library', library, '--name', 'browser test', '--role', 'reader']);
  const token = created.out.trim();
  if (created.code !== 0 || !token) throw new Error(`token create ended with ${created.code}: ${created.err}`);

  server = await serve(binary, library, await freePort());
  browser = await chromium.launch({ executablePath: browserPath, args: ['--no-sandbox', '--disable-dev-shm-usage'] });

  // The link works once: all scenarios but the first sign in with its cookie.
  const first = await browser.newContext();
  const page = await first.newPage();
  await page.goto(server.link);
  const cookies = await first.cookies();
  await first.close();

  const world = {
    token, shots, cookies, binary, library, sampleFiles,
    restart: async () => { server = await serve(binary, library, server.port); },
  };
  const wanted = process.argv[2] ?? '';
  // The last of the others stops the server: its sessions stay.
  for (const one of [...workScenarios, ...targetScenarios, ...scenarios].filter(({ name }) => name.includes(wanted))) {
    await scenario(one, world);
    if (!server.isAlive()) throw new Error('the server is gone: the rest would only say so again');
  }
} catch (error) {
  failed += 1;
  console.log(`FAIL  ${error.stack}`);
} finally {
  await browser?.close();
  await server?.stop();
  if (failed === 0) rmSync(folder, { recursive: true, force: true });
  else console.log(`kept ${folder}${server ? `\nserver said:\n${server.said.slice(-20).join('\n')}` : ''}`);
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
