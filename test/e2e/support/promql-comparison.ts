import fc from 'fast-check';
import { Labels } from '../../../src/model/index.ts';
import { arbitraryData, type DataForm } from '../../support/naive-promql/arbitrary-data.ts';
import { arbitraryQuery, arbitraryTimes } from '../../support/naive-promql/arbitrary-query.ts';
import { type Answer, differences } from '../../support/naive-promql/compare.ts';
import { mayFailBetween, naiveAnswer } from '../../support/naive-promql/differential.ts';
import type { NaiveTimes } from '../../support/naive-promql/evaluate.ts';
import type { StoredSeries } from '../../support/naive-promql/model.ts';
import { writeBody } from '../../support/write-body.ts';

/** Two servers with the Prometheus API and remote write. */
export interface ComparedServers {
  readonly ours: string;
  readonly theirs: string;
}

export interface ComparisonOptions {
  readonly seed: number;
  /** Sets of series, each with queries of its own. */
  readonly dataSets: number;
  readonly queriesPerSet: number;
}

export interface ComparisonTally {
  answers: number;
  empty: number;
  errors: number;
  unspecified: number;
}

/**
 * A comparison that drops elements. In 2.42 what it drops does not count as a match, so that
 * several matches of one element are no error there, unlike in 3.
 */
const FILTER = / (?:==|!=|[<>]=?)(?! bool)/;

/** Of a subquery with parts that `@` fixes 2.42 loses some at later steps. */
function isFixedWithin(query: string): boolean {
  return query.includes('@') && /\[[^\]]*:/.test(query);
}

/** Apart so far that no query sees the set before its own. */
const SET_SPACING_MS = 30 * 60_000;
const HOUR_MS = 3_600_000;

/**
 * Random queries of the kind on which Prometheus 2.42 and 3 agree, on the same random series, for
 * both servers. The sets of series follow each other in time and end now.
 * @throws Error at the first query answered differently, shrunk, with its seed
 */
export async function comparePromql(
  servers: ComparedServers,
  { seed, dataSets, queriesPerSet }: ComparisonOptions,
): Promise<ComparisonTally> {
  const tally = { answers: 0, empty: 0, errors: 0, unspecified: 0 };
  const endMs = Math.floor(Date.now() / HOUR_MS) * HOUR_MS;
  for (let set = 0; set < dataSets; set++) {
    const form = { isShared: true, beginMs: endMs - (dataSets - set) * SET_SPACING_MS };
    const [data = []] = fc.sample(arbitraryData(form), { seed: seed + set, numRuns: 1 });
    await Promise.all([write(servers.ours, data), write(servers.theirs, data)]);
    await compareQueries(servers, { data, form, seed: seed + set, queriesPerSet }, tally);
  }
  return tally;
}

async function compareQueries(
  servers: ComparedServers,
  set: {
    readonly data: readonly StoredSeries[];
    readonly form: DataForm;
    readonly seed: number;
    readonly queriesPerSet: number;
  },
  tally: ComparisonTally,
): Promise<void> {
  const { data, form, seed, queriesPerSet } = set;
  const property = fc.asyncProperty(
    arbitraryQuery(form),
    arbitraryTimes(form),
    async (query, times) => {
      // Where several answers are right, the two need not choose the same.
      const naive = naiveAnswer({ data, query, times });
      const [ours, theirs] = await Promise.all([
        ask(servers.ours, query, times),
        ask(servers.theirs, query, times),
      ]);
      const isNewer = naive === 'error' && typeof theirs !== 'string' && FILTER.test(query);
      if (naive === undefined || isNewer || isFixedWithin(query)) tally.unspecified++;
      else countAlike(ours, theirs, { query, times }, tally);
    },
  );
  await fc.assert(property, { seed, numRuns: queriesPerSet });
}

function countAlike(
  ours: Answer | string,
  theirs: Answer | string,
  { query, times }: { readonly query: string; readonly times: NaiveTimes },
  tally: ComparisonTally,
): void {
  if (typeof ours === 'string' || typeof theirs === 'string') {
    if (typeof ours === typeof theirs) tally.errors++;
    else if (mayFailBetween({ query, times })) tally.unspecified++;
    else throw new Error(`${query}\nours: ${outcome(ours)}, theirs: ${outcome(theirs)}`);
    return;
  }
  const found = differences(theirs, ours);
  if (found.length > 0) throw new Error(`${query}\n${found.join('\n')}`);
  if (theirs.size > 0) tally.answers++;
  else tally.empty++;
}

function outcome(answer: Answer | string): string {
  return typeof answer === 'string' ? answer : `${answer.size} samples`;
}

async function write(url: string, data: readonly StoredSeries[]): Promise<void> {
  const rows = data.map(({ labels, samples }) => {
    const columns = samples.map(({ timestamp, value }) => {
      if (typeof value === 'object') throw new Error('a histogram among floats');
      return [timestamp, value] as const;
    });
    return [labels, ...columns] as const;
  });
  const response = await fetch(`${url}/api/v1/write`, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/x-protobuf',
      'Content-Encoding': 'snappy',
      'X-Prometheus-Remote-Write-Version': '0.1.0',
    },
    body: new Uint8Array(writeBody(rows)),
  });
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`);
}

interface ApiSeries {
  readonly metric: Readonly<Record<string, string>>;
  readonly value?: readonly [number, string];
  readonly values?: readonly (readonly [number, string])[];
}

interface ApiAnswer {
  readonly status: string;
  readonly error?: string;
  readonly data?: {
    readonly resultType: string;
    readonly result: readonly ApiSeries[] | readonly [number, string];
  };
}

/** The answer, or the error's text. */
async function ask(url: string, query: string, times: NaiveTimes): Promise<Answer | string> {
  const { startMs, endMs, stepMs } = times;
  const seconds = (ms: number): string => String(ms / 1000);
  const isRange = stepMs > 0;
  const form = new URLSearchParams(
    isRange
      ? { query, start: seconds(startMs), end: seconds(endMs), step: seconds(stepMs) }
      : { query, time: seconds(startMs) },
  );
  const path = isRange ? 'query_range' : 'query';
  const response = await fetch(`${url}/api/v1/${path}`, { method: 'POST', body: form });
  const answer = (await response.json()) as ApiAnswer;
  if (answer.data === undefined) return answer.error ?? `status ${response.status}`;
  const series =
    answer.data.resultType === 'scalar'
      ? [{ metric: {}, value: answer.data.result as readonly [number, string] }]
      : (answer.data.result as readonly ApiSeries[]);
  return new Map(
    series.flatMap(({ metric, value, values = value === undefined ? [] : [value] }) => {
      const labels = Labels.fromObject(metric).toString();
      return values.map(([time, text]): [string, number] => [
        `${labels} @ ${time}`,
        numberOf(text),
      ]);
    }),
  );
}

function numberOf(text: string): number {
  if (text === '+Inf') return Infinity;
  return text === '-Inf' ? -Infinity : Number(text);
}
