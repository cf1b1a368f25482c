import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { buildUi } from '../../scripts/build-ui.mjs';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tidegauge-build-ui-'));
  mkdirSync(join(root, 'ui'));
  write('tsconfig.json', '{}');
  write('main.tsx', "import './main.css';\ndocument.title = import.meta.url;\n");
  write('main.css', 'body { color: red }');
  write('base.css', 'p { margin: 0 }');
  write('icon.svg', '<svg xmlns="http://www.w3.org/2000/svg"/>');
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

function write(name: string, text: string): void {
  writeFileSync(join(root, 'ui', name), text);
}

const PAGE = `<html><head><link rel="icon" href="./icon.svg" />
<link rel="stylesheet" href="./base.css" /></head>
<body><script type="module" src="./main.tsx"></script></body></html>`;

test('the page names the hashed files, and links the styles its script imports', async () => {
  write('index.html', PAGE);
  await buildUi(root, join(root, 'dist'));
  const html = readFileSync(join(root, 'dist/ui/index.html'), 'utf8');
  expect(html).toMatch(/rel="icon" href="\.\/assets\/icon-\w{8}\.svg"/);
  expect(html).toMatch(/rel="stylesheet" href="\.\/assets\/base-\w{8}\.css"/);
  expect(html).toMatch(/src="\.\/assets\/main-\w{8}\.js"/);
  expect(html).toMatch(/href="\.\/assets\/main-\w{8}\.css" \/><\/head>/);
  const named = [...html.matchAll(/"\.\/(assets\/[^"]+)"/g)].map((match) => match[1] ?? '');
  expect(named).toHaveLength(4);
  for (const path of named) readFileSync(join(root, 'dist/ui', path));
});

test('each file stands beside its compressed form', async () => {
  write('index.html', PAGE);
  const written = await buildUi(root, join(root, 'dist'));
  const plain = written.filter((path) => !path.endsWith('.gz'));
  expect(plain).toHaveLength(5);
  for (const path of plain) {
    expect(gunzipSync(readFileSync(`${path}.gz`))).toEqual(readFileSync(path));
  }
});

test('a changed source changes the name', async () => {
  write('index.html', PAGE);
  await buildUi(root, join(root, 'dist'));
  write('main.tsx', 'document.title = "other";\n');
  await buildUi(root, join(root, 'dist'));
  const scripts = readdirSync(join(root, 'dist/ui/assets')).filter((name) => name.endsWith('.js'));
  expect(scripts).toHaveLength(2);
});

test('a reference to a missing file fails the build', async () => {
  write('index.html', PAGE.replace('main.tsx', 'absent.tsx'));
  await expect(buildUi(root, join(root, 'dist'))).rejects.toThrow('absent.tsx');
});
