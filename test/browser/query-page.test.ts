import { expect, test } from 'vitest';
import { requires } from '../support/requirements.ts';
import { drawnPixels, overflowWidth, screenshot, topLine } from './support/browser.ts';
import { queryAddress, usePage } from './support/use-page.ts';

const CPU = 'sum by (mode) (rate(node_cpu_seconds_total[1m]))';

requires({ commands: ['chromium'] }).describe('the query page', () => {
  const ui = usePage();

  test('the table sorts, and switches between columns and label sets', async () => {
    await ui.open(queryAddress('up', { tab: 'table' }));
    const table = ui.page.getByRole('table');
    await table.getByRole('cell', { name: 'db2.example:9100' }).waitFor();
    await table.getByRole('button', { name: 'value' }).click();
    const values = table.locator('tbody .raw');
    expect(await values.allTextContents()).toEqual(['1', '1', '0']);
    await table.getByRole('button', { name: 'value' }).click();
    expect(await values.allTextContents()).toEqual(['0', '1', '1']);
    await screenshot(ui.page, 'ui-table');
    await ui.page.getByRole('button', { name: 'Labels as columns' }).click();
    expect(await table.locator('tbody .labels').first().textContent()).toContain('job=node');
  });

  test('controls write to the address, and the address restores them', async () => {
    await ui.open(queryAddress(CPU));
    await ui.page.getByRole('button', { name: '6h', exact: true }).click();
    await ui.page.getByLabel('Resolution').selectOption('60');
    await ui.page.getByLabel('Stacked').check();
    await ui.page.getByLabel('Refresh').selectOption('15');
    const params = new URL(ui.page.url()).searchParams;
    expect(Object.fromEntries(params)).toEqual({
      expr: CPU,
      range: '6h',
      step: '1m',
      stacked: '1',
      refresh: '15s',
    });
    await ui.page.reload();
    await ui.page.getByText('every 1m').waitFor();
    expect(await ui.page.getByLabel('Stacked').isChecked()).toBe(true);
    await expect.poll(() => drawnPixels(ui.page)).toBeGreaterThan(1000);
    await screenshot(ui.page, 'ui-stacked');
    await ui.page.getByLabel('Custom range, such as 90m').fill('45m');
    await ui.page.getByLabel('Custom range, such as 90m').press('Enter');
    await ui.page.waitForURL(/range=45m/);
  });

  test('dark is the system’s choice or the user’s', async () => {
    await ui.page.emulateMedia({ colorScheme: 'dark' });
    await ui.open(queryAddress(CPU));
    await expect.poll(() => drawnPixels(ui.page)).toBeGreaterThan(1000);
    const theme = () => ui.page.evaluate<string>('document.documentElement.dataset.theme');
    expect(await theme()).toBe('dark');
    await ui.page
      .locator('.legend')
      .getByRole('button', { name: /mode=\s*user/ })
      .hover();
    await screenshot(ui.page, 'ui-dark');
    await ui.page.getByRole('button', { name: 'Use the light colour scheme' }).click();
    expect(await theme()).toBe('light');
    await ui.page.reload();
    expect(await theme()).toBe('light');
    await expect.poll(() => drawnPixels(ui.page)).toBeGreaterThan(1000);
    const { x, y } = await topLine(ui.page);
    await ui.page.mouse.move(x, y);
    await ui.page.locator('.tip-series').getByText('idle').waitFor();
    await screenshot(ui.page, 'ui-light');
  });

  test('a phone needs no sideways scrolling', async () => {
    await ui.page.setViewportSize({ width: 360, height: 780 });
    for (const [path, name] of [
      ['/', 'welcome'],
      [queryAddress('scrape_duration_seconds'), 'graph'],
      [queryAddress('up', { tab: 'table' }), 'table'],
      [queryAddress('sum(up)(1)'), 'error'],
      ['/sources', 'sources'],
      ['/status', 'status'],
    ] as const) {
      await ui.open(path);
      const content = '.examples, .table, .tile, [role=alert], .legend';
      await ui.page.locator(content).first().waitFor();
      expect({ path, width: await overflowWidth(ui.page) }).toEqual({ path, width: 0 });
      await screenshot(ui.page, `ui-phone-${name}`);
    }
  });

  test('a collector that is away is said, and the next try recovers', async () => {
    ui.collector.setAvailable(false);
    await ui.open(queryAddress('up'));
    await ui.page.getByText('The collector is not available').waitFor();
    await ui.page.getByText('Collector does not answer').waitFor();
    ui.collector.setAvailable(true);
    await ui.page.getByRole('button', { name: 'Run' }).click();
    await ui.page.getByText('3 series').waitFor();
  });
});
