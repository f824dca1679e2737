// What the scenarios do again and again. Everything waits for something on the page, never for time to pass.
import assert from 'node:assert/strict';
import { ct } from './ct.mjs';

export const rows = '.study:not(.is-skeleton)';
export const viewport = '[data-testid=viewport]';

export async function signedIn({ page, context, cookies, server }, path = '/') {
  await context.addCookies(cookies);
  await page.goto(server.origin + path);
}

export async function openList(world) {
  await signedIn(world);
  await world.page.locator(rows).first().waitFor();
}

/** Opens the stairs of HU and waits for its first picture. */
export async function openCt(world) {
  await signedIn(world, `/?study=${ct.study}&series=${ct.series}`);
  await shownSlice(world.page);
}

/** Waits until the slice that was asked for is the one on the screen, and drawn; returns its place, from 0. */
export async function shownSlice(page, place) {
  await page.waitForFunction(([selector, wanted]) => {
    const { index, shown, renders } = document.querySelector(selector)?.dataset ?? {};
    return shown !== undefined && shown !== '-1' && shown === index && Number(renders) > 0 && (wanted === null || shown === String(wanted));
  }, [viewport, place ?? null]);
  return Number(await page.locator(viewport).getAttribute('data-shown'));
}

/** Does something and waits until the viewport has drawn again after it. */
export async function afterDrawing(page, action) {
  const before = Number(await page.locator(viewport).getAttribute('data-renders'));
  await action();
  await page.waitForFunction(([selector, count]) => Number(document.querySelector(selector).dataset.renders) > count, [viewport, before]);
}

export async function searchFor(page, label, text) {
  await page.getByLabel(label, { exact: true }).fill(text);
}

/** Waits until exactly these many studies are listed and no question is open. */
export async function listed(page, count) {
  await page.waitForFunction(([selector, wanted]) =>
    document.querySelector('.study-list')?.getAttribute('aria-busy') === 'false'
    && document.querySelectorAll(selector).length === wanted, [rows, count]);
}

/** Waits until every thumbnail in sight is there, or is known not to be. */
export async function picturesSettled(page) {
  await page.waitForFunction(() => [...document.querySelectorAll('.thumbnail')].every((thumbnail) => {
    const { top, bottom } = thumbnail.getBoundingClientRect();
    return bottom < 0 || top > window.innerHeight || thumbnail.dataset.state !== 'loading';
  }));
}

export function near(actual, expected, tolerance, what) {
  assert.ok(Math.abs(actual - expected) <= tolerance, `${what}: ${actual} is not within ${tolerance} of ${expected}`);
}
