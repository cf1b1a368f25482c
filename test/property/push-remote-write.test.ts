import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { Labels } from '../../src/model/index.ts';
import { MemoryStorage } from '../support/memory-storage.ts';
import { type PushServer, startPushServer } from '../support/push-server.ts';
import { snappy, type WriteRow, writeBody, writeMessage } from '../support/write-body.ts';

const WRITE = '/api/v1/write';
const START_MS = 1_700_000_000_000;

let storage: MemoryStorage;
let server: PushServer;

async function restart(): Promise<void> {
  await server.close();
  storage = new MemoryStorage();
  server = await startPushServer({ storage });
}

beforeAll(async () => {
  storage = new MemoryStorage();
  server = await startPushServer({ storage });
});
beforeEach(restart);
afterAll(() => server.close());

const labels = fc.constantFrom<Record<string, string>>(
  { __name__: 'a' },
  { __name__: 'a', x: '1' },
  { __name__: 'b' },
  { x: 'nameless' },
);

const row: fc.Arbitrary<WriteRow> = fc
  .tuple(
    labels,
    fc.array(
      fc.tuple(
        fc.integer({ min: START_MS, max: START_MS + 5 }),
        fc.constantFrom<number | 'stale'>(0, -0, 1, Infinity, 'stale'),
      ),
      { minLength: 1, maxLength: 4 },
    ),
  )
  .map(([set, samples]) => [set, ...samples]);

type Step = 'drop' | WriteRow[];

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.array(row, { minLength: 1, maxLength: 6 }) },
  { weight: 1, arbitrary: fc.constant('drop' as const) },
);

/** What a store without an out-of-order window keeps; returns the samples that it refuses. */
function keep(model: Map<string, Map<number, string>>, rows: readonly WriteRow[]): number {
  let refused = 0;
  for (const [set, ...samples] of rows) {
    const series = Labels.fromObject(set as Record<string, string>);
    const held = model.get(series.toString()) ?? new Map<number, string>();
    for (const [time, value] of samples) {
      const text = Object.is(value, -0) ? '-0' : String(value);
      if (series.metricName === '') refused++;
      else if (held.has(time)) refused += held.get(time) === text ? 0 : 1;
      else if (time < Math.max(0, ...held.keys())) refused++;
      else held.set(time, text);
    }
    if (held.size > 0) model.set(series.toString(), held);
  }
  return refused;
}

test('what is accepted is stored, what is refused is counted, repeats are success', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 8 }), async (steps) => {
      await restart();
      const model = new Map<string, Map<number, string>>();
      for (const one of steps) {
        if (one === 'drop') {
          storage.dropSeries();
          model.clear();
          continue;
        }
        const body = writeBody(one);
        const refused = keep(model, one);
        const answer = await server.send('POST', WRITE, body);
        expect(answer.status).toBe(refused === 0 ? 204 : 400);
        if (refused > 0) expect(answer.body).toMatch(new RegExp(`^${refused} of `));
        // A sender that lost the answer repeats itself; what was refused is refused again.
        keep(model, one);
        expect([204, 400]).toContain((await server.send('POST', WRITE, body)).status);
        for (const [series, held] of model) {
          const wanted = [...held].sort((a, b) => a[0] - b[0]);
          const shown = wanted.map(([time, text]) => `${time}=${text === '-0' ? '0' : text}`);
          expect(storage.samplesOf(series)).toEqual(shown);
        }
      }
    }),
    { numRuns: 60 },
  );
}, 60_000);

test('damaged bodies are answered, and nothing of one that does not decode is stored', async () => {
  const rows = fc.array(row, { minLength: 1, maxLength: 4 });
  const damage = fc.array(
    fc.tuple(fc.nat({ max: 300 }), fc.integer({ min: 0, max: 255 }), fc.boolean()),
    { minLength: 1, maxLength: 3 },
  );
  await fc.assert(
    fc.asyncProperty(rows, damage, fc.boolean(), async (clean, places, inMessage) => {
      const body = inMessage ? writeMessage(clean) : writeBody(clean);
      let damaged = Buffer.from(body);
      for (const [at, byte, cut] of places) {
        const place = at % damaged.length;
        if (cut && place > 0) damaged = damaged.subarray(0, place);
        else damaged[place] = byte;
      }
      const before = storage.sampleCount;
      const answer = await server.send('POST', WRITE, inMessage ? snappy(damaged) : damaged);
      expect([204, 400, 413]).toContain(answer.status);
      if (answer.body.includes('nothing is stored')) expect(storage.sampleCount).toBe(before);
    }),
    { numRuns: 300 },
  );
}, 60_000);
