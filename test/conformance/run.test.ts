import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ConformanceArea, checkSame } from './area.ts';
import { unexpected } from './known-failures.ts';
import { runConformance } from './run.ts';

let root: string;

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'tidegauge-conformance-'));
  for (const name of ['good', 'bad', 'other', 'LICENSES']) mkdirSync(join(root, name));
});

afterAll(() => rmSync(root, { recursive: true, force: true }));

const good: ConformanceArea = {
  name: 'good',
  cases: () => Promise.resolve([{ file: 'a.txt', name: 'first', run: () => checkSame('1', '1') }]),
};

const bad: ConformanceArea = {
  name: 'bad',
  notes: 'only half of it',
  async *cases(path) {
    yield* (await good.cases(path)) as Iterable<never>;
    yield { file: 'b.txt', name: 'second', run: () => Promise.resolve(checkSame('2', '3\n4')) };
  },
};

async function run(areas: ConformanceArea[], nameUncovered = false): Promise<[boolean, string[]]> {
  const lines: string[] = [];
  const print = (line: string): void => void lines.push(line);
  return [await runConformance({ root, areas, nameUncovered, print }), lines];
}

test('an area ends with its count', async () => {
  expect(await run([good])).toEqual([true, ['good: 1 passed, 0 failed']]);
});

test('a failed case names its file and shows wanted and got', async () => {
  expect(await run([bad])).toEqual([
    false,
    [
      'failed: bad/b.txt: second\n  wanted: 3\n  4\n     got: 2',
      'bad: note: only half of it',
      'bad: 1 passed, 1 failed',
    ],
  ]);
});

test('an area of many cases has a line for each file', async () => {
  const [, lines] = await run([{ ...bad, countsByFile: true }]);
  expect(lines.slice(1)).toEqual([
    'a.txt: 1 passed, 0 failed',
    'b.txt: 0 passed, 1 failed',
    'bad: note: only half of it',
    'bad: 1 passed, 1 failed',
  ]);
});

test('areas without a module are named, folders that are no area are not', async () => {
  const [ok, lines] = await run([good], true);
  expect(ok).toBe(true);
  expect(lines.slice(1)).toEqual(['bad: not covered yet', 'other: not covered yet']);
});

test('absent data is a failure', async () => {
  const [ok, lines] = await run([{ ...good, name: 'absent' }]);
  expect(ok).toBe(false);
  expect(lines.at(-1)).toBe('absent: 0 passed, 1 failed');
});

test('data that cannot be read is a failure beside the cases before it', async () => {
  const broken: ConformanceArea = {
    name: 'good',
    async *cases(path) {
      yield* (await good.cases(path)) as Iterable<never>;
      throw new Error('not as expected');
    },
  };
  const [ok, lines] = await run([broken]);
  expect(ok).toBe(false);
  expect(lines).toEqual(['failed: good/good\n  not as expected', 'good: 1 passed, 1 failed']);
});

test('a known failure must fail, exist, and be the only one', () => {
  const outcome = {
    ids: ['f: a', 'f: b', 'f: c'],
    failures: new Map([
      ['f: a', 'A'],
      ['f: b', 'B'],
    ]),
  };
  const known = { 'f: b': 'later', 'f: c': 'later', 'f: gone': 'later', 'g: x': 'later' };
  expect(unexpected('f', outcome, known)).toEqual([
    'f: a\nA',
    'f: c\npasses now: delete its line from test/conformance/known-failures.json',
    'f: gone\nis no case: delete its line from test/conformance/known-failures.json',
  ]);
  expect(unexpected('f', outcome, { 'f: a': 'later', 'f: b': 'later' })).toEqual([]);
});
