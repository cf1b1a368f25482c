import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type FloatHistogram, Labels, parseFloatText } from '../../../src/model/index.ts';
import type { Storage } from '../../../src/storage/api.ts';
import { type PushServer, startPushServer } from '../../support/push-server.ts';
import { showNumber, type StoredSeries, storedData } from '../../support/stored-data.ts';
import { openTemporaryStorage, type TemporaryStorage } from '../../support/temporary-storage.ts';
import {
  type ConformanceArea,
  type ConformanceCase,
  ConformanceFailure,
  checkSame,
} from '../area.ts';

const WRITE_PATH = '/api/v1/write';
const HOUR_MS = 3_600_000;

/** Remote write 1.0: bodies of real senders, and a sequence that Prometheus's receiver answered. */
export const area: ConformanceArea = {
  name: 'remote-write',
  notes: 'of v2-synthetic only what a receiver of 1.0 must refuse; telegraf-json is not looked at',
  async cases(root) {
    const folder = join(root, 'remote-write');
    return [
      ...(await senderCases(folder, 'v1-prometheus-sender')),
      ...(await senderCases(folder, 'v1-npm-client')),
      ...(await receiverCases(folder)),
      ...(await versionTwoCases(folder)),
    ];
  },
};

interface Pair {
  readonly name: string;
  readonly value?: string;
}

/** 64-bit integers are strings; what is missing is 0. */
interface DecodedHistogram {
  readonly count_int?: string;
  readonly count_float?: number;
  readonly sum?: number;
  readonly schema?: number;
  readonly zero_threshold?: number;
  readonly zero_count_int?: string;
  readonly zero_count_float?: number;
  readonly negative_spans?: readonly { offset?: number; length?: number }[];
  readonly negative_deltas?: readonly string[];
  readonly positive_spans?: readonly { offset?: number; length?: number }[];
  readonly positive_deltas?: readonly string[];
  readonly reset_hint?: string;
  readonly timestamp: string;
}

interface Message {
  readonly timeseries?: readonly {
    readonly labels: readonly Pair[];
    readonly samples?: readonly { value?: number | string; timestamp: number | string }[];
    readonly histograms?: readonly DecodedHistogram[];
    readonly exemplars?: readonly { labels: readonly Pair[]; value?: number; timestamp: string }[];
  }[];
  readonly metadata?: readonly {
    type?: string;
    metric_family_name: string;
    help?: string;
    unit?: string;
  }[];
}

interface Meta {
  readonly order?: number;
  readonly what?: string;
  readonly request: {
    readonly headers: Readonly<Record<string, string>>;
    readonly decoded?: Message | string;
  };
  readonly decoded?: Message;
  readonly response?: { readonly status: number };
}

interface Exchange {
  readonly file: string;
  readonly meta: Meta;
  readonly body: Buffer;
}

async function exchangesOf(root: string, folder: string): Promise<Exchange[]> {
  const names = (await readdir(join(root, folder))).filter((name) => name.endsWith('.bin')).sort();
  return Promise.all(
    names.map(async (name) => {
      const path = join(root, folder, name);
      const meta = JSON.parse(await readFile(path.replace('.bin', '.meta.json'), 'utf8')) as Meta;
      return { file: `${folder}/${name}`, meta, body: await readFile(path) };
    }),
  );
}

/** Storage and server of one case or sequence. Times of capture are not held against the clock. */
class Receiver {
  #store: TemporaryStorage | undefined;
  #server: PushServer | undefined;
  readonly #outOfOrderWindowMs: number;

  constructor(outOfOrderWindowMs: number) {
    this.#outOfOrderWindowMs = outOfOrderWindowMs;
  }

  async open(): Promise<{ storage: Storage; server: PushServer }> {
    this.#store ??= await openTemporaryStorage({
      out_of_order_window_ms: this.#outOfOrderWindowMs,
      max_future_ms: Number.MAX_SAFE_INTEGER,
      retention_ms: 0,
    });
    const { storage } = this.#store;
    this.#server ??= await startPushServer({ storage });
    return { storage, server: this.#server };
  }

  async close(): Promise<void> {
    await this.#server?.close();
    await this.#store?.remove();
    this.#server = undefined;
    this.#store = undefined;
  }

  async send({ meta, body }: Exchange): Promise<{ status: number; body: string }> {
    const { server } = await this.open();
    const skipped = new Set(['host', 'connection', 'content-length']);
    const headers = Object.entries(meta.request.headers).filter(
      ([name]) => !skipped.has(name.toLowerCase()),
    );
    return server.send('POST', WRITE_PATH, body, Object.fromEntries(headers));
  }
}

/** Each body alone: accepted, and everything in it found in the storage. */
async function senderCases(root: string, folder: string): Promise<ConformanceCase[]> {
  return (await exchangesOf(root, folder)).map((exchange) => ({
    file: exchange.file,
    name: 'is stored as it decodes',
    run: async () => {
      const receiver = new Receiver(HOUR_MS);
      try {
        checkSame(answerText(await receiver.send(exchange)), '204 ');
        const { storage } = await receiver.open();
        await checkStored(storage, exchange.meta.decoded ?? {});
        // A sender that got no answer sends again: nothing changes, and it is told so.
        checkSame(answerText(await receiver.send(exchange)), '204 ');
        await checkStored(storage, exchange.meta.decoded ?? {});
      } finally {
        await receiver.close();
      }
    },
  }));
}

function answerText({ status, body }: { status: number; body: string }): string {
  return `${status} ${body}`;
}

async function checkStored(storage: Storage, message: Message): Promise<void> {
  const stored = await storedData(storage);
  let samples = 0;
  for (const series of message.timeseries ?? []) {
    const labels = labelsOf(series.labels);
    const name = labels.toString();
    const found = stored.get(name);
    for (const { value, timestamp } of series.samples ?? []) {
      samples++;
      const wanted = valueText(value ?? 0);
      const at = found?.timestamps.indexOf(Number(timestamp)) ?? -1;
      checkSame(`${name} ${timestamp}: ${found?.values[at]}`, `${name} ${timestamp}: ${wanted}`);
    }
    for (const histogram of series.histograms ?? []) {
      samples++;
      checkHistogram(labels, histogram, found);
    }
    for (const exemplar of series.exemplars ?? []) checkExemplar(storage, labels, exemplar);
  }
  let kept = 0;
  for (const { timestamps, histograms } of stored.values()) {
    kept += timestamps.length + histograms.size;
  }
  checkSame(`${kept} samples`, `${samples} samples`);
  for (const { metric_family_name: family, type, help, unit } of message.metadata ?? []) {
    const wanted = { type: (type ?? 'UNKNOWN').toLowerCase(), help: help ?? '', unit: unit ?? '' };
    const got = storage.metadata().get(family);
    checkSame(`${family} ${JSON.stringify(got)}`, `${family} ${JSON.stringify(wanted)}`);
  }
}

function labelsOf(pairs: readonly Pair[]): Labels {
  return Labels.fromEntries(pairs.map(({ name, value }) => [name, value ?? ''] as const));
}

function valueText(value: number | string): string {
  if (value === 'NaN (stale marker)') return 'stale';
  return showNumber(typeof value === 'number' ? value : (parseFloatText(value) ?? NaN));
}

function checkHistogram(
  labels: Labels,
  histogram: DecodedHistogram,
  found: StoredSeries | undefined,
): void {
  const spans = (list: DecodedHistogram['positive_spans']) =>
    (list ?? []).map(({ offset, length }) => ({ offset: offset ?? 0, length: length ?? 0 }));
  const wanted: Omit<FloatHistogram, 'counterReset'> = {
    schema: histogram.schema ?? 0,
    zeroThreshold: histogram.zero_threshold ?? 0,
    zeroCount: Number(histogram.zero_count_int ?? histogram.zero_count_float ?? 0),
    count: Number(histogram.count_int ?? histogram.count_float ?? 0),
    sum: histogram.sum ?? 0,
    positiveSpans: spans(histogram.positive_spans),
    positiveBuckets: runningSums(histogram.positive_deltas),
    negativeSpans: spans(histogram.negative_spans),
    negativeBuckets: runningSums(histogram.negative_deltas),
    customValues: [],
  };
  const got = found?.histograms.get(Number(histogram.timestamp));
  const place = `${labels.toString()} ${histogram.timestamp}`;
  const shown = got === undefined ? 'none' : JSON.stringify(pick(got, wanted));
  checkSame(`${place}: ${shown}`, `${place}: ${JSON.stringify(wanted)}`);
  const hint = histogram.reset_hint === 'GAUGE' ? 'gauge' : 'unknown';
  if (histogram.reset_hint === 'GAUGE')
    checkSame(`${place}: ${got?.counterReset}`, `${place}: ${hint}`);
}

/** The same keys in the same order. */
function pick(histogram: FloatHistogram, like: object): object {
  return Object.fromEntries(
    Object.keys(like).map((key) => [key, histogram[key as keyof FloatHistogram]]),
  );
}

function runningSums(deltas: readonly string[] | undefined): number[] {
  let sum = 0;
  return (deltas ?? []).map((delta) => (sum += Number(delta)));
}

function checkExemplar(
  storage: Storage,
  labels: Labels,
  wanted: { labels: readonly Pair[]; value?: number; timestamp: string },
): void {
  const range = { minTime: Number(wanted.timestamp), maxTime: Number(wanted.timestamp) };
  const found = storage
    .exemplars([[]], range)
    .filter((series) => series.labels.equals(labels))
    .flatMap((series) => series.exemplars)
    .map((exemplar) => JSON.stringify([exemplar.labelPairs, exemplar.value]));
  const pairs = wanted.labels.flatMap(({ name, value }) => [name, value ?? '']);
  const text = JSON.stringify([pairs, wanted.value ?? 0]);
  if (!found.includes(text))
    throw new ConformanceFailure(`${labels.toString()} ${text}`, found.join());
}

/**
 * Answers that differ from Prometheus 2.42's on purpose: as 3.x does, label sets that are invalid
 * or have no name are refused, and with 400.
 */
const OTHER_STATUS: Readonly<Record<string, number>> = {
  '06-no-name': 400,
  '07-no-labels': 400,
  '08-empty-label-name': 400,
  '10-duplicate-label': 400,
};

/** One sequence over one storage; after each request, what it was to leave is there. */
async function receiverCases(root: string): Promise<ConformanceCase[]> {
  const exchanges = await exchangesOf(root, 'v1-prometheus-receiver');
  exchanges.sort((a, b) => (a.meta.order ?? 0) - (b.meta.order ?? 0));
  const receiver = new Receiver(0);
  // In the order of the sequence, so one file to the runner.
  const file = 'v1-prometheus-receiver';
  const expected = new Map<string, Map<number, string>>();
  const cases = exchanges.map((exchange) => ({
    file,
    name: exchange.file.slice(file.length + 1, -'.bin'.length),
    run: () => checkReceived(receiver, exchange, expected),
  }));
  return [...cases, { file, name: 'the receiver closes', run: () => receiver.close() }];
}

async function checkReceived(
  receiver: Receiver,
  exchange: Exchange,
  expected: Map<string, Map<number, string>>,
): Promise<void> {
  const name = exchange.file.replace(/^.*\/|\.bin$/g, '');
  const status = OTHER_STATUS[name] ?? exchange.meta.response?.status;
  const answer = await receiver.send(exchange);
  if (answer.status !== status) throw new ConformanceFailure(`${status}`, answerText(answer));
  if (status === 400 && answer.body.length < 10) {
    throw new ConformanceFailure('a reason in words', answerText(answer));
  }
  const { decoded } = exchange.meta.request;
  if (typeof decoded === 'object') expectStored(decoded, expected);
  const { storage } = await receiver.open();
  const shown = (series: string, samples: Iterable<readonly [number, string]>): string =>
    `${series} ${JSON.stringify([...samples].sort((a, b) => a[0] - b[0]))}`;
  const wanted = [...expected].map(([series, samples]) => shown(series, samples));
  const got = [...(await storedData(storage))].map(([series, { timestamps, values }]) =>
    shown(
      series,
      timestamps.map((time, at) => [time, values[at] ?? ''] as const),
    ),
  );
  checkSame(got.sort().join('\n'), wanted.sort().join('\n'));
}

/** Adds what a receiver without an out-of-order window keeps of a message. */
function expectStored(message: Message, expected: Map<string, Map<number, string>>): void {
  for (const { labels, samples } of message.timeseries ?? []) {
    const names = labels.map(({ name }) => name);
    if (!names.includes('__name__') || new Set(names).size < names.length) continue;
    const series = labelsOf(labels).toString();
    const kept = expected.get(series) ?? new Map<number, string>();
    expected.set(series, kept);
    for (const { timestamp, value } of samples ?? []) {
      const time = Number(timestamp);
      if (time > Math.max(0, ...kept.keys())) kept.set(time, valueText(value ?? 0));
    }
  }
}

/** What a receiver of 1.0 alone must refuse of 2.0, and the message it must not misread. */
async function versionTwoCases(root: string): Promise<ConformanceCase[]> {
  const exchanges = await exchangesOf(root, 'v2-synthetic');
  return exchanges.map((exchange) => {
    const isOther = /write\.v2|json/.test(exchange.meta.request.headers['Content-Type'] ?? '');
    return {
      file: exchange.file,
      name: isOther ? 'another content type is refused' : 'is not taken for 1.0',
      run: () => checkVersionTwo(exchange, isOther),
    };
  });
}

async function checkVersionTwo(exchange: Exchange, isOther: boolean): Promise<void> {
  const receiver = new Receiver(HOUR_MS);
  try {
    const answer = await receiver.send(exchange);
    if (isOther && answer.status !== 415) {
      throw new ConformanceFailure('415', answerText(answer));
    }
    const { storage } = await receiver.open();
    checkSame(`${(await storedData(storage)).size} series`, '0 series');
  } finally {
    await receiver.close();
  }
}
