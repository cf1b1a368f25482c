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

  test('a plan tells what each operator took', async () => {
    const expression = 'sum(rate(node_cpu_seconds_total[1m]))';
    await ui.open(queryAddress(expression, { tab: 'table' }));
    await ui.page.getByRole('tab', { name: 'Table' }).press('ArrowRight');
    const rows = ui.page.getByRole('table').locator('tbody tr');
    await rows.first().waitFor();
    expect(new URL(ui.page.url()).searchParams.get('tab')).toBe('plan');
    const call = ui.calls('/api/v1/analyze').at(-1);
    expect(call?.searchParams.get('query')).toBe(expression);
    expect(call?.searchParams.get('step')).toBe('15');
    const cells = await rows.nth(1).locator('th, td').allTextContents();
    expect(cells).toEqual([
      'Level 2: call raterate(node_cpu_seconds_total[1m])',
      '3.1 ms',
      '3.1 ms',
      '8',
      '1\u202f928',
      '2\u202f880',
    ]);
    const indent = async (row: number) =>
      Number(/\d+/.exec((await rows.nth(row).locator('th').getAttribute('style')) ?? '')?.[0]);
    expect(await indent(1)).toBeGreaterThan(await indent(0));
    await ui.page.getByText('2\u202f880 samples read').waitFor();
    await screenshot(ui.page, 'ui-plan');
  });

  test('limit and look-back are asked for, and kept in the address', async () => {
    await ui.open(queryAddress('up', { tab: 'table' }));
    await ui.page.getByText('More', { exact: true }).click();
    await ui.page.getByLabel('At most so many series').fill('2');
    await ui.page.getByLabel('At most so many series').press('Enter');
    await ui.page.getByLabel('Look back for a sample, such as 5m').fill('90s');
    await ui.page.getByLabel('Look back for a sample, such as 5m').press('Enter');
    await ui.page.waitForURL(/limit=2&lookback=1m30s/);
    await expect
      .poll(() => ui.calls('/api/v1/query').at(-1)?.search)
      .toContain('lookback_delta=90');
    const call = ui.calls('/api/v1/query').at(-1);
    expect(call?.searchParams.get('limit')).toBe('2');
    expect(call?.searchParams.get('stats')).toBe('all');
    await screenshot(ui.page, 'ui-limits');
    await ui.page.reload();
    expect(await ui.page.getByLabel('At most so many series').inputValue()).toBe('2');
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
      [queryAddress(CPU, { tab: 'plan' }), 'plan'],
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
