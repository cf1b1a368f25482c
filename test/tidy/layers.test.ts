import { expect, test } from 'vitest';
import { findImports } from './imports.ts';
import { checkImports, MAY_IMPORT } from './layers.ts';
import { toSource } from './project.ts';

const DEPENDENCIES = new Set(['zod', '@scope/package']);

/** The faults of `text` as the file `path`, each by a part of its message. */
function check(path: string, text: string, ...want: string[]): void {
  const problems = checkImports(toSource({ path, text }), DEPENDENCIES);
  expect(problems).toHaveLength(want.length);
  for (const [i, part] of want.entries()) expect(problems[i]?.text).toContain(part);
}

test('the table has no way back up', () => {
  const above = new Set<string>();
  for (const [layer, allowed] of Object.entries(MAY_IMPORT)) {
    for (const name of allowed) expect(above).toContain(name.split('/')[0]);
    above.add(layer);
  }
});

test('a layer may import those below through their doors', () => {
  check('src/model/a.ts', "import { b } from '../util/index.ts';");
  check('src/query/exec/a.ts', "import type { Q } from '../../storage/api.ts';");
  check('src/config/a.ts', "import { o } from '../query/options.ts';");
  check('src/agent/a.ts', "import { o } from '../ingest/pull/index.ts';");
  check('src/query/exec/a.ts', "import { b } from '../lex/b.ts';");
});

test('not those above or beside, not even for a type', () => {
  check('src/util/a.ts', "import type { B } from '../model/index.ts';", 'util may not import');
  check('src/query/a.ts', "import { B } from '../storage/index.ts';", 'query may not import');
  check('src/agent/a.ts', "export * from '../ingest/push/index.ts';", 'agent may not import');
  check('src/formats/a.ts', "await import('../storage/api.ts');", 'formats may not import');
});

test('not past a door', () => {
  check('src/query/a.ts', "import { b } from '../model/labels.ts';", 'past its door');
});

test('not from a folder without a row, nor from outside src', () => {
  check('src/new/a.ts', "import { b } from '../model/index.ts';", 'is no layer');
  check('src/model/a.ts', "import { b } from '../../test/support/c.ts';", 'outside src');
});

test('only packages that are dependencies, but types from any', () => {
  check('src/api/a.ts', "import { serve } from '@scope/package/x';\nimport 'zod';");
  check('src/api/a.ts', "import { x } from 'vitest';", 'does not list under dependencies');
  check('src/api/a.ts', "import type { x } from 'vitest';");
});

test('no I/O in the layers that compute', () => {
  check('src/formats/a.ts', "import { readFileSync } from 'node:fs';", 'does no I/O');
  check('src/storage/a.ts', "import { readFileSync } from 'node:fs';");
});

test('the page takes types of the contract alone', () => {
  check(
    'ui/a/b.tsx',
    "import type { T } from '../../src/api/contract.ts';\nimport { h } from 'preact';",
  );
  check('ui/a/b.tsx', "import { T } from '../../src/api/contract.ts';", 'only types');
  check('ui/a/b.tsx', "import type { T } from '../../src/model/index.ts';", 'only types');
});

test('tests may import anything', () => {
  check('src/util/a.test.ts', "import { b } from '../model/labels.ts';\nimport 'vitest';");
});

test('imports are found with line, path and kind', () => {
  const text = `import { a } from './a.ts';
// import { no } from './no.ts';
import type {
  B,
} from '../b.ts';
export { c } from 'c'; const s = "from './no.ts'" + Buffer.from('no') + Array.from("no");
export type { D } from './d.ts';
const e = await import('./e.ts');
import './f.css';`;
  const found = findImports(toSource({ path: 'src/x/y.ts', text }));
  expect(
    found.map(({ specifier, path, line, typeOnly }) => [specifier, path, line, typeOnly]),
  ).toEqual([
    ['./a.ts', 'src/x/a.ts', 1, false],
    ['../b.ts', 'src/b.ts', 5, true],
    ['c', undefined, 6, false],
    ['./d.ts', 'src/x/d.ts', 7, true],
    ['./e.ts', 'src/x/e.ts', 8, false],
    ['./f.css', 'src/x/f.css', 9, false],
  ]);
});
