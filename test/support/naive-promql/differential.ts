import fc from 'fast-check';
import { messageOf, TidegaugeError } from '../../../src/model/index.ts';
import { createEngine, type Engine, parseExpr } from '../../../src/query/index.ts';
import { MemoryQueryable } from '../memory-queryable.ts';
import { arbitraryData, DATA_BEGIN, type DataForm } from './arbitrary-data.ts';
import { arbitraryQuery, arbitraryTimes } from './arbitrary-query.ts';
import { type Answer, answerOfElements, answerOfValue, differences } from './compare.ts';
import { NaiveEvaluator, type NaiveTimes } from './evaluate.ts';
import { NaiveError, type StoredSeries, Unspecified } from './model.ts';

/** One query on one set of series. */
export interface DifferentialCase {
  readonly data: readonly StoredSeries[];
  readonly query: string;
  readonly times: NaiveTimes;
}

/** How the cases of a run came out, for reports. */
export interface DifferentialTally {
  /** Answers compared that hold at least one sample. */
  answers: number;
  empty: number;
  /** Both failed. */
  errors: number;
  /** Not compared, as several answers are right. */
  unspecified: number;
}

export function newTally(): DifferentialTally {
  return { answers: 0, empty: 0, errors: 0, unspecified: 0 };
}

const FORM: DataForm = { isShared: false, beginMs: DATA_BEGIN };

/** Queries on floats and histograms, for the naive evaluator and the engine. */
export const differentialCase: fc.Arbitrary<DifferentialCase> = fc.record({
  data: arbitraryData(FORM),
  query: arbitraryQuery(FORM),
  times: arbitraryTimes(FORM),
});

export function stepsOf({ startMs, endMs, stepMs }: NaiveTimes): number[] {
  if (stepMs === 0) return [startMs];
  return Array.from(
    { length: Math.floor((endMs - startMs) / stepMs) + 1 },
    (_, step) => startMs + step * stepMs,
  );
}

/** The naive answer, or that the query fails, or that it may be answered in several ways. */
export function naiveAnswer({
  data,
  query,
  times,
}: DifferentialCase): Answer | 'error' | undefined {
  const expr = parseExpr(query);
  const naive = new NaiveEvaluator(data, times);
  try {
    return answerOfElements(stepsOf(times).map((time) => [time, naive.at(expr, time)]));
  } catch (error) {
    if (error instanceof Unspecified) return undefined;
    if (error instanceof NaiveError) return 'error';
    throw error;
  }
}

/**
 * How far timestamps lie apart: of values near 1.7e9 whose deviation is 20, each rounding of the
 * mean is 1e-8 of the result, whoever computes it.
 */
const SPREAD = /std(?:dev|var)/;
const SPREAD_RELATIVE = 1e-6;

/** @throws Error with the differences, where engine and naive evaluator do not agree */
export async function checkCase(one: DifferentialCase, tally: DifferentialTally): Promise<void> {
  const want = naiveAnswer(one);
  const got = await engineAnswer(one);
  if (want === undefined) {
    tally.unspecified++;
  } else if (want === 'error') {
    if (typeof got !== 'string') throw new Error(`${one.query}\nis answered, but should fail`);
    tally.errors++;
  } else if (typeof got === 'string') {
    if (!mayFailBetween(one)) throw new Error(`${one.query}\nfails: ${got}`);
    tally.unspecified++;
  } else {
    const found = differences(want, got, SPREAD.test(one.query) ? SPREAD_RELATIVE : undefined);
    if (found.length > 0) throw new Error(`${one.query}\n${found.join('\n')}`);
    if (want.size > 0) tally.answers++;
    else tally.empty++;
  }
}

/**
 * A subquery in a range query is evaluated at all its steps from the first window to the last,
 * as Prometheus does, and may fail at one that lies in no window.
 */
export function mayFailBetween({
  query,
  times,
}: Pick<DifferentialCase, 'query' | 'times'>): boolean {
  return times.stepMs > 0 && /\[[^\]]*:/.test(query);
}

/** The engine's answer, or its error's text. */
async function engineAnswer({ data, query, times }: DifferentialCase): Promise<Answer | string> {
  const queryable = new MemoryQueryable();
  for (const { labels, samples } of data) queryable.add(labels, samples);
  const engine = createEngine({ queryable });
  return answerOf(engine, query, times);
}

/** What an engine answers, or the text of its error. */
export async function answerOf(
  engine: Engine,
  query: string,
  { startMs, endMs, stepMs }: DifferentialCase['times'],
): Promise<Answer | string> {
  try {
    const { value } =
      stepMs === 0
        ? await engine.instant(query, { timeMs: startMs })
        : await engine.range(query, { startMs, endMs, stepMs });
    return answerOfValue(value);
  } catch (error) {
    if (error instanceof TidegaugeError) return messageOf(error);
    throw error;
  }
}
