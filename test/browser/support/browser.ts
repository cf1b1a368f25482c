import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

/** Nothing of the browser's own goes out while tests run. */
const ARGUMENTS = [
  '--headless=new',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** The distribution's Chromium, or the one named by `TIDEGAUGE_CHROMIUM`. */
export function launchBrowser(): Promise<Browser> {
  const executablePath = process.env['TIDEGAUGE_CHROMIUM'] ?? '/usr/bin/chromium';
  return chromium.launch({ executablePath, args: ARGUMENTS });
}

export interface OpenPage {
  page: Page;
  /** Errors the page threw or logged so far, its violations of the content policy included. */
  faults: string[];
}

/** A fresh page with its own storage, in a zone away from UTC so that local time shows. */
export async function openPage(
  browser: Browser,
  options: BrowserContextOptions = {},
): Promise<OpenPage> {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 860 },
    timezoneId: 'Europe/Helsinki',
    locale: 'en-GB',
    colorScheme: 'light',
    ...options,
  });
  const page = await context.newPage();
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(String(error)));
  page.on('console', (message) => {
    // A refused API call is logged by the browser itself and is the test's own doing.
    const isOwn = !message.text().startsWith('Failed to load resource');
    if (message.type() === 'error' && isOwn) faults.push(message.text());
  });
  return { page, faults };
}

/** Writes `NAME.png` where `TIDEGAUGE_SCREENSHOTS` says; without it, nothing. */
export async function screenshot(page: Page, name: string): Promise<void> {
  const folder = process.env['TIDEGAUGE_SCREENSHOTS'];
  if (folder === undefined || folder === '') return;
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`), animations: 'disabled' });
}

/** Pixels of the graph's canvas that are drawn in a strong colour: lines, not grid or labels. */
export async function drawnPixels(page: Page): Promise<number> {
  // As text: the browser's own names are unknown to this side's types.
  return page.evaluate<number>(`(() => {
    const canvas = document.querySelector('.plot canvas');
    if (!canvas || canvas.width === 0) return 0;
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    let count = 0;
    for (let i = 0; i < data.length; i += 4) {
      const high = Math.max(data[i], data[i + 1], data[i + 2]);
      const low = Math.min(data[i], data[i + 1], data[i + 2]);
      if (data[i + 3] > 200 && high - low > 60) count++;
    }
    return count;
  })()`);
}

/** Window coordinates of the topmost line drawn in the middle of the graph. */
export async function topLine(page: Page): Promise<{ x: number; y: number }> {
  return page.evaluate<{ x: number; y: number }>(`(() => {
    const canvas = document.querySelector('.plot canvas');
    const box = canvas.getBoundingClientRect();
    const x = Math.floor(canvas.width / 2);
    const { data } = canvas.getContext('2d').getImageData(x, 0, 1, canvas.height);
    let y = 0;
    const isLine = (i) => Math.max(data[i], data[i + 1], data[i + 2]) -
      Math.min(data[i], data[i + 1], data[i + 2]) > 60;
    while (y < canvas.height && !isLine(y * 4)) y++;
    const scale = box.width / canvas.width;
    return { x: box.left + x * scale, y: box.top + y * scale };
  })()`);
}

/** How far the page reaches beyond the window's right edge; 0 where nothing scrolls sideways. */
export async function overflowWidth(page: Page): Promise<number> {
  return page.evaluate<number>(
    'document.documentElement.scrollWidth - document.documentElement.clientWidth',
  );
}
