import { MessageChannel } from 'node:worker_threads';
import { expect, onTestFinished, test } from 'vitest';
import { MemoryQueryable } from '../../../test/support/memory-queryable.ts';
import { Labels } from '../../model/index.ts';
import type { Queryable } from '../../storage/api.ts';
import { queryOptionsSchema } from '../options.ts';
import type { PoolMessage, QueryRequest, WorkerMessage } from './protocol.ts';
import { runQueryWorker } from './serve-queries.ts';

const START = 1_700_000_000_000;

function store(): MemoryQueryable {
  const queryable = new MemoryQueryable();
  for (const job of ['a', 'b', 'c']) {
    const labels = Labels.fromObject({ __name__: 'up', job });
    queryable.add(labels, [{ timestamp: START, value: 1 }]);
  }
  return queryable;
}

interface Client {
  send(message: Omit<Extract<PoolMessage, { kind: 'run' }>, 'kind'>): void;
  cancel(id: number): void;
  next(): Promise<WorkerMessage>;
}

function startWorker(queryable: Queryable): Client {
  const { port1, port2 } = new MessageChannel();
  onTestFinished(() => port1.close());
  const received: WorkerMessage[] = [];
  const waiting: ((message: WorkerMessage) => void)[] = [];
  port1.on('message', (message: WorkerMessage) => {
    const waiter = waiting.shift();
    if (waiter === undefined) received.push(message);
    else waiter(message);
  });
  runQueryWorker(port2, { store: 'handle', options: queryOptionsSchema.parse({}) }, (message) => {
    expect(message).toBe('handle');
    return queryable;
  });
  return {
    send: (message) => port1.postMessage({ kind: 'run', ...message } satisfies PoolMessage),
    cancel: (id) => port1.postMessage({ kind: 'cancel', id } satisfies PoolMessage),
    next: () => {
      const first = received.shift();
      if (first !== undefined) return Promise.resolve(first);
      return new Promise((resolve) => waiting.push(resolve));
    },
  };
}

function runOf(id: number, request: QueryRequest, timeoutMs = 10_000) {
  return { id, request, timeoutMs, queueMs: 0, cancelFlag: new SharedArrayBuffer(4) };
}

async function ask(request: QueryRequest): Promise<unknown> {
  const client = startWorker(store());
  expect(await client.next()).toEqual({ kind: 'ready' });
  client.send(runOf(1, request));
  const message = await client.next();
  if (message.kind !== 'answer') return message;
  const { data, warnings } = message.answer;
  return { data: JSON.parse(new TextDecoder().decode(data)) as unknown, warnings };
}

const RANGE = { minTime: START - 1000, maxTime: START + 1000 };

test('queries are answered as JSON', async () => {
  expect(await ask({ kind: 'instant', query: 'sum(up)', timeMs: START })).toEqual({
    data: { resultType: 'vector', result: [{ metric: {}, value: [START / 1000, '3'] }] },
    warnings: [],
  });
  const range = { startMs: START, endMs: START + 1000, stepMs: 1000 };
  expect(await ask({ kind: 'range', query: 'up{job="a"}', ...range, limit: 5 })).toMatchObject({
    data: {
      resultType: 'matrix',
      result: [
        {
          values: [
            [START / 1000, '1'],
            [START / 1000 + 1, '1'],
          ],
        },
      ],
    },
  });
});

test('a limit cuts the answer and says so', async () => {
  const request: QueryRequest = { kind: 'instant', query: 'up', timeMs: START, limit: 2 };
  expect(await ask(request)).toMatchObject({
    data: { result: [{ metric: { job: 'a' } }, { metric: { job: 'b' } }] },
    warnings: ['results truncated due to limit'],
  });
});

test('series, label names and label values are answered', async () => {
  const series = { kind: 'series', matchers: ['up{job=~"a|b"}'], ...RANGE } as const;
  expect(await ask(series)).toEqual({
    data: [
      { __name__: 'up', job: 'a' },
      { __name__: 'up', job: 'b' },
    ],
    warnings: [],
  });
  expect(await ask({ kind: 'label_names', matchers: [], ...RANGE })).toEqual({
    data: ['__name__', 'job'],
    warnings: [],
  });
  const values = { kind: 'label_values', name: 'job', matchers: [], ...RANGE, limit: 2 } as const;
  expect(await ask(values)).toEqual({
    data: ['a', 'b'],
    warnings: ['results truncated due to limit'],
  });
});

test('a plan is explained, and analyzed with its operators measured', async () => {
  const over = { query: 'sum(up)', startMs: START, endMs: START, stepMs: 0 };
  const plan = { operator: 'aggregate', detail: 'sum', children: [{ operator: 'selector' }] };
  expect(await ask({ kind: 'explain', ...over })).toMatchObject({ data: plan });
  expect(await ask({ kind: 'analyze', ...over })).toMatchObject({
    data: {
      plan: { ...plan, measured: { series: 1, samples: 1, samplesRead: 3 } },
      stats: { samplesRead: 3, queueMs: 0 },
    },
  });
});

test('errors come back with their code', async () => {
  const failing: [string, string][] = [
    ['sum(', 'bad_query'],
    ['up + on() up', 'execution'],
  ];
  for (const [query, failure] of failing) {
    expect(await ask({ kind: 'instant', query, timeMs: START })).toMatchObject({
      kind: 'failure',
      failure: { failure },
    });
  }
});

test('an answer holds ten annotations of a level at most', async () => {
  const queryable = new MemoryQueryable();
  const names = Array.from({ length: 12 }, (_, index) => `gauge_${index}`);
  for (const name of names) {
    const samples = [0, 1000].map((age) => ({ timestamp: START - 1000 + age, value: age }));
    queryable.add(Labels.fromObject({ __name__: name }), samples);
  }
  const client = startWorker(queryable);
  await client.next();
  const query = names.map((name) => `rate(${name}[1m])`).join(' + ');
  client.send(runOf(1, { kind: 'instant', query, timeMs: START }));
  const message = await client.next();
  if (message.kind !== 'answer') throw new Error('no answer');
  expect(message.answer.infos).toHaveLength(11);
  expect(message.answer.infos.at(-1)).toBe('2 more info annotations omitted');
});

/** A store whose reads never end. */
const hanging: Queryable = {
  querier: () => ({
    select: () => new Promise(() => undefined),
    series: () => new Promise(() => undefined),
    labelNames: () => new Promise(() => undefined),
    labelValues: () => new Promise(() => undefined),
    close: () => undefined,
  }),
};

test('cancelling and the deadline end a read that is under way', async () => {
  const client = startWorker(hanging);
  await client.next();
  client.send(runOf(1, { kind: 'instant', query: 'up', timeMs: START }));
  client.cancel(1);
  expect(await client.next()).toMatchObject({ id: 1, failure: { failure: 'query_canceled' } });
  client.send(runOf(2, { kind: 'label_names', matchers: [], ...RANGE }, 5));
  expect(await client.next()).toMatchObject({ id: 2, failure: { failure: 'query_timeout' } });
});
