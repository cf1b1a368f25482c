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
    await ui.retype('scrape_duration_');
    await ui.box.press('End');
    await ui.box.pressSequentially('seconds ');
    await ui.box.press('Shift+Enter');
    expect(await ui.boxText()).toBe('scrape_duration_seconds \n');
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
    await list
      .getByRole('option', { name: /node_load1/ })
      .first()
      .waitFor();
    await ui.box.press('ArrowDown');
    await ui.box.press('ArrowDown');
    const chosen = await ui.box.getAttribute('aria-activedescendant');
    expect(await list.locator(`#${chosen}`).textContent()).toContain('node_load15');
    await screenshot(ui.page, 'ui-completion');
    await ui.box.press('Tab');
    expect(await ui.boxText()).toBe('sum(node_load15)');
    await list.waitFor({ state: 'detached' });
    await ui.retype('cpu_sec');
    await ui.box.press('End');
    await ui.box.pressSequentially('o');
    const option = list.getByRole('option', { name: /node_cpu_seconds_total/ });
    expect(await option.textContent()).toContain('counterSeconds the CPUs spent in each mode.');
    await ui.box.press('Escape');
    await list.waitFor({ state: 'detached' });
  });

  test('labels, values and the collector’s own functions complete', async () => {
    await ui.open('/query');
    await ui.box.click();
    const list = ui.page.getByRole('listbox');
    await ui.box.pressSequentially('up{j');
    await list.getByRole('option', { name: 'job' }).waitFor();
    await ui.box.press('Tab');
    await ui.box.pressSequentially('="');
    await list.getByRole('option', { name: 'tidegauge' }).waitFor();
    await ui.box.press('ArrowDown');
    await ui.box.press('Enter');
    expect(await ui.boxText()).toBe('up{job="node"}');
    // Of the series that the selector takes, not of all.
    const asked = ui.calls('/api/v1/label/job/values').at(-1);
    expect(asked?.searchParams.get('match[]')).toContain('up');
    await ui.retype('');
    await ui.box.pressSequentially('abs');
    await list.getByRole('option', { name: 'abs_tide' }).waitFor();
    expect(await list.getByRole('option', { name: /^abs(function|$)/ }).count()).toBe(0);
    await ui.box.press('Escape');
    await ui.retype('');
    await ui.box.pressSequentially('rat');
    await list.getByRole('option', { name: /^rate/ }).waitFor();
    await ui.box.press('Tab');
    await ui.box.pressSequentially('up[5m]');
    expect(await ui.boxText()).toBe('rate(up[5m])');
    await ui.page.locator('.cm-line span', { hasText: 'rate' }).hover();
    await ui.page.getByText(/per-second increase over a range/).waitFor();
    await screenshot(ui.page, 'ui-hover');
  });

  test('what another grammar misreads is no error here', async () => {
    await ui.open('/query');
    for (const expression of ['1.', 'up[min_of(1m, 5m)]', 'rate(up[STEP()])']) {
      const asked = ui.page.waitForResponse(/parse_query/);
      await ui.retype(expression);
      expect((await asked).status()).toBe(200);
      expect(await ui.box.getAttribute('aria-invalid')).toBe('false');
      expect(await ui.page.locator('.cm-lintRange-error').count()).toBe(0);
    }
  });

  test('without the editor’s script the plain box still asks', async () => {
    await ui.page.route(/\/assets\/chunk-/, async (route) => {
      const script = await route.fetch();
      if ((await script.text()).includes('cm-content')) await route.abort();
      else await route.fulfill({ response: script });
    });
    await ui.page.goto(`${ui.collector.url}/query`);
    await ui.box.fill('up');
    await ui.box.press('Enter');
    await ui.page.getByText('3 series').waitFor();
    expect(await ui.page.locator('.cm-content').count()).toBe(0);
  });

  test('what ran is found again in the history', async () => {
    await ui.open('/query');
    for (const expression of ['up', 'scrape_duration_seconds']) {
      await ui.retype(expression);
      await ui.box.press('Enter');
      await ui.page.getByText('3 series').waitFor();
    }
    await ui.page.reload();
    await ui.page.locator('.cm-content').waitFor();
    await ui.retype('');
    await ui.box.press('ArrowUp');
    const options = ui.page.getByRole('listbox').getByRole('option');
    await options.first().waitFor();
    expect(await options.allTextContents()).toEqual(['scrape_duration_seconds', 'up']);
    await ui.box.press('ArrowDown');
    await ui.box.press('ArrowDown');
    await ui.box.press('Enter');
    expect(await ui.boxText()).toBe('up');
    await ui.page.getByRole('button', { name: 'History of queries' }).click();
    await options.first().waitFor();
    await screenshot(ui.page, 'ui-history');
    await ui.page.getByRole('button', { name: 'History of queries' }).click();
    await options.first().waitFor({ state: 'detached' });
  });

  test('an error shows the message and marks its place', async () => {
    await ui.open(queryAddress('sum(up)(1)'));
    const alert = ui.page.getByRole('alert');
    await alert.waitFor();
    expect(await alert.textContent()).toContain('1:8: parse error: unexpected left parenthesis');
    expect(await alert.textContent()).toContain('line 1, column 8');
    expect(await alert.locator('mark').textContent()).toBe('(');
    const mark = ui.page.locator('.cm-lintRange-error');
    expect(await mark.textContent()).toBe('(');
    expect(await ui.box.getAttribute('aria-invalid')).toBe('true');
    await screenshot(ui.page, 'ui-error');
    // Changing the expression takes the mark away: it belonged to the old one.
    await ui.retype('sum(up)');
    await mark.waitFor({ state: 'detached' });
    expect(await ui.box.getAttribute('aria-invalid')).toBe('false');
  });
});
