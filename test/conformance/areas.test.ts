import { existsSync, readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { messageOf } from '../../src/model/errors.ts';
import { conformanceRoot, requires } from '../support/requirements.ts';
import { type ConformanceArea, type ConformanceCase, caseId } from './area.ts';
import { readKnownFailures, unexpected } from './known-failures.ts';
import { runCase } from './run.ts';

const known = readKnownFailures();
const folder = new URL('areas/', import.meta.url);
const names = existsSync(folder)
  ? readdirSync(folder)
      .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
      .map((file) => file.slice(0, -'.ts'.length))
  : [];

test('known failures are of areas that are covered', () => {
  expect(names).toEqual(expect.arrayContaining(Object.keys(known)));
});

for (const name of names) {
  const needs = requires({ conformance: name });
  if (!needs.met) {
    needs.test(name, () => {});
    continue;
  }
  describe(name, async () => {
    try {
      const { area } = (await import(`./areas/${name}.ts`)) as { area: ConformanceArea };
      test('is named as its module', () => expect(area.name).toBe(name));
      for (const [file, cases] of await casesByFile(area)) {
        test(file, () => runFile(file, cases, known[name] ?? {}));
      }
    } catch (error) {
      // Thrown here it would take the other areas along.
      test('has cases', () => expect.fail(messageOf(error)));
    }
  });
}

async function casesByFile(area: ConformanceArea): Promise<Map<string, ConformanceCase[]>> {
  const files = new Map<string, ConformanceCase[]>();
  for await (const item of await area.cases(conformanceRoot())) {
    const cases = files.get(item.file);
    if (cases === undefined) files.set(item.file, [item]);
    else cases.push(item);
  }
  return files;
}

/** One test for a file: thousands of cases would drown the report. It lists all that failed. */
async function runFile(
  file: string,
  cases: readonly ConformanceCase[],
  known: Readonly<Record<string, string>>,
): Promise<void> {
  const failures = new Map<string, string>();
  for (const item of cases) {
    const failure = await runCase(item);
    if (failure !== undefined) failures.set(failure.id, failure.message);
  }
  const problems = unexpected(file, { ids: cases.map(caseId), failures }, known);
  if (problems.length > 0) {
    throw new Error(`${problems.length} of ${cases.length} cases\n${problems.join('\n\n')}`);
  }
}
