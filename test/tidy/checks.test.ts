import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { findDeadFiles, programEntries } from './dead-files.ts';
import { checkDocument, checkManifest, type Manifest, subcommandNames } from './documents.ts';
import { checkFileLength, checkFunctions, checkLongFunctions } from './lengths.ts';
import { optionFields } from './options.ts';
import { describeProblems, type Problem, toSource } from './project.ts';
import { linksOf } from './tracked.ts';
import { checkComments, checkName, checkWords } from './words.ts';

/** Checks `file:line` of each problem. */
function places(problems: readonly Problem[], ...want: string[]): void {
  expect(problems.map(({ file, line }) => `${file}:${line}`)).toEqual(want);
}

const body = (lines: number): string => '  a();\n'.repeat(lines - 2);

describe('lengths', () => {
  test('a file', () => {
    const text = 'a;\n'.repeat(700);
    places(checkFileLength(toSource({ path: 'src/a.ts', text })));
    places(checkFileLength(toSource({ path: 'src/a.ts', text: `${text}a;\n` })), 'src/a.ts:701');
    places(checkFileLength(toSource({ path: 'src/a.test.ts', text: `${text}a;\n` })));
  });

  test('a comment line', () => {
    const long = `// ${'a'.repeat(98)}`;
    const text = `a;\n${long}\n// https://${'a'.repeat(98)}\nf('${'a'.repeat(98)}');\n`;
    places(checkFileLength(toSource({ path: 'src/a.ts', text })), 'src/a.ts:2');
  });

  test('a function', () => {
    const text = `\nfunction f() {\n${body(71)}}\nfunction g() {\n${body(70)}}\n`;
    const file = toSource({ path: 'src/a.ts', text });
    places(checkFunctions(file, {}), 'src/a.ts:2');
    places(checkFunctions(file, { 'src/a.ts: f': 'a lexer' }));
    places(checkFunctions(toSource({ path: 'src/a.test.ts', text }), {}));
  });

  test('an entry that no function needs', () => {
    const file = toSource({ path: 'src/a.ts', text: `function f() {\n${body(71)}}\n` });
    const problems = checkLongFunctions([file], { 'src/a.ts: f': 'x', 'src/a.ts: g': 'x' });
    expect(describeProblems(problems)).toMatch(
      /^test\/tidy\/long-functions\.json:1: "src\/a.ts: g"/,
    );
  });
});

describe('what git keeps', () => {
  test('a link', () => {
    places(linksOf(['100644 1a2b 0\tREADME.md', '120000 3c4d 0\tnode_modules']), 'node_modules:1');
  });
});

describe('words', () => {
  const leftover = ['FIX', 'ME'].join('');

  test('leftovers', () => {
    const text = `a\n# ${leftover}: b\n${leftover}D`;
    places(checkWords({ path: 'a.md', text }), 'a.md:2');
    places(checkWords({ path: 'package-lock.json', text }));
  });

  test('paths of a machine', () => {
    const folder = ['', 'work', 'x'].join('/');
    places(checkWords({ path: 'a.md', text: `see "${folder}"` }), 'a.md:1');
    places(checkWords({ path: 'a.md', text: `see src${folder} and /metrics/job` }));
  });

  test('names of files', () => {
    for (const path of ['src/a/test-helpers.ts', 'src/common/a.ts', 'src/misc.ts', 'src/aB.ts']) {
      places(checkName({ path, text: '' }), `${path}:1`);
    }
    for (const path of ['src/util/a-b.test.ts', 'src/a/uncommon.ts', 'README.md', 'a.config.ts']) {
      places(checkName({ path, text: '' }));
    }
  });

  test('comments', () => {
    const file = (text: string) => toSource({ path: 'a.ts', text });
    places(checkComments(file('a;\n// oxlint-disable-next-line no-new')), 'a.ts:2');
    places(checkComments(file('// oxlint-disable-next-line no-new -- it registers itself')));
    places(checkComments(file('// ---------- parts')), 'a.ts:1');
    places(checkComments(file("f('// -------');")));
  });
});

test('dead files', () => {
  const texts = {
    'src/cli/main.ts': "import { a } from '../a/index.ts';",
    'src/a/index.ts': "export { a } from './a.ts';",
    'src/a/a.ts': '',
    'src/a/dead.ts': "import './a.ts';",
    'src/a/dead.test.ts': "import './dead.ts';",
    'src/b/b-worker.ts': "import './loaded.ts';",
    'src/b/loaded.ts': '',
    'ui/main.tsx': "const c = await import('./c.tsx');",
    'ui/c.tsx': '',
  };
  const files = Object.entries(texts).map(([path, text]) => toSource({ path, text }));
  places(findDeadFiles(files, programEntries(files)), 'src/a/dead.ts:1');
});

test('fields of options', () => {
  const schema = z.strictObject({
    plain: z.number().describe('a'),
    wrapped: z.number().describe('b').default(1).optional(),
    bare: z.string(),
    inner: z.strictObject({ leaf: z.boolean() }).prefault({ leaf: true }).describe('c'),
    list: z.array(z.object({ item: z.string().describe('d') })).describe('e'),
  });
  expect(optionFields(schema).map(({ path, description }) => [path, description])).toEqual([
    ['plain', 'a'],
    ['wrapped', 'b'],
    ['bare', undefined],
    ['inner', 'c'],
    ['inner.leaf', undefined],
    ['list', 'e'],
    ['list[].item', 'd'],
  ]);
});

describe('documents', () => {
  const manifest: Manifest = {
    scripts: { test: 'node scripts/test.mjs', bench: 'node scripts/gone.mjs' },
    bin: { tidegauge: './bin/tidegauge' },
    files: ['dist/', 'docs/'],
    exports: { '.': { types: './dist/a.d.ts', default: './lib/a.mjs' } },
  };
  const present = new Set(['bin/tidegauge', 'docs/', 'docs/a.md', 'scripts/test.mjs']);
  const exists = (path: string): boolean => present.has(path);
  const subcommands = subcommandNames(["program.command('serve')", 'new Command("push")']);

  function check(text: string, ...want: string[]): void {
    places(checkDocument({ path: 'docs/b.md', text }, manifest, subcommands, exists), ...want);
  }

  test('npm scripts', () => {
    check('`npm test` and `npm run bench -- x`, after `npm ci`');
    check('a\n`npm run absent`', 'docs/b.md:2');
    check('`npm start`', 'docs/b.md:1');
    check('a\n\n    npm run gone\n', 'docs/b.md:3');
    check('```\nnpm run gone\n```', 'docs/b.md:2');
    check('one npm package, and\nnpm is all');
  });

  test('subcommands, where code is shown', () => {
    check('```\ntidegauge serve\n./bin/tidegauge push x\n$ tidegauge fly\n```', 'docs/b.md:4');
    check('tidegauge collects');
  });

  test('links', () => {
    check('[a](a.md#part) [b](https://x.y/z) [c](#here) [d](../docs/a.md)');
    check('a\n[e](gone.md)', 'docs/b.md:2');
  });

  test('paths of the manifest', () => {
    const problems = checkManifest(manifest, exists);
    expect(problems.map(({ text }) => text)).toEqual([
      'names lib/a.mjs, which is not there',
      'names scripts/gone.mjs, which is not there',
    ]);
  });
});
