import { expect, test } from 'vitest';
import { requires } from '../support/requirements.ts';
import { drawnPixels, topLine } from './support/browser.ts';
import { queryAddress, usePage } from './support/use-page.ts';

const CPU = 'sum by (mode) (rate(node_cpu_seconds_total[1m]))';

requires({ commands: ['chromium'] }).describe('the graph', () => {
  const ui = usePage();

  test('dragging over the graph zooms, into the address, and back goes back', async () => {
    await ui.open(queryAddress(CPU));
    await expect.poll(() => drawnPixels(ui.page)).toBeGreaterThan(1000);
    const canvas = await ui.page.locator('.plot .u-over').boundingBox();
    if (canvas === null) throw new Error('the graph has no box');
    const y = canvas.y + canvas.height / 2;
    await ui.page.mouse.move(canvas.x + canvas.width * 0.25, y);
    await ui.page.mouse.down();
    await ui.page.mouse.move(canvas.x + canvas.width * 0.5, y, { steps: 5 });
    await ui.page.mouse.up();
    await ui.page.waitForURL(/end=/);
    const zoomed = new URL(ui.page.url()).searchParams;
    expect(zoomed.get('range')).toMatch(/^1[45]m/);
    expect(zoomed.get('expr')).toBe(CPU);
    await ui.page.goBack();
    await expect.poll(() => new URL(ui.page.url()).searchParams.has('end')).toBe(false);
  });

  test('hovering names the series and its value, the legend isolates and toggles', async () => {
    await ui.open(queryAddress(CPU));
    await expect.poll(() => drawnPixels(ui.page)).toBeGreaterThan(1000);
    const before = await drawnPixels(ui.page);
    const row = ui.page.locator('.legend').getByRole('button', { name: /mode=\s*user/ });
    await row.click();
    await expect.poll(() => drawnPixels(ui.page)).toBeLessThan(before * 0.6);
    expect(await row.getAttribute('aria-pressed')).toBe('true');
    const pressed = ui.page.locator('.legend [aria-pressed="true"]');
    expect(await pressed.count()).toBe(1);
    await row.click();
    expect(await pressed.count()).toBe(5);
    await row.click({ modifiers: ['Control'] });
    expect(await pressed.count()).toBe(4);
    await ui.page.getByRole('button', { name: 'Show all' }).click();
    expect(await pressed.count()).toBe(5);
    const { x, y } = await topLine(ui.page);
    await ui.page.mouse.move(x, y);
    await ui.page.locator('.tip-series').getByText('idle').waitFor();
    await ui.page.locator('.legend-row.focused').getByText('idle').waitFor();
    expect(await ui.page.locator('.tip-value').textContent()).toMatch(/^[1-5](\.\d+)?$/);
    expect(await ui.page.locator('.legend-time').textContent()).toMatch(/^At \d{4}-\d\d-\d\d /);
  });

  test('the graph is read by keyboard', async () => {
    await ui.open(queryAddress(CPU));
    const graph = ui.page.getByRole('slider');
    await graph.focus();
    await graph.press('Home');
    await expect.poll(() => graph.getAttribute('aria-valuenow')).toBe('0');
    await graph.press('ArrowRight');
    await expect.poll(() => graph.getAttribute('aria-valuenow')).toBe('1');
  });

  test('gaps stay gaps, and warnings are listed', async () => {
    await ui.open(queryAddress('with_gaps'));
    await ui.page.getByText('a source was silent for a part of this range').waitFor();
    await expect.poll(() => drawnPixels(ui.page)).toBeGreaterThan(500);
    // Where the broken series has no samples, no pixel of its colour is between the ends.
    const runs = await ui.page.evaluate<number>(`(() => {
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
    await ui.open(queryAddress('many_series'));
    await ui.page.getByText('The first 100 of 250 series are drawn.').waitFor();
    expect(await ui.page.locator('.legend-row').count()).toBe(100);
    await ui.page.getByRole('button', { name: 'Draw all 250' }).click();
    await expect.poll(() => ui.page.locator('.legend-row').count()).toBe(250);
  });
});
