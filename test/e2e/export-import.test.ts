import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ExportResult } from '../../src/exchange/index.ts';
import {
  exportPrometheus,
  IMPORT_STORAGE_OPTIONS,
  importPrometheus,
} from '../../src/exchange/index.ts';
import {
  createMatcher,
  type FloatHistogram,
  HIGH_WORD,
  Labels,
  LOW_WORD,
  METRIC_NAME,
  SampleColumns,
} from '../../src/model/index.ts';
import { createEngine, encodeQueryData } from '../../src/query/index.ts';
import type { Storage } from '../../src/storage/index.ts';
import { seededRandom, systemClock } from '../../src/util/index.ts';
import { freePort } from '../../src/lab/processes/free-port.ts';
import { type RunningProcess, startProcess } from '../support/processes.ts';
import { promtoolDump } from '../support/promtool-dump.ts';
import { requires } from '../support/requirements.ts';
import { openTemporaryStorage, type TemporaryStorage } from '../support/temporary-storage.ts';
import { apiGet } from './support/query-client.ts';
import { readSampleBits, sampleBits } from './support/remote-read.ts';

const run = promisify(execFile);

const HOUR_MS = 3_600_000;
/** Over four blocks, ending in none that is still being filled. */
const END = Math.floor(Date.now() / (2 * HOUR_MS)) * 2 * HOUR_MS - HOUR_MS / 2;
const START = END - 6 * HOUR_MS;
const STEP_MS = 15_000;
const ALWAYS = { minTime: 0, maxTime: END + HOUR_MS };

/** Steps that fall on no sample, as the language's versions differ at the ends of ranges. */
const RANGE = { start: START + HOUR_MS + 7, end: END - HOUR_MS, step: 127_000 };
const QUERIES = [
  '{__name__=~"m_.+"}',
  'm_counter',
  'sum by (kind) (rate(m_counter[5m]))',
  'max_over_time(m_gauge[10m])',
  'count({__name__=~".+"})',
  'h_counter',
  'h_gauge',
  'rate(h_counter[5m])',
  'histogram_sum(rate(h_counter[5m]))',
  'histogram_count(h_float)',
  'sum(h_float)',
];

/** Any value a float can have: numbers, staleness markers, NaNs with payloads, -0, infinities. */
function anyWords(random: () => number): readonly [high: number, low: number] {
  const choice = Math.floor(20 * random());
  if (choice === 0) return [0x7ff00000, 2];
  if (choice === 1) return [0xfff80000, Math.floor(2 ** 32 * random())];
  if (choice === 2) return [0x7ff80000, 1];
  if (choice === 3) return [0x80000000, 0];
  if (choice === 4) return [random() < 0.5 ? 0x7ff00000 : 0xfff00000, 0];
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, choice < 12 ? Math.round(1000 * random()) : 1e6 * (random() - 0.5));
  return [view.getUint32(0), view.getUint32(4)];
}

async function fill(storage: Storage): Promise<void> {
  const random = seededRandom(42);
  const appender = storage.appender();
  const { samples } = appender;
  for (let at = 0; at < 30; at++) {
    const kind = ['counter', 'gauge', 'any'][at % 3]!;
    const labels = { __name__: `m_${kind}`, kind: `k${at % 4}`, at: String(at), text: 'é"\\\n' };
    const ref = appender.series(Labels.fromObject(labels));
    let count = 0;
    for (let time = START + at; time <= END; time += STEP_MS) {
      // A gap now and then, and jitter in one of the series.
      if (random() < 0.01) time += 20 * 60_000;
      if (at === 4) time += Math.floor(1000 * random());
      if (kind === 'counter') samples.push(ref, time, (count += Math.floor(10 * random())));
      else if (kind === 'gauge') samples.push(ref, time, Math.round(1e4 * random()) / 100);
      else {
        const [high, low] = anyWords(random);
        samples.pushBits(ref, time, low, high);
      }
    }
  }
  for (const name of ['h_counter', 'h_gauge', 'h_float']) {
    const ref = appender.series(Labels.fromObject({ __name__: name, job: 'a' }));
    const buckets = [0, 0, 0, 0, 0, 0];
    for (let at = 0; START + at * STEP_MS <= END; at++) {
      if (at % 500 === 499) buckets.fill(0);
      const place = Math.floor((1 + (at % 6)) * random());
      buckets[place]! += 1 + Math.floor(3 * random());
      const time = START + at * STEP_MS;
      const isStale = at % 700 === 699;
      appender.addHistogram(ref, time, isStale ? undefined : histogramOf(name, buckets));
    }
  }
  await appender.commit();
}

/** Buckets -2, -1 on the negative side, 0 and 3 to 4 on the positive, those that count. */
function histogramOf(name: string, counts: readonly number[]): FloatHistogram {
  const scale = name === 'h_float' ? 0.1 : 1;
  const [zero = 0, ...rest] = counts.map((count) => scale * count);
  const populated = rest
    .map((count, at) => ({ count, index: 2 * at }))
    .filter(({ count }) => count);
  const side = (wanted: (index: number) => boolean) => {
    const buckets = populated.filter(({ index }) => wanted(index));
    let next = 0;
    const spans = buckets.map(({ index }) => {
      const offset = index - next;
      next = index + 1;
      return { offset, length: 1 };
    });
    return { spans, counts: buckets.map(({ count }) => count) };
  };
  const positive = side((index) => index > 2);
  const negative = side((index) => index <= 2);
  const count = [zero, ...rest].reduce((sum, each) => sum + each, 0);
  return {
    counterReset: name === 'h_gauge' ? 'gauge' : 'unknown',
    schema: 1,
    zeroThreshold: 0.001,
    zeroCount: zero,
    count,
    sum: 1.5 * count,
    positiveSpans: positive.spans,
    positiveBuckets: positive.counts,
    negativeSpans: negative.spans,
    negativeBuckets: negative.counts,
    customValues: [],
  };
}

async function storedBits(storage: Storage): Promise<string[]> {
  const lines: string[] = [];
  const querier = storage.querier();
  const set = await querier.select([createMatcher('=~', METRIC_NAME, '.*')], ALWAYS);
  for (let index = 0; index < set.length; index++) {
    const columns = new SampleColumns();
    set.samples(index, columns);
    const labels = [...set.labels(index)].map(
      ([name, value]) => `${name}=${JSON.stringify(value)}`,
    );
    const { timestamps, words } = columns;
    for (let at = 0; at < columns.length; at++) {
      const bits = sampleBits(words[2 * at + LOW_WORD]!, words[2 * at + HIGH_WORD]!);
      lines.push(`{${labels.join(', ')}} @${timestamps[at]} ${bits}`);
    }
  }
  querier.close();
  return lines;
}

requires({ commands: ['prometheus', 'promtool'] }).describe('blocks for Prometheus', () => {
  let folder: string;
  let directory: string;
  let stored: TemporaryStorage;
  let result: ExportResult;
  let prometheus: RunningProcess;
  let url: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tidegauge-export-'));
    directory = join(folder, 'blocks');
    stored = await openTemporaryStorage(IMPORT_STORAGE_OPTIONS);
    const { storage } = stored;
    await fill(storage);
    result = await exportPrometheus({
      storage,
      directory,
      clock: systemClock,
      random: randomBytes,
    });
  });

  afterAll(async () => {
    await prometheus?.stop();
    await stored?.remove();
    await rm(folder, { recursive: true, force: true });
  });

  it('promtool lists and analyzes them', async () => {
    const list = await run('promtool', ['tsdb', 'list', directory]);
    const lines = list.stdout.trimEnd().split('\n').slice(1);
    expect(lines.map((line) => line.split(/\s+/)[0])).toEqual(
      result.blocks.map(({ ulid }) => ulid),
    );
    expect(lines.length).toBe(4);
    for (const { ulid } of result.blocks) {
      const { stdout } = await run('promtool', ['tsdb', 'analyze', directory, ulid]);
      expect(stdout).toContain('Series: 33');
      expect(stdout).toContain('Label names: 5');
    }
  });

  it('promtool dumps every sample', async () => {
    const { stdout } = await run('promtool', ['tsdb', 'dump', directory], {
      maxBuffer: 64 * 1024 ** 2,
    });
    const got = stdout.trimEnd().split('\n');
    const wanted = await promtoolDump(stored.storage);
    expect(wanted.length).toBeGreaterThan(20_000);
    expect(got.length).toBe(wanted.length);
    expect(got.find((line, at) => line !== wanted[at])).toBeUndefined();
  });

  it('are imported again without a difference', async () => {
    const other = await openTemporaryStorage(IMPORT_STORAGE_OPTIONS);
    try {
      await importPrometheus({ storage: other.storage, directory });
      const got = await storedBits(other.storage);
      const wanted = await storedBits(stored.storage);
      expect(got.length).toBe(wanted.length);
      expect(got.find((line, at) => line !== wanted[at])).toBeUndefined();
    } finally {
      await other.remove();
    }
  });

  it('Prometheus opens them and reads every sample bit for bit', async () => {
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    const config = join(folder, 'prometheus.yml');
    await writeFile(config, 'scrape_configs: []\n');
    prometheus = await startProcess({
      command: 'prometheus',
      args: [
        `--config.file=${config}`,
        `--storage.tsdb.path=${directory}`,
        '--storage.tsdb.retention.time=10y',
        '--web.enable-admin-api',
        `--web.listen-address=127.0.0.1:${port}`,
      ],
      ready: { url: `${url}/-/ready` },
    });
    // Its protobuf leaves out a value that equals 0, also -0, which the dump has shown.
    const wanted = (await storedBits(stored.storage)).map((line) =>
      line.replace(/ 8(0{15})$/, ' 0$1'),
    );
    const got = await readSampleBits(url, ALWAYS);
    expect(got.length).toBe(wanted.length);
    expect(got.find((line, at) => line !== wanted[at])).toBeUndefined();
  });

  for (const query of QUERIES) {
    it(`Prometheus answers alike: ${query}`, async () => {
      const theirs = await apiGet<unknown>(url, '/api/v1/query_range', {
        query,
        start: String(RANGE.start / 1000),
        end: String(RANGE.end / 1000),
        step: String(RANGE.step / 1000),
      });
      const engine = createEngine({ queryable: stored.storage });
      const { value } = await engine.range(query, {
        startMs: RANGE.start,
        endMs: RANGE.end,
        stepMs: RANGE.step,
      });
      const ours: unknown = JSON.parse(Buffer.from(encodeQueryData(value)).toString('utf8'));
      expect(byLabels(ours)).toEqual(byLabels(theirs));
    });
  }

  it('what Prometheus has deleted is not imported, whatever else is in its folder', async () => {
    const params = new URLSearchParams([
      ['match[]', 'm_gauge{kind="k1"}'],
      ['match[]', 'm_any'],
      ['start', String((START + 2 * HOUR_MS) / 1000)],
      ['end', String((START + 3 * HOUR_MS) / 1000)],
    ]);
    const path = `${url}/api/v1/admin/tsdb/delete_series?${params.toString()}`;
    expect((await fetch(path, { method: 'POST' })).status).toBe(204);
    await prometheus.stop();
    const dump = await run('promtool', ['tsdb', 'dump', directory], { maxBuffer: 64 * 1024 ** 2 });
    const wanted = dump.stdout.trimEnd().split('\n');
    const other = await openTemporaryStorage(IMPORT_STORAGE_OPTIONS);
    try {
      const { storage } = other;
      const { deletedSampleCount, wals } = await importPrometheus({ storage, directory });
      const got = await promtoolDump(storage);
      expect(deletedSampleCount).toBeGreaterThan(1000);
      expect(wals.length).toBe(1);
      expect(got.length).toBe(wanted.length);
      expect(got.find((line, at) => line !== wanted[at])).toBeUndefined();
    } finally {
      await other.remove();
    }
  });
});

interface MatrixData {
  readonly result: readonly { readonly metric: Readonly<Record<string, string>> }[];
}

/** Series by their labels, numbers with the digits that both programs agree on. */
function byLabels(data: unknown): Map<string, unknown> {
  const { result } = data as MatrixData;
  expect(result.length).toBeGreaterThan(0);
  return new Map(
    result.map((series) => {
      const labels = Object.entries(series.metric).sort(([a], [b]) => (a < b ? -1 : 1));
      const numbers = JSON.stringify(series, (key, value: unknown) =>
        key === 'metric' ? undefined : typeof value === 'string' ? rounded(value) : value,
      );
      return [JSON.stringify(labels), JSON.parse(numbers)];
    }),
  );
}

function rounded(text: string): string {
  const value = Number(text);
  return Number.isFinite(value) ? String(Number(value.toPrecision(9))) : text;
}
