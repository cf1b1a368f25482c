import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { decodeIdentity, scanOpenMetrics } from '../../../src/formats/exposition/index.ts';
import { messageOf } from '../../../src/model/index.ts';
import { createEngine, type Engine, encodeQueryData } from '../../../src/query/index.ts';
import { type MemorySample, MemoryQueryable } from '../../support/memory-queryable.ts';
import { type ConformanceArea, type ConformanceCase, ConformanceFailure } from '../area.ts';

/** Range queries that Prometheus 2.42 answered over the demo data. */
export const area: ConformanceArea = {
  name: 'promql-queries',
  notes:
    'label names in UTF-8, which 2.42 refuses, are legal at the level of 3.x: ' +
    'those queries must not fail',
  async cases(root) {
    const folder = join(root, 'promql-queries');
    const queryable = await loadDemoData(join(folder, DATA));
    const engine = createEngine({ queryable });
    const lines = (await readFile(join(folder, EXPECTED), 'utf8')).trimEnd().split('\n');
    return lines.map((line) => caseOf(engine, JSON.parse(line) as Expected));
  },
};

const DATA = 'demo-data.om.gz';
const EXPECTED = 'expected-2.42.jsonl';

/** The times of all queries, from the data's README. */
const OVER = { startMs: 1_700_009_407_000, endMs: 1_700_010_007_000, stepMs: 60_000 };

/** Sums are compensated since 3.0, so the last digits differ. */
const RELATIVE_TOLERANCE = 1e-9;

interface Expected {
  readonly query: string | number;
  readonly status: number;
  readonly error?: string;
  readonly result?: readonly ExpectedSeries[];
}

interface ExpectedSeries {
  readonly metric: Readonly<Record<string, string>>;
  readonly values: readonly (readonly [number, string])[];
}

async function loadDemoData(path: string): Promise<MemoryQueryable> {
  const bytes = gunzipSync(await readFile(path));
  const bySeries = new Map<string, MemorySample[]>();
  const text = bytes.toString('latin1');
  scanOpenMetrics(bytes, 0, bytes.length, {
    sample(start, end, value, timestamp) {
      const identity = text.slice(start, end);
      const samples = bySeries.get(identity);
      if (samples === undefined) bySeries.set(identity, [{ timestamp, value }]);
      else samples.push({ timestamp, value });
    },
  });
  const queryable = new MemoryQueryable();
  for (const [identity, samples] of bySeries) {
    const series = Buffer.from(identity, 'latin1');
    queryable.add(decodeIdentity(series, 0, series.length), samples);
  }
  return queryable;
}

/**
 * Of a counter that begins within the range at little above zero, 2.42 goes back to the zero even
 * where that is more than half an interval before the first sample; 3.x does not.
 */
const EXTRAPOLATED_OTHERWISE = /^(?:rate|increase)\(demo_cpu_usage_seconds_total\[1h\]\)$/;

/** Label names that only 3.x allows. */
const UTF8_LABEL_NAME = /invalid (?:destination|source) label name/;

function caseOf(engine: Engine, expected: Expected): ConformanceCase {
  const query = String(expected.query);
  return {
    file: EXPECTED,
    name: query,
    async run() {
      const { error, result } = expected;
      const answer = await answerOf(engine, query);
      if (error !== undefined) {
        const isLegalNow = UTF8_LABEL_NAME.test(error);
        if (isLegalNow !== (typeof answer === 'string')) return;
        const got = typeof answer === 'string' ? `error: ${answer}` : 'an answer';
        throw new ConformanceFailure(isLegalNow ? 'an answer' : `error: ${error}`, got);
      }
      if (typeof answer === 'string') throw new ConformanceFailure('an answer', `error: ${answer}`);
      const tolerance = EXTRAPOLATED_OTHERWISE.test(query) ? 5e-3 : RELATIVE_TOLERANCE;
      compare(answer, result ?? [], tolerance);
    },
  };
}

/** The series of the JSON answer, or the error's text. */
async function answerOf(
  engine: Engine,
  query: string,
): Promise<readonly ExpectedSeries[] | string> {
  try {
    const { value } = await engine.range(query, OVER);
    const text = new TextDecoder().decode(encodeQueryData(value));
    return (JSON.parse(text) as { result: readonly ExpectedSeries[] }).result;
  } catch (error) {
    return messageOf(error);
  }
}

function compare(
  got: readonly ExpectedSeries[],
  wanted: readonly ExpectedSeries[],
  tolerance: number,
): void {
  const byKey = new Map(got.map((series) => [keyOf(series), series]));
  if (byKey.size !== wanted.length) {
    throw new ConformanceFailure(`${wanted.length} series`, `${byKey.size} series`);
  }
  for (const series of wanted) {
    const key = keyOf(series);
    const found = byKey.get(key);
    if (found === undefined) throw new ConformanceFailure(key, [...byKey.keys()].join('\n'));
    compareValues(key, found.values, series.values, tolerance);
  }
}

function keyOf({ metric }: ExpectedSeries): string {
  return JSON.stringify(Object.entries(metric).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function compareValues(
  key: string,
  got: ExpectedSeries['values'],
  wanted: ExpectedSeries['values'],
  tolerance: number,
): void {
  const same =
    got.length === wanted.length &&
    wanted.every(([time, value], index) => {
      const [gotTime, gotValue] = got[index] ?? [NaN, ''];
      return time === gotTime && isNear(value, gotValue, tolerance);
    });
  if (!same) {
    throw new ConformanceFailure(
      `${key} ${JSON.stringify(wanted)}`,
      `${key} ${JSON.stringify(got)}`,
    );
  }
}

function isNear(wanted: string, got: string, tolerance: number): boolean {
  if (wanted === got) return true;
  const a = Number(wanted);
  const b = Number(got);
  return Math.abs(a - b) <= tolerance * Math.max(Math.abs(a), Math.abs(b));
}
