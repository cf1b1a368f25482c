import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  PullManager,
  resolveScrapeConfigs,
  scrapeConfigSchema,
  silentPullMetrics,
} from '../../../src/ingest/index.ts';
import { Labels, type MetricType } from '../../../src/model/index.ts';
import { SourceRegistry } from '../../../src/sources/index.ts';
import type { Appender, Storage } from '../../../src/storage/api.ts';
import { silentLogger } from '../../../src/telemetry/index.ts';
import { FakeClock } from '../../../src/util/index.ts';
import { createTestApi, type TestApi } from '../../support/api-app.ts';
import { fixedOpenStorage, loadDump } from '../../support/captured-data.ts';
import {
  histogramFromJson,
  type JsonHistogram,
  scaleHistogram,
} from '../../support/json-histogram.ts';
import { type ConformanceCase, ConformanceFailure } from '../area.ts';
import { describeDifference } from './difference.ts';
import { shapeFault } from './shape.ts';

/** An answer of a server that was scraping: most of its values belong to that day. */
interface LiveAnswer {
  readonly captured_at: number;
  readonly target: string;
  readonly status: number;
  readonly content_type: string;
  readonly body: unknown;
}

/** The float samples of that server, as a dump. */
const DUMP = 'tsdb-blocks/own-live-native/dump.txt.gz';

/** Compared as they are: what they say is in the data that is loaded, or in no data at all. */
const EXACT = new Set([
  'alerts-for-state.json',
  'alerts-series.json',
  'exemplars.json',
  'format-query.json',
  'metadata-metric.json',
  'native-instant.json',
  'rules-bad.json',
  'staleness.json',
]);

/** Fields that are new since 2.42. */
const NEWER = new Set(['droppedTargetCounts']);

/** The cases of `live/`. They share one store, which is filled before the first is given out. */
export async function liveCases(root: string): Promise<ConformanceCase[]> {
  const folder = join(root, 'http-api/live');
  const names = (await readdir(folder)).filter((name) => name.endsWith('.json')).sort();
  const answers = new Map<string, LiveAnswer>();
  for (const name of names) {
    answers.set(name, JSON.parse(await readFile(join(folder, name), 'utf8')) as LiveAnswer);
  }
  let api: Promise<TestApi> | undefined;
  return names.map((name) => ({
    file: `live/${name}`,
    name: new URL(answers.get(name)?.target ?? '', 'http://x').pathname,
    async run() {
      api ??= openLive(answers, join(root, DUMP));
      check(name, answers.get(name), await askFor(answers.get(name)?.target ?? '', await api));
    },
  }));
}

interface Got {
  readonly status: number;
  readonly type: string | null;
  readonly body: unknown;
}

async function askFor(target: string, api: TestApi): Promise<Got> {
  const response = await api.fetch(target);
  const type = response.headers.get('Content-Type');
  const text = await response.text();
  const body = type === 'application/json' ? (JSON.parse(text) as unknown) : text;
  return { status: response.status, type, body };
}

function check(name: string, wanted: LiveAnswer | undefined, got: Got): void {
  if (wanted === undefined) throw new Error(`no such case: ${name}`);
  const fault =
    describeDifference(got.status, wanted.status, 'status') ??
    describeDifference(got.type, wanted.content_type, 'content type') ??
    (EXACT.has(name)
      ? describeDifference(got.body, wanted.body, 'body')
      : shapeFault(got.body, wanted.body, 'body', NEWER));
  if (fault === undefined) return;
  throw new ConformanceFailure(`${JSON.stringify(wanted.body)} (${fault})`, JSON.stringify(got));
}

async function openLive(answers: ReadonlyMap<string, LiveAnswer>, dump: string): Promise<TestApi> {
  const { storage } = await fixedOpenStorage();
  await loadDump(storage, dump);
  const appender = storage.appender();
  addExemplars(appender, answers.get('exemplars.json'));
  addHistograms(appender, answers.get('native-instant.json'));
  addMetadata(appender, answers.get('metadata-metric.json'));
  await appender.commit();
  const clock = new FakeClock(Math.round((answers.get('up.json')?.captured_at ?? 0) * 1000));
  const pull = pullOf(storage, clock);
  return createTestApi({
    storage,
    clock,
    targets: pull.targets(),
    scrapePools: pull.scrapePools(),
    targetMetadata: pull.targetMetadata(),
  });
}

/** Two targets, one of them dropped, neither scraped yet. */
function pullOf(storage: Storage, clock: FakeClock): PullManager {
  const pull = new PullManager({
    clock,
    storage,
    sources: new SourceRegistry({ clock }),
    logger: silentLogger,
    metrics: silentPullMetrics(),
    version: '0.0.0-test',
  });
  const config = scrapeConfigSchema.parse({
    job_name: 'node',
    static_configs: [{ targets: ['127.0.0.1:19100', '127.0.0.1:19999'] }],
    relabel_configs: [{ source_labels: ['__address__'], regex: '.*:19999', action: 'drop' }],
  });
  const { configs } = resolveScrapeConfigs({}, [config], '/');
  pull.apply(configs);
  return pull;
}

function dataOf(answer: LiveAnswer | undefined): unknown {
  const { data } = (answer?.body ?? {}) as { data?: unknown };
  return data;
}

interface JsonExemplars {
  readonly seriesLabels: Readonly<Record<string, string>>;
  readonly exemplars: readonly {
    readonly labels: Readonly<Record<string, string>>;
    readonly value: string;
    readonly timestamp: number;
  }[];
}

function addExemplars(appender: Appender, answer: LiveAnswer | undefined): void {
  for (const { seriesLabels, exemplars } of dataOf(answer) as readonly JsonExemplars[]) {
    const ref = appender.series(Labels.fromObject(seriesLabels));
    for (const { labels, value, timestamp } of exemplars) {
      appender.addExemplar(ref, {
        labelPairs: Labels.fromObject(labels).pairs,
        value: Number(value),
        timestamp: Math.round(timestamp * 1000),
      });
    }
  }
}

interface JsonHistograms {
  readonly result: readonly {
    readonly metric: Readonly<Record<string, string>>;
    readonly histogram: readonly [number, JsonHistogram];
  }[];
}

const SCRAPE_MS = 2_000;
const SCRAPES = 60;

/** Histograms that grow to what the answer shows. */
function addHistograms(appender: Appender, answer: LiveAnswer | undefined): void {
  for (const { metric, histogram } of (dataOf(answer) as JsonHistograms).result) {
    const ref = appender.series(Labels.fromObject(metric));
    const last = histogramFromJson(histogram[1]);
    const lastTime = Math.round(histogram[0] * 1000);
    for (let scrape = 1; scrape <= SCRAPES; scrape++) {
      const time = lastTime - (SCRAPES - scrape) * SCRAPE_MS;
      appender.addHistogram(ref, time, scaleHistogram(last, scrape / SCRAPES));
    }
  }
}

interface JsonMetadata {
  readonly type: MetricType;
  readonly help: string;
  readonly unit: string;
}

function addMetadata(appender: Appender, answer: LiveAnswer | undefined): void {
  const families = dataOf(answer) as Readonly<Record<string, readonly JsonMetadata[]>>;
  for (const [family, [metadata]] of Object.entries(families)) {
    if (metadata !== undefined) appender.setMetadata(family, metadata);
  }
}
