import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ParseError } from '../../src/query/errors.ts';
import { parseExpr, parseMetricSelector } from '../../src/query/parse/index.ts';
import { prettyPrint, printExpr } from '../../src/query/print/index.ts';
import { queryText } from '../support/query-text.ts';
import { treeOf } from '../support/query-tree.ts';

const RUNS = { numRuns: 400 };

/** Pieces that meet in queries, and some that never should. */
const SHARDS = [
  ...['foo', 'a:b', 'sum', 'by', 'on', 'group_left', 'bool', 'offset', '@', 'start()', 'rate'],
  ...['(', ')', '{', '}', '[', ']', ',', ':', '=', '=~', '!=', '"x"', "'y", '`z`', '\\', '#', '\n'],
  ...['1', '0x', '1e', '.5', '5m', '1h30m', '5mm', 'inf', 'step()', 'min_of', '+', '-', '*', '^'],
  ...['and', 'or', 'unless', '</', '>/', '==', 'fill(0)', 'anchored', '☃', '\ud800', '\u0000'],
];

/** Whatever a parser is given, it answers or throws a `ParseError` that lies within the text. */
function parses(text: string): void {
  for (const parse of [parseExpr, parseMetricSelector]) {
    try {
      parse(text);
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
      expect(error.problems.length).toBeGreaterThan(0);
      for (const { span, position } of error.problems) {
        expect(span.start).toBeGreaterThanOrEqual(0);
        expect(span.end).toBeGreaterThanOrEqual(span.start);
        expect(span.end).toBeLessThanOrEqual(text.length);
        expect(text.split('\n')[position.line - 1]?.length).toBeGreaterThanOrEqual(
          position.column - 1,
        );
      }
    }
  }
}

describe('the parser throws nothing but its own error', () => {
  test('on any text', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 80 }), parses), RUNS);
  });

  test('on shards of queries', () => {
    const text = fc
      .array(fc.constantFrom(...SHARDS), { maxLength: 40 })
      .chain((shards) => fc.constantFrom(shards.join(''), shards.join(' ')));
    fc.assert(fc.property(text, parses), { numRuns: 2000 });
  });

  test('on damaged queries', () => {
    const damaged = fc
      .tuple(queryText, fc.nat(), fc.nat({ max: 6 }), fc.constantFrom('', ...SHARDS))
      .map(([text, seed, length, shard]) => {
        const at = seed % (text.length + 1);
        return text.slice(0, at) + shard + text.slice(at + length);
      });
    fc.assert(fc.property(damaged, parses), { numRuns: 2000 });
  });
});

describe('printing', () => {
  test('gives what parses to the same tree', () => {
    fc.assert(
      fc.property(queryText, (text) => {
        const expr = parseExpr(text);
        const printed = printExpr(expr);
        expect(treeOf(parseExpr(printed)), printed).toEqual(treeOf(expr));
        expect(printExpr(parseExpr(printed))).toBe(printed);
      }),
      { numRuns: 1500 },
    );
  });

  test('over several lines gives what parses to the same tree', () => {
    fc.assert(
      fc.property(queryText, (text) => {
        const expr = parseExpr(text);
        const pretty = prettyPrint(expr);
        expect(treeOf(parseExpr(pretty)), pretty).toEqual(treeOf(expr));
        expect(prettyPrint(parseExpr(pretty))).toBe(pretty);
      }),
      { numRuns: 1500 },
    );
  });
});
