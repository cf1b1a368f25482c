import { expect, test } from 'vitest';
import { requires } from '../support/requirements.ts';
import { overflowWidth, screenshot } from './support/browser.ts';
import { usePage } from './support/use-page.ts';

requires({ commands: ['chromium'] }).describe('sources and status', () => {
  const ui = usePage();

  /** The word of each row's state, from the top. */
  const states = () => ui.page.locator('tbody .state').allTextContents();

  test('all sources are listed with their states, what needs a look first', async () => {
    await ui.open('/sources');
    await ui.page.getByText('http://db1.example:9100/metrics').waitFor();
    const life = ['silent', 'late', 'live', 'expected', 'live', 'live', 'live', 'ended'];
    expect(await states()).toEqual(life);
    const counts = ui.page.getByRole('group', { name: 'Filter by state' }).getByRole('button');
    expect(await counts.allTextContents()).toEqual([
      '1expected',
      '4live',
      '1late',
      '1silent',
      '1ended',
      '1with problems',
    ]);
    await screenshot(ui.page, 'ui-sources');
  });

  test('filters by state, kind and text, all in the address', async () => {
    await ui.open('/sources');
    await ui.page.getByRole('button', { name: /live/ }).first().click();
    await expect.poll(states).toEqual(['live', 'live', 'live', 'live']);
    await ui.page.getByRole('button', { name: 'Push', exact: true }).click();
    await expect.poll(states).toEqual(['live', 'live']);
    expect(new URL(ui.page.url()).search).toBe('?state=live&kind=push');
    await ui.open('/sources?q=zone%3D%22south%22');
    await expect.poll(states).toEqual(['late']);
    await ui.page.getByRole('searchbox').fill('no such thing');
    await ui.page.getByText('No source matches the filter.').waitFor();
    await ui.page.getByRole('button', { name: 'Show all 8' }).click();
    await expect.poll(async () => (await states()).length).toBe(8);
  });

  test('of thousands the first 500 are drawn, the rest when asked for', async () => {
    const one = {
      id: '',
      kind: 'pull',
      name: 'fleet',
      labels: {},
      state: 'live',
      lastContact: new Date().toISOString(),
      lastError: '',
      intervalSeconds: 15,
      samplesPerContact: 1,
      samplesTotal: 1,
      rejectedTotal: 0,
      lastDurationSeconds: 0.01,
      problems: [],
    };
    const sources = Array.from({ length: 3000 }, (_, index) => {
      const endpoint = `http://node${index}.example/metrics`;
      return { ...one, id: endpoint, endpoint };
    });
    await ui.page.route('**/api/v1/sources', (call) =>
      call.fulfill({ json: { status: 'success', data: { sources } } }),
    );
    await ui.open('/sources');
    await ui.page.getByText('500 of 3\u202f000 rows are shown.').waitFor();
    expect((await states()).length).toBe(500);
    await ui.page.getByRole('searchbox').fill('node2999.example');
    await expect.poll(states).toEqual(['live']);
    await ui.page.getByRole('searchbox').fill('');
    await ui.page.getByRole('button', { name: 'Show all' }).click();
    await expect.poll(async () => (await states()).length).toBe(3000);
  });

  test('a column sorts, and again the other way', async () => {
    await ui.open('/sources');
    await ui.page.getByRole('button', { name: 'Refused' }).click();
    const refused = ui.page.locator('tbody .cell-rejected');
    expect((await refused.allTextContents()).slice(-2)).toEqual(['112', '431']);
    await ui.page.getByRole('button', { name: 'Refused' }).click();
    await expect.poll(async () => (await refused.allTextContents())[0]).toBe('431');
    const head = ui.page.getByRole('columnheader', { name: 'Refused' });
    expect(await head.getAttribute('aria-sort')).toBe('descending');
  });

  test('a row opens by keyboard and shows labels and the last error', async () => {
    await ui.open('/sources?state=late');
    const toggle = ui.page.getByRole('button', { name: /^Details of node/ });
    await toggle.focus();
    await toggle.press('Enter');
    expect(await toggle.getAttribute('aria-expanded')).toBe('true');
    const details = ui.page.locator('.source-details');
    expect(await details.textContent()).toContain('connect ECONNREFUSED 192.0.2.14:9100');
    expect(await details.getByRole('listitem').allTextContents()).toContain('zonesouth');
    await screenshot(ui.page, 'ui-sources-open');
  });

  test('what is wrong with an agent stands in its row, and what to do in its details', async () => {
    await ui.open('/sources');
    await ui.page.getByRole('button', { name: 'with problems' }).click();
    await expect.poll(states).toEqual(['live']);
    expect(new URL(ui.page.url()).search).toBe('?state=troubled');
    const row = ui.page.locator('tbody .source');
    expect(await row.textContent()).toContain('edge-7');
    expect(await row.textContent()).toContain('Its clock is 3.4s behind this one, and 1 more');
    await ui.page.getByRole('button', { name: /^Details of edge-7/ }).click();
    const notices = ui.page.locator('.source-details .notice');
    expect(await notices.allTextContents()).toEqual([
      expect.stringMatching(/3\.4s behind this one.*NTP/),
      expect.stringMatching(/431 samples were refused.*since .*1[23] min ago.*out_of_order_window/),
    ]);
    const completeness = ui.page.getByRole('region', { name: 'Completeness' });
    await completeness.waitFor();
    const facts = await completeness.locator('.facts > div').allTextContents();
    expect(facts[0]).toBe('Of what was wanted99.750 %');
    expect(facts.slice(3)).toEqual([
      'Wanted862\u202f000',
      'Stored859\u202f845',
      'Rejected431',
      'Lost1\u202f724',
    ]);
    expect(await completeness.getByRole('listitem').textContent()).toMatch(
      /^lost: evicted 1\u202f724/,
    );
    const asked = ui.calls('/api/v1/completeness')[0]?.searchParams.get('match[]');
    expect(asked).toBe('{agent="edge-7"}');
    await screenshot(ui.page, 'ui-sources-problems');
    await ui.page.emulateMedia({ colorScheme: 'dark' });
    await screenshot(ui.page, 'ui-sources-problems-dark');
    await ui.page.setViewportSize({ width: 390, height: 844 });
    expect(await overflowWidth(ui.page)).toBe(0);
    await screenshot(ui.page, 'ui-sources-problems-phone');
  });

  test('last contact ticks, and the list is read again', async () => {
    await ui.page.clock.install();
    await ui.open('/sources?state=silent');
    const contact = ui.page.locator('tbody .cell-contact');
    await contact.getByText('1 h ago').waitFor();
    const before = ui.calls('/api/v1/sources').length;
    await ui.page.clock.runFor(5100);
    await expect.poll(() => ui.calls('/api/v1/sources').length).toBeGreaterThan(before);
    // The second reading brought more samples, so that a rate is known.
    await ui.page.locator('.strip').getByText('samples/s').waitFor();
  });

  test('the status page tells version, uptime and sources', async () => {
    await ui.open('/status');
    await ui.page.getByText('4 of 8').waitFor();
    const text = await ui.page.getByRole('main').textContent();
    expect(text).toContain('0.1.0');
    expect(text).toContain('15d');
    expect(text).toContain('1\u202f834Series');
    expect(text).not.toContain('GOMAXPROCS');
    expect(text).toMatch(/3h 3m/);
    await screenshot(ui.page, 'ui-status');
  });

  test('dark sources', async () => {
    await ui.page.emulateMedia({ colorScheme: 'dark' });
    await ui.open('/sources');
    await ui.page.getByText('http://db1.example:9100/metrics').waitFor();
    expect(await ui.page.evaluate<string>('document.documentElement.dataset.theme')).toBe('dark');
    await screenshot(ui.page, 'ui-sources-dark');
  });

  test('links and the back button move between pages', async () => {
    await ui.open('/sources');
    await ui.page.getByRole('link', { name: 'Status' }).click();
    await ui.page.waitForURL(/\/status$/);
    await ui.page.goBack();
    await ui.page.getByRole('heading', { name: 'Sources' }).waitFor();
  });
});
