import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { root } from '../../scripts/build.mjs';
import { freePort } from '../../src/lab/processes/free-port.ts';
import { type RunningProcess, startProcess } from '../support/processes.ts';
import { requires } from '../support/requirements.ts';
import { drawnPixels, launchBrowser, openPage, screenshot } from './support/browser.ts';
import { queryAddress } from './support/use-page.ts';

/** The first data of both ways is promised within ten seconds of the start. */
const FIRST_DATA_MS = 15_000;

requires({ commands: ['chromium'] }).describe('a fresh collector in the browser', () => {
  let data: string;
  let url: string;
  let collector: RunningProcess;
  let browser: Browser;
  let page: Page;
  let faults: string[];

  beforeAll(async () => {
    data = mkdtempSync(join(tmpdir(), 'tidegauge-journey-'));
    const listen = `127.0.0.1:${await freePort()}`;
    url = `http://${listen}`;
    collector = await startProcess({
      command: join(root, 'bin/tidegauge'),
      args: ['serve', '--listen', listen, '--data', data],
      ready: { url: `${url}/-/ready` },
    });
    browser = await launchBrowser();
    ({ page, faults } = await openPage(browser));
  });
  afterAll(async () => {
    await browser?.close();
    await collector?.stop();
    rmSync(data, { recursive: true, force: true });
  });

  test('sources pulled and pushing come live', async () => {
    await page.goto(`${url}/sources`);
    for (const kind of ['pull', 'push']) {
      const row = page.locator('tbody tr').filter({ has: page.locator(`.kind-${kind}`) });
      await row.locator('.state-live').first().waitFor({ timeout: FIRST_DATA_MS });
    }
    const contact = page.locator('tbody .cell-contact').first();
    expect(await contact.textContent()).toMatch(/^(now|\d+ s ago)$/);
    await screenshot(page, 'real-sources');
  });

  test('the examples of the first page all have data', async () => {
    await page.goto(url);
    const examples = page.locator('.examples code');
    await examples.first().waitFor();
    for (const expression of await examples.allTextContents()) {
      await page.goto(url + queryAddress(expression, { tab: 'table' }));
      // A rate needs two samples of the host: asked again until they are there.
      await expect
        .poll(
          async () => {
            await page.getByRole('button', { name: 'Run' }).click();
            await page.locator('.figures').first().waitFor();
            return page.locator('.table tbody tr').count();
          },
          { timeout: FIRST_DATA_MS, interval: 500, message: expression },
        )
        .toBeGreaterThan(0);
    }
  });

  test('real data is drawn', async () => {
    const expression = 'sum by (mode) (rate(node_cpu_seconds_total[1m]))';
    await page.goto(url + queryAddress(expression, { range: '5m', refresh: '5s' }));
    await expect.poll(() => drawnPixels(page), { timeout: FIRST_DATA_MS }).toBeGreaterThan(100);
    expect(await page.locator('.legend').textContent()).toContain('mode=idle');
    await screenshot(page, 'real-graph');
  });

  test('the server’s own parse error is marked at its place', async () => {
    await page.goto(url + queryAddress('sum(up))'));
    const alert = page.getByRole('alert');
    await alert.waitFor();
    expect(await alert.textContent()).toContain('parse error');
    expect(await alert.locator('mark').textContent()).toBe(')');
    const wave = page.locator('.cm-lintRange-error');
    await wave.waitFor();
    expect(await wave.textContent()).toBe(')');
    // Valid here, and misread by the grammar that colours the text.
    const box = page.getByRole('textbox', { name: 'PromQL expression' });
    await box.press('ControlOrMeta+a');
    const parsed = page.waitForResponse(/parse_query/);
    await page.keyboard.insertText('min_of(1., 2)');
    expect((await parsed).status()).toBe(200);
    await wave.waitFor({ state: 'detached' });
  });

  test('names, labels and values come from the store', async () => {
    await page.goto(`${url}/query`);
    await page.locator('.cm-content').waitFor();
    await page.getByRole('textbox', { name: 'PromQL expression' }).click();
    const list = page.getByRole('listbox');
    await page.keyboard.type('sum(node_cpu_sec');
    await list.getByRole('option', { name: /node_cpu_seconds_total/ }).waitFor();
    await page.keyboard.press('Tab');
    await page.keyboard.type('{mod');
    await list.getByRole('option', { name: 'mode' }).waitFor();
    await page.keyboard.press('Tab');
    await page.keyboard.type('="idl');
    await list.getByRole('option', { name: 'idle' }).waitFor();
    await screenshot(page, 'real-completion');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    const expression = 'sum(node_cpu_seconds_total{mode="idle"})';
    await expect.poll(() => new URL(page.url()).searchParams.get('expr')).toBe(expression);
    await page.getByText('1 series').waitFor();
  });

  test('the plan of a query is measured', async () => {
    const expression = 'sum by (mode) (rate(node_cpu_seconds_total[1m]))';
    await page.goto(url + queryAddress(expression, { tab: 'plan', range: '5m' }));
    const rows = page.locator('.plan tbody tr');
    await rows.first().waitFor();
    expect(await rows.first().textContent()).toContain('sum');
    expect(await rows.nth(1).textContent()).toContain('rate');
    expect(await rows.first().locator('td').first().textContent()).toMatch(/\d (ms|µs|s)$/);
    await screenshot(page, 'real-plan');
  });

  test('status shows the running version, and no page had a fault', async () => {
    await page.goto(`${url}/status`);
    await page.getByText('Up for').waitFor();
    await page.getByText('Resident memory').waitFor({ timeout: FIRST_DATA_MS });
    await screenshot(page, 'real-status');
    expect(faults).toEqual([]);
  });
});
