import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { buildUi } from '../../scripts/build-ui.mjs';
import { root } from '../../scripts/build.mjs';
import { requires } from '../support/requirements.ts';
import {
  drawnPixels,
  launchBrowser,
  openPage,
  overflowWidth,
  screenshot,
} from './support/browser.ts';
import { type FixtureCollector, startFixtureCollector } from './support/fixture-collector.ts';

const CPU = 'sum by (mode) (rate(node_cpu_seconds_total[1m]))';
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

function box() {
  return page.getByRole('textbox', { name: 'PromQL expression' });
}

async function open(path: string): Promise<void> {
  await page.goto(collector.url + path);
  await page.getByRole('banner').waitFor();
}

function address(expression: string, rest: Record<string, string> = {}): string {
  return `/query?${new URLSearchParams({ expr: expression, ...rest }).toString()}`;
}

test('the first visit shows examples, runs no query of the user, and one click draws', async () => {
  const before = collector.calls.length;
  await open('/');
  await page.getByRole('heading', { name: 'Some questions to begin with' }).waitFor();
  await screenshot(page, 'ui-welcome');
  const paths = collector.calls.slice(before).map((url) => url.pathname);
  expect(paths).not.toContain('/api/v1/query_range');
  await page.getByRole('button', { name: CPU }).click();
  await page.getByRole('list').getByRole('button', { name: 'idle' }).waitFor();
  await expect.poll(() => drawnPixels(page)).toBeGreaterThan(1000);
  expect(new URL(page.url()).searchParams.get('expr')).toBe(CPU);
  expect(await page.title()).toContain('sum by (mode)');
});

test('Enter runs what was typed, Shift+Enter breaks the line', async () => {
  await open('/query');
  await box().fill('scrape_duration_');
  await box().press('End');
  await box().pressSequentially('seconds ');
  await box().press('Shift+Enter');
  expect(await box().inputValue()).toBe('scrape_duration_seconds \n');
  await box().press('Enter');
  await page.getByText('3 series').waitFor();
  await expect.poll(() => drawnPixels(page)).toBeGreaterThan(500);
  // Seconds by the metric's name: tens of milliseconds in the legend.
  expect(await page.locator('.legend-value').first().textContent()).toMatch(/^\d+(\.\d+)? ms$/);
  // Nothing of the API call differs from what the page shows.
  const call = collector.calls.findLast((url) => url.pathname === '/api/v1/query_range');
  expect(call?.searchParams.get('query')).toBe('scrape_duration_seconds');
  expect(call?.searchParams.get('step')).toBe('15');
});

test('names complete by keyboard', async () => {
  await open('/query');
  await box().click();
  await box().pressSequentially('sum(node_lo');
  const list = page.getByRole('listbox');
  await list.getByRole('option', { name: /node_load1 / }).waitFor();
  await box().press('ArrowDown');
  await box().press('ArrowDown');
  await screenshot(page, 'ui-completion');
  await box().press('Tab');
  expect(await box().inputValue()).toBe('sum(node_load15');
  await list.waitFor({ state: 'detached' });
  await box().fill('cpu_sec');
  await box().press('End');
  await box().pressSequentially('o');
  const option = list.getByRole('option', { name: /node_cpu_seconds_total/ });
  expect(await option.textContent()).toContain('counterSeconds the CPUs spent in each mode.');
  await box().press('Escape');
  await list.waitFor({ state: 'detached' });
});

test('what ran is found again in the history', async () => {
  await open('/query');
  for (const expression of ['up', 'scrape_duration_seconds']) {
    await box().fill(expression);
    await box().press('Enter');
    await page.getByText('3 series').waitFor();
  }
  await page.reload();
  await box().fill('');
  await box().press('ArrowUp');
  const options = page.getByRole('listbox', { name: 'History' }).getByRole('option');
  expect(await options.allTextContents()).toEqual(['scrape_duration_seconds', 'up']);
  await box().press('ArrowDown');
  await box().press('ArrowDown');
  await box().press('Enter');
  expect(await box().inputValue()).toBe('up');
});

test('an error shows the message and marks its place', async () => {
  await open(address('sum(up)(1)'));
  const alert = page.getByRole('alert');
  await alert.waitFor();
  expect(await alert.textContent()).toContain('1:8: parse error: unexpected left parenthesis');
  expect(await alert.textContent()).toContain('line 1, column 8');
  expect(await alert.locator('mark').textContent()).toBe('(');
  expect(await page.locator('.editor-shade mark').textContent()).toBe('(');
  expect(await box().getAttribute('aria-invalid')).toBe('true');
  await screenshot(page, 'ui-error');
  // Changing the expression takes the mark away: it belonged to the old one.
  await box().fill('sum(up)');
  expect(await page.locator('.editor-shade mark').count()).toBe(0);
});

test('the table sorts, and switches between columns and label sets', async () => {
  await open(address('up', { tab: 'table' }));
  const table = page.getByRole('table');
  await table.getByRole('cell', { name: 'db2.example:9100' }).waitFor();
  await table.getByRole('button', { name: 'value' }).click();
  const values = table.locator('tbody .raw');
  expect(await values.allTextContents()).toEqual(['1', '1', '0']);
  await table.getByRole('button', { name: 'value' }).click();
  expect(await values.allTextContents()).toEqual(['0', '1', '1']);
  await screenshot(page, 'ui-table');
  await page.getByRole('button', { name: 'Labels as columns' }).click();
  expect(await table.locator('tbody .labels').first().textContent()).toContain('job=node');
});

test('dragging over the graph zooms, into the address, and back goes back', async () => {
  await open(address(CPU));
  await expect.poll(() => drawnPixels(page)).toBeGreaterThan(1000);
  const canvas = await page.locator('.plot .u-over').boundingBox();
  if (canvas === null) throw new Error('the graph has no box');
  const y = canvas.y + canvas.height / 2;
  await page.mouse.move(canvas.x + canvas.width * 0.25, y);
  await page.mouse.down();
  await page.mouse.move(canvas.x + canvas.width * 0.5, y, { steps: 5 });
  await page.mouse.up();
  await page.waitForURL(/end=/);
  const zoomed = new URL(page.url()).searchParams;
  expect(zoomed.get('range')).toMatch(/^1[45]m/);
  expect(zoomed.get('expr')).toBe(CPU);
  await page.goBack();
  await expect.poll(() => new URL(page.url()).searchParams.has('end')).toBe(false);
});

test('hovering names the series and its value, the legend isolates and toggles', async () => {
  await open(address(CPU));
  await expect.poll(() => drawnPixels(page)).toBeGreaterThan(1000);
  const before = await drawnPixels(page);
  const row = page.locator('.legend').getByRole('button', { name: /mode=\s*user/ });
  await row.click();
  await expect.poll(() => drawnPixels(page)).toBeLessThan(before * 0.6);
  expect(await row.getAttribute('aria-pressed')).toBe('true');
  const pressed = page.locator('.legend [aria-pressed="true"]');
  expect(await pressed.count()).toBe(1);
  await row.click();
  expect(await pressed.count()).toBe(5);
  await row.click({ modifiers: ['Control'] });
  expect(await pressed.count()).toBe(4);
  await page.getByRole('button', { name: 'Show all' }).click();
  expect(await pressed.count()).toBe(5);
  await page.locator('.plot .u-over').hover();
  await page.locator('.tip-time').waitFor();
  expect(await page.locator('.legend-time').textContent()).toMatch(/^At \d{4}-\d\d-\d\d /);
});

test('the graph is read by keyboard', async () => {
  await open(address(CPU));
  const graph = page.getByRole('slider');
  await graph.focus();
  await graph.press('Home');
  await expect.poll(() => graph.getAttribute('aria-valuenow')).toBe('0');
  await graph.press('ArrowRight');
  await expect.poll(() => graph.getAttribute('aria-valuenow')).toBe('1');
});

test('gaps stay gaps, and warnings are listed', async () => {
  await open(address('with_gaps'));
  await page.getByText('a source was silent for a part of this range').waitFor();
  await expect.poll(() => drawnPixels(page)).toBeGreaterThan(500);
  // Where the broken series has no samples, no pixel of its colour is between the ends.
  const runs = await page.evaluate<number>(`(() => {
    const canvas = document.querySelector('.plot canvas');
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    const filled = [];
    for (let x = 0; x < canvas.width; x++) {
      let seen = false;
      for (let y = 0; y < canvas.height; y++) {
        const i = (y * canvas.width + x) * 4;
        if (data[i + 3] > 200 && data[i + 2] - data[i] > 100 && data[i + 1] > 80) seen = true;
      }
      filled.push(seen);
    }
    return filled.filter((seen, x) => seen && !filled[x - 1]).length;
  })()`);
  expect(runs).toBeGreaterThanOrEqual(3);
});

test('more than a hundred series are drawn on demand', async () => {
  await open(address('many_series'));
  await page.getByText('The first 100 of 250 series are drawn.').waitFor();
  expect(await page.locator('.legend-row').count()).toBe(100);
  await page.getByRole('button', { name: 'Draw all 250' }).click();
  await expect.poll(() => page.locator('.legend-row').count()).toBe(250);
});

test('controls write to the address, and the address restores them', async () => {
  await open(address(CPU));
  await page.getByRole('button', { name: '6h', exact: true }).click();
  await page.getByLabel('Resolution').selectOption('60');
  await page.getByLabel('Stacked').check();
  await page.getByLabel('Refresh').selectOption('15');
  const params = new URL(page.url()).searchParams;
  expect(Object.fromEntries(params)).toEqual({
    expr: CPU,
    range: '6h',
    step: '1m',
    stacked: '1',
    refresh: '15s',
  });
  await page.reload();
  await page.getByText('every 1m').waitFor();
  expect(await page.getByLabel('Stacked').isChecked()).toBe(true);
  await expect.poll(() => drawnPixels(page)).toBeGreaterThan(1000);
  await screenshot(page, 'ui-stacked');
  await page.getByLabel('Custom range, such as 90m').fill('45m');
  await page.getByLabel('Custom range, such as 90m').press('Enter');
  await page.waitForURL(/range=45m/);
});

test('dark is the system’s choice or the user’s', async () => {
  await page.emulateMedia({ colorScheme: 'dark' });
  await open(address(CPU));
  await expect.poll(() => drawnPixels(page)).toBeGreaterThan(1000);
  const theme = () => page.evaluate<string>('document.documentElement.dataset.theme');
  expect(await theme()).toBe('dark');
  await page
    .locator('.legend')
    .getByRole('button', { name: /mode=\s*user/ })
    .hover();
  await screenshot(page, 'ui-dark');
  await page.getByRole('button', { name: 'Use the light colour scheme' }).click();
  expect(await theme()).toBe('light');
  await page.reload();
  expect(await theme()).toBe('light');
  await expect.poll(() => drawnPixels(page)).toBeGreaterThan(1000);
  const canvas = await page.locator('.plot .u-over').boundingBox();
  await page.mouse.move((canvas?.x ?? 0) + 600, (canvas?.y ?? 0) + 80);
  await page.locator('.tip-series').getByText('idle').waitFor();
  await screenshot(page, 'ui-light');
});

test('a phone needs no sideways scrolling', async () => {
  await page.setViewportSize({ width: 360, height: 780 });
  for (const [path, name] of [
    ['/', 'welcome'],
    [address('scrape_duration_seconds'), 'graph'],
    [address('up', { tab: 'table' }), 'table'],
    [address('sum(up)(1)'), 'error'],
    ['/sources', 'sources'],
    ['/status', 'status'],
  ] as const) {
    await open(path);
    if (name === 'graph') await expect.poll(() => drawnPixels(page)).toBeGreaterThan(300);
    else await page.locator('.examples, .table, .tile, [role=alert]').first().waitFor();
    expect(await overflowWidth(page), path).toBe(0);
    await screenshot(page, `ui-phone-${name}`);
  }
});

test('a collector that is away is said, and the next try recovers', async () => {
  collector.setAvailable(false);
  await open(address('up'));
  await page.getByText('The collector is not available').waitFor();
  await page.getByText('Collector does not answer').waitFor();
  collector.setAvailable(true);
  await page.getByRole('button', { name: 'Run' }).click();
  await page.getByText('3 series').waitFor();
});
