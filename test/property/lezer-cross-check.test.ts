import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parser } from '@prometheus-io/lezer-promql';
import { expect, test } from 'vitest';
import { ParseError, parseExpr } from '../../src/query/index.ts';
import { conformancePath, requires } from '../support/requirements.ts';

/** The grammar's first rule for a whole expression; it has another for a name alone. */
const grammar = parser.configure({ top: 'PromQL' });

/** Valid expressions that the grammar of the page's editor misreads. */
const MISREAD = [
  // Numbers that end in a point.
  '2.',
  'histogram_quantile(1./6., rate(testhistogram2[15m]))',
  'histogram_quantile(1./6., testhistogram2)',
  'histogram_quantile(1./6., testhistogram2_bucket)',
  'histogram_quantile(5./6., testhistogram2)',
  'histogram_quantile(5./6., testhistogram2_bucket)',
  // In durations it knows these two, among functions it does not.
  'max_of(0, 1)',
  'max_of(3, 5)',
  'max_of(3, NaN)',
  'max_of(NaN, 3)',
  'min_of(0, 1)',
  'min_of(3, 5)',
  'min_of(3, NaN)',
  'min_of(5, 3)',
  'min_of(NaN, 3)',
  // Keywords have no case.
  'count_over_time(metric1_total[1+(STep()-5)*2])',
  'metric1_total offset (STEP()/10)',
];

/** What a grammar alone cannot see to be wrong. */
const TOO_MUCH = ['{__name__=~".*"}'];

function readsWithoutError(query: string): boolean {
  let isWhole = true;
  grammar.parse(query).iterate({
    enter: ({ type }) => {
      if (type.isError) isWhole = false;
    },
  });
  return isWhole;
}

function isAccepted(query: string): boolean {
  try {
    parseExpr(query);
    return true;
  } catch (error) {
    if (error instanceof ParseError) return false;
    throw error;
  }
}

const EVALUATION =
  /^\s*eval(?:_\w+)?\s+(?:instant(?:\s+at\s+\S+)?|range\s+from\s+\S+\s+to\s+\S+\s+step\s+\S+)\s+(.*)$/;

/** Every expression of the list that 2.42 answered and of the scripts of 3.x, once. */
function sharedQueries(): Set<string> {
  const list = readFileSync(join(conformancePath('promql-queries'), 'expected-2.42.jsonl'), 'utf8');
  const queries = new Set(
    list
      .trimEnd()
      .split('\n')
      .map((line) => String((JSON.parse(line) as { query: string | number }).query)),
  );
  const scripts = conformancePath('promqltest');
  for (const file of readdirSync(scripts).filter((name) => name.endsWith('.test'))) {
    for (const line of readFileSync(join(scripts, file), 'utf8').split('\n')) {
      const query = EVALUATION.exec(line)?.[1]?.trim();
      if (query !== undefined) queries.add(query);
    }
  }
  return queries;
}

const needsLists = requires({ conformance: 'promql-queries' });
const needsScripts = requires({ conformance: 'promqltest' });

(needsLists.met ? needsScripts : needsLists).describe('the shared queries', () => {
  test('are read differently by the editor’s grammar where it is known, and nowhere else', () => {
    const queries = [...sharedQueries()];
    expect(queries.length).toBeGreaterThan(1500);
    const differing = queries.filter((query) => isAccepted(query) !== readsWithoutError(query));
    const misread = differing.filter(isAccepted).toSorted();
    const tooMuch = differing.filter((query) => !isAccepted(query)).toSorted();
    console.log(
      `${queries.length} queries; misread: ${misread.length}, accepted: ${tooMuch.length}`,
    );
    for (const query of differing) console.log(`  ${query}`);
    expect(misread).toEqual(MISREAD.toSorted());
    expect(tooMuch).toEqual(TOO_MUCH);
  });
});
