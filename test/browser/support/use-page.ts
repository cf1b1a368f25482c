import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { root } from '../../../scripts/build.mjs';
import { buildUi } from '../../../scripts/build-ui.mjs';
import { launchBrowser, openPage } from './browser.ts';
import { type FixtureCollector, startFixtureCollector } from './fixture-collector.ts';

/** What a group of journeys has: the same collector and browser, and a fresh page for each test. */
export interface PageUnderTest {
  readonly page: Page;
  readonly collector: FixtureCollector;
  /** The PromQL box. */
  readonly box: Locator;
  /** Goes to an address below the collector; waits for the page's frame and its editor. */
  open(path: string): Promise<void>;
  /** Puts a text in the place of all that the box holds, as a user does: select all, type. */
  retype(text: string): Promise<void>;
  /** What the PromQL box holds. */
  boxText(): Promise<string>;
  /** Calls of one API path so far. */
  calls(path: string): URL[];
}

/**
 * Builds the page and serves it from a fixture collector for the tests of the surrounding group.
 * After each test it fails if the page threw, logged an error, or broke the content policy.
 */
export function usePage(): PageUnderTest {
  let folder: string;
  let browser: Browser;
  let collector: FixtureCollector;
  let page: Page;
  let faults: string[];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tidegauge-page-'));
    await buildUi(root, folder);
    collector = await startFixtureCollector(join(folder, 'ui'));
    browser = await launchBrowser();
  });
  afterAll(async () => {
    await browser.close();
    await collector.close();
    rmSync(folder, { recursive: true, force: true });
  });
  beforeEach(async () => {
    ({ page, faults } = await openPage(browser));
  });
  afterEach(async () => {
    await page.context().close();
    if (faults.length > 0) throw new Error(`the page had faults:\n${faults.join('\n')}`);
  });

  return {
    get page() {
      return page;
    },
    get collector() {
      return collector;
    },
    get box() {
      return page.getByRole('textbox', { name: 'PromQL expression' });
    },
    open: async (path) => {
      await page.goto(collector.url + path);
      await page.getByRole('banner').waitFor();
      if (/^\/(query|\?|$)/.test(path)) await page.locator('.cm-content').waitFor();
    },
    async retype(text) {
      await this.box.press('ControlOrMeta+a');
      if (text === '') await this.box.press('Delete');
      else await page.keyboard.insertText(text);
    },
    boxText: async () => (await page.locator('.cm-line').allTextContents()).join('\n'),
    calls: (path) => collector.calls.filter((url) => url.pathname === path),
  };
}

/** The address of a query, with further parameters of the page. */
export function queryAddress(expression: string, rest: Record<string, string> = {}): string {
  return `/query?${new URLSearchParams({ expr: expression, ...rest }).toString()}`;
}
