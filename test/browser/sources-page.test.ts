import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { buildUi } from '../../scripts/build-ui.mjs';
import { root } from '../../scripts/build.mjs';
import { requires } from '../support/requirements.ts';
import { launchBrowser, openPage, screenshot } from './support/browser.ts';
import { type FixtureCollector, startFixtureCollector } from './support/fixture-collector.ts';

const needed = requires({ commands: ['chromium'] });
const { test } = needed;

let folder: string;
let browser: Browser;
let collector: FixtureCollector;
let page: Page;
let faults: string[];

beforeAll(async () => {
  if (!needed.met) return;
  folder = mkdtempSync(join(tmpdir(), 'tidegauge-page-'));
  await buildUi(root, folder);
  [browser, collector] = await Promise.all([
    launchBrowser(),
    startFixtureCollector(join(folder, 'ui')),
  ]);
});

afterAll(async () => {
  if (!needed.met) return;
  await browser.close();
  await collector.close();
  rmSync(folder, { recursive: true, force: true });
});

beforeEach(async () => {
  if (needed.met) ({ page, faults } = await openPage(browser));
});

afterEach(async () => {
  if (!needed.met) return;
  await page.context().close();
  expect(faults).toEqual([]);
});

/** The word of each row's state, from the top. */
function states(): Promise<string[]> {
  return page.locator('tbody .state').allTextContents();
}

test('all sources are listed with their states, what needs a look first', async () => {
  await page.goto(`${collector.url}/sources`);
  await page.getByText('http://db1.example:9100/metrics').waitFor();
  expect(await states()).toEqual(['silent', 'late', 'expected', 'live', 'live', 'live', 'ended']);
  const counts = page.getByRole('group', { name: 'Filter by state' }).getByRole('button');
  expect(await counts.allTextContents()).toEqual([
    '1expected',
    '3live',
    '1late',
    '1silent',
    '1ended',
  ]);
  await screenshot(page, 'ui-sources');
});

test('filters by state, kind and text, all in the address', async () => {
  await page.goto(`${collector.url}/sources`);
  await page.getByRole('button', { name: /live/ }).first().click();
  await expect.poll(states).toEqual(['live', 'live', 'live']);
  await page.getByRole('button', { name: 'Push', exact: true }).click();
  await expect.poll(states).toEqual(['live']);
  expect(new URL(page.url()).search).toBe('?state=live&kind=push');
  await page.goto(`${collector.url}/sources?q=zone%3D%22south%22`);
  await expect.poll(states).toEqual(['late']);
  await page.getByRole('searchbox').fill('no such thing');
  await page.getByText('No source matches the filter.').waitFor();
  await page.getByRole('button', { name: 'Show all 7' }).click();
  await expect.poll(async () => (await states()).length).toBe(7);
});

test('a column sorts, and again the other way', async () => {
  await page.goto(`${collector.url}/sources`);
  await page.getByRole('button', { name: 'Refused' }).click();
  const refused = page.locator('tbody .cell-rejected');
  expect((await refused.allTextContents()).at(-1)).toBe('112');
  await page.getByRole('button', { name: 'Refused' }).click();
  await expect.poll(async () => (await refused.allTextContents())[0]).toBe('112');
  const head = page.getByRole('columnheader', { name: 'Refused' });
  expect(await head.getAttribute('aria-sort')).toBe('descending');
});

test('a row opens by keyboard and shows labels and the last error', async () => {
  await page.goto(`${collector.url}/sources?state=late`);
  const toggle = page.getByRole('button', { name: /^Details of node/ });
  await toggle.focus();
  await toggle.press('Enter');
  expect(await toggle.getAttribute('aria-expanded')).toBe('true');
  const details = page.locator('.source-details');
  expect(await details.textContent()).toContain('connect ECONNREFUSED 192.0.2.14:9100');
  expect(await details.getByRole('listitem').allTextContents()).toContain('zonesouth');
  await screenshot(page, 'ui-sources-open');
});

test('last contact ticks, and the list is read again', async () => {
  await page.clock.install();
  await page.goto(`${collector.url}/sources?state=silent`);
  const contact = page.locator('tbody .cell-contact');
  await contact.getByText('1 h ago').waitFor();
  const before = collector.calls.filter((url) => url.pathname === '/api/v1/sources').length;
  await page.clock.runFor(5100);
  await expect
    .poll(() => collector.calls.filter((url) => url.pathname === '/api/v1/sources').length)
    .toBeGreaterThan(before);
  // The second reading brought more samples, so that a rate is known.
  await page.locator('.strip').getByText('samples/s').waitFor();
});

test('the status page tells version, uptime and sources', async () => {
  await page.goto(`${collector.url}/status`);
  await page.getByText('3 of 7').waitFor();
  const text = await page.getByRole('main').textContent();
  expect(text).toContain('0.1.0');
  expect(text).toContain('15d');
  expect(text).toMatch(/3h 3m/);
  await screenshot(page, 'ui-status');
});

test('dark sources', async () => {
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.goto(`${collector.url}/sources`);
  await page.getByText('http://db1.example:9100/metrics').waitFor();
  expect(await page.evaluate<string>('document.documentElement.dataset.theme')).toBe('dark');
  await screenshot(page, 'ui-sources-dark');
});

test('links and the back button move between pages', async () => {
  await page.goto(`${collector.url}/sources`);
  await page.getByRole('link', { name: 'Status' }).click();
  await page.waitForURL(/\/status$/);
  await page.goBack();
  await page.getByRole('heading', { name: 'Sources' }).waitFor();
});
