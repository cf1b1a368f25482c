import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ParseError } from '../../../src/query/errors.ts';
import { parseExpr } from '../../../src/query/parse/index.ts';
import { prettyPrint, printExpr } from '../../../src/query/print/index.ts';
import { treeOf } from '../../support/query-tree.ts';
import { conformancePath, requires } from '../../support/requirements.ts';
import type { EvalCommand } from './script.ts';
import { readScripts } from './script-files.ts';

requires({ conformance: 'promqltest' }).describe('the queries of the scripts', () => {
  test('parse, but some that must fail', () => {
    const commands = evalCommands();
    expect(commands.length).toBeGreaterThan(1000);
    for (const { query, line, expectations } of commands) {
      if (expectations.fail === undefined) expect(problemOf(query), `line ${line}`).toBe('none');
    }
  });

  test('mean the same after printing', () => {
    for (const { query } of evalCommands()) {
      if (problemOf(query) !== 'none') continue;
      const want = treeOf(parseExpr(query));
      for (const print of [printExpr, prettyPrint]) {
        const printed = print(parseExpr(query));
        expect(treeOf(parseExpr(printed)), printed).toEqual(want);
      }
    }
  });
});

requires({ conformance: 'promql-queries' }).describe('queries that Prometheus was asked', () => {
  test('parse, and fail with the same message where it refused to parse', () => {
    const file = join(conformancePath('promql-queries'), 'expected-2.42.jsonl');
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
    expect(lines.length).toBeGreaterThan(300);
    for (const line of lines) {
      const { query, error = '' } = JSON.parse(line) as { query: string | number; error?: string };
      const want = error.includes('parse error') ? error : 'none';
      expect(problemOf(String(query)), String(query)).toBe(want);
    }
  });
});

function evalCommands(): readonly EvalCommand[] {
  return readScripts(conformancePath('promqltest')).flatMap(({ commands }) =>
    commands.filter((command) => command.kind === 'eval'),
  );
}

function problemOf(query: string): string {
  try {
    parseExpr(query);
    return 'none';
  } catch (error) {
    if (error instanceof ParseError) return error.message;
    throw error;
  }
}
