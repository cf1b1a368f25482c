import { expect, test } from 'vitest';
import { requires } from '../support/requirements.ts';
import { drawnPixels, screenshot } from './support/browser.ts';
import { queryAddress, usePage } from './support/use-page.ts';

const CPU = 'sum by (mode) (rate(node_cpu_seconds_total[1m]))';

requires({ commands: ['chromium'] }).describe('the query box', () => {
  const ui = usePage();

  test('the first visit shows examples, runs no query of the user, and one click draws', async () => {
    const before = ui.collector.calls.length;
    await ui.open('/');
    await ui.page.getByRole('heading', { name: 'Some questions to begin with' }).waitFor();
    await screenshot(ui.page, 'ui-welcome');
    const paths = ui.collector.calls.slice(before).map((url) => url.pathname);
    expect(paths).not.toContain('/api/v1/query_range');
    await ui.page.getByRole('button', { name: CPU }).click();
    await ui.page.getByRole('list').getByRole('button', { name: 'idle' }).waitFor();
    await expect.poll(() => drawnPixels(ui.page)).toBeGreaterThan(1000);
    expect(new URL(ui.page.url()).searchParams.get('expr')).toBe(CPU);
    expect(await ui.page.title()).toContain('sum by (mode)');
  });

  test('Enter runs what was typed, Shift+Enter breaks the line', async () => {
    await ui.open('/query');
    await ui.box.fill('scrape_duration_');
    await ui.box.press('End');
    await ui.box.pressSequentially('seconds ');
    await ui.box.press('Shift+Enter');
    expect(await ui.box.inputValue()).toBe('scrape_duration_seconds \n');
    await ui.box.press('Enter');
    await ui.page.getByText('3 series').waitFor();
    await expect.poll(() => drawnPixels(ui.page)).toBeGreaterThan(500);
    // Seconds by the metric's name: tens of milliseconds in the legend.
    expect(await ui.page.locator('.legend-value').first().textContent()).toMatch(
      /^\d+(\.\d+)? ms$/,
    );
    // Nothing of the API call differs from what the page shows.
    const call = ui.calls('/api/v1/query_range').at(-1);
    expect(call?.searchParams.get('query')).toBe('scrape_duration_seconds');
    expect(call?.searchParams.get('step')).toBe('15');
  });

  test('names complete by keyboard', async () => {
    await ui.open('/query');
    await ui.box.click();
    await ui.box.pressSequentially('sum(node_lo');
    const list = ui.page.getByRole('listbox');
    await list.getByRole('option', { name: /node_load1 / }).waitFor();
    await ui.box.press('ArrowDown');
    await ui.box.press('ArrowDown');
    await screenshot(ui.page, 'ui-completion');
    await ui.box.press('Tab');
    expect(await ui.box.inputValue()).toBe('sum(node_load15');
    await list.waitFor({ state: 'detached' });
    await ui.box.fill('cpu_sec');
    await ui.box.press('End');
    await ui.box.pressSequentially('o');
    const option = list.getByRole('option', { name: /node_cpu_seconds_total/ });
    expect(await option.textContent()).toContain('counterSeconds the CPUs spent in each mode.');
    await ui.box.press('Escape');
    await list.waitFor({ state: 'detached' });
  });

  test('what ran is found again in the history', async () => {
    await ui.open('/query');
    for (const expression of ['up', 'scrape_duration_seconds']) {
      await ui.box.fill(expression);
      await ui.box.press('Enter');
      await ui.page.getByText('3 series').waitFor();
    }
    await ui.page.reload();
    await ui.box.fill('');
    await ui.box.press('ArrowUp');
    const options = ui.page.getByRole('listbox', { name: 'History' }).getByRole('option');
    expect(await options.allTextContents()).toEqual(['scrape_duration_seconds', 'up']);
    await ui.box.press('ArrowDown');
    await ui.box.press('ArrowDown');
    await ui.box.press('Enter');
    expect(await ui.box.inputValue()).toBe('up');
  });

  test('an error shows the message and marks its place', async () => {
    await ui.open(queryAddress('sum(up)(1)'));
    const alert = ui.page.getByRole('alert');
    await alert.waitFor();
    expect(await alert.textContent()).toContain('1:8: parse error: unexpected left parenthesis');
    expect(await alert.textContent()).toContain('line 1, column 8');
    expect(await alert.locator('mark').textContent()).toBe('(');
    expect(await ui.page.locator('.editor-shade mark').textContent()).toBe('(');
    expect(await ui.box.getAttribute('aria-invalid')).toBe('true');
    await screenshot(ui.page, 'ui-error');
    // Changing the expression takes the mark away: it belonged to the old one.
    await ui.box.fill('sum(up)');
    expect(await ui.page.locator('.editor-shade mark').count()).toBe(0);
  });
});
