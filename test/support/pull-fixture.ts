import { expect } from 'vitest';
import type { ScrapeRequest, TransportFactory } from '../../src/ingest/pull/http/transport.ts';
import { type PullMetrics, silentPullMetrics } from '../../src/ingest/pull/metrics.ts';
import { resolveScrapeConfigs, scrapeConfigSchema } from '../../src/ingest/pull/options.ts';
import { PullManager } from '../../src/ingest/pull/pull-manager.ts';
import type { ActiveTarget } from '../../src/ingest/pull/pool/target-status.ts';
import type { SourceContact, SourceDescription } from '../../src/sources/index.ts';
import { type LogFields, silentLogger } from '../../src/telemetry/index.ts';
import { FakeClock } from '../../src/util/index.ts';
import { FakeStorage } from './fake-storage.ts';

/** Answers nothing until the scrape is given up. */
export const HANG = { hang: true } as const;

/** What a target answers: a body, or what to do. */
export type Answer =
  | string
  | { readonly body: string | Buffer; readonly contentType: string }
  | { readonly error: Error }
  | typeof HANG;

export const TEXT = 'text/plain; version=0.0.4';
export const OPENMETRICS = 'application/openmetrics-text; version=1.0.0';

export const INTERVAL_MS = 10_000;

export interface PullFixture {
  readonly storage: FakeStorage;
  readonly manager: PullManager;
  readonly clock: FakeClock;
  readonly requests: ScrapeRequest[];
  readonly contacts: [string, SourceContact][];
  readonly expected: SourceDescription[];
  readonly ended: string[];
  readonly removed: string[];
  readonly counts: Record<string, number>;
  readonly logs: LogFields[];
  /** What targets answer from now on, by host; `*` for the others. */
  readonly answers: Map<string, Answer>;
  readonly apply: (...configs: object[]) => void;
  /** The only target. */
  readonly target: () => ActiveTarget;
  /** Lets so many intervals pass. */
  readonly scrape: (times?: number) => Promise<void>;
}

/** A pull manager on a fake clock, beside targets that answer as they are told. */
export function setUp(): PullFixture {
  const storage = new FakeStorage();
  const clock = new FakeClock(1_700_000_000_000);
  const requests: ScrapeRequest[] = [];
  const contacts: [string, SourceContact][] = [];
  const expected: SourceDescription[] = [];
  const ended: string[] = [];
  const removed: string[] = [];
  const counts: Record<string, number> = {};
  const logs: LogFields[] = [];
  const answers = new Map<string, Answer>();
  const manager = new PullManager({
    clock,
    storage,
    sources: {
      expect: (source) => expected.push(source),
      contact: (id, contact) => contacts.push([id, contact]),
      end: (id) => ended.push(id),
      remove: (id) => removed.push(id),
    },
    metrics: counting(counts),
    logger: { ...silentLogger, error: (fields) => logs.push(fields) },
    version: 'test',
    transport: answering(answers, requests),
  });
  return {
    storage,
    manager,
    clock,
    requests,
    contacts,
    expected,
    ended,
    removed,
    counts,
    logs,
    answers,
    apply(...configs) {
      const parsed = configs.map((config) =>
        scrapeConfigSchema.parse({
          job_name: 'j',
          scrape_interval: '10s',
          scrape_timeout: '5s',
          static_configs: [{ targets: ['h:1'] }],
          ...config,
        }),
      );
      const { configs: resolved, issues } = resolveScrapeConfigs({}, parsed, '');
      expect(issues).toEqual([]);
      manager.apply(resolved);
    },
    target() {
      const [target] = manager.targets().activeTargets;
      if (target === undefined) throw new Error('no target');
      return target;
    },
    async scrape(times = 1) {
      for (let index = 0; index < times; index++) await clock.advance(INTERVAL_MS);
    },
  };
}

/** Gives what `answers` has for the host, and notes what was asked. */
function answering(
  answers: ReadonlyMap<string, Answer>,
  requests: ScrapeRequest[],
): TransportFactory {
  return () => ({
    async get(request, body, signal) {
      requests.push(request);
      const answer = answers.get(new URL(request.url).host) ?? answers.get('*') ?? '';
      if (typeof answer === 'object' && 'hang' in answer) {
        return new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason as Error));
        });
      }
      if (typeof answer === 'object' && 'error' in answer) throw answer.error;
      const { body: text, contentType } =
        typeof answer === 'string' ? { body: answer, contentType: TEXT } : answer;
      body.append(typeof text === 'string' ? Buffer.from(text) : text);
      return contentType;
    },
    close: async () => {},
  });
}

/** Counters that add up in `counts`, by name. */
function counting(counts: Record<string, number>): PullMetrics {
  const names = Object.keys(silentPullMetrics()) as (keyof PullMetrics)[];
  return Object.fromEntries(
    names.map((name) => [
      name,
      {
        inc: (by = 1) => (counts[name] = (counts[name] ?? 0) + by),
        observe() {},
        set() {},
      },
    ]),
  ) as unknown as PullMetrics;
}

/** Scrapes one target with these answers, one after the other. */
export async function scrapeAll(
  answers: readonly Answer[],
  config: object = {},
): Promise<PullFixture> {
  const fixture = setUp();
  fixture.apply(config);
  for (const answer of answers) {
    fixture.answers.set('*', answer);
    await fixture.scrape();
  }
  return fixture;
}

export const FAILED: Answer = { error: new Error('connection refused') };
