import assert from 'node:assert/strict';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createMatcher, Labels } from '../../src/model/index.ts';
import { checkStore, openStorage } from '../../src/storage/index.ts';
import { FakeClock } from '../../src/util/index.ts';
import { NaiveStorage } from '../contract/naive-storage.ts';
import { bitsOf, dumpStorage, pushBits } from '../contract/storage-access.ts';
import { MemoryFileSystem } from '../support/memory-file-system.ts';

const NOW = 1_700_000_000_000;
const WINDOW_MS = 60_000;
const SERIES = ['a', 'b', 'c', 'd'].map((job) => Labels.fromObject({ __name__: 'm', job }));
const SPECIAL = [
  ...[bitsOf(-0), bitsOf(Infinity), bitsOf(1 / 3), bitsOf(2 ** 60), bitsOf(5e-324)],
  ...[0x7ff0000000000002n, 0xfff8000000000123n],
];
const RUNS = Number(process.env['TIDEGAUGE_PROPERTY_RUNS'] ?? 150);

type Row = readonly [series: number, offset: number, bits: bigint];
type Step =
  | { readonly kind: 'commit'; readonly rows: readonly Row[]; readonly state: number | undefined }
  | { readonly kind: 'delete'; readonly series: number; readonly from: number };

const bitsArbitrary = fc.oneof(
  fc.constantFrom(...SPECIAL),
  fc.integer({ min: -300, max: 70_000 }).map(bitsOf),
  fc.integer({ min: -300, max: 70_000 }).map((cents) => bitsOf(cents / 100)),
  fc.double({ noNaN: true }).map(bitsOf),
);
const rowArbitrary = fc.tuple(
  fc.nat({ max: SERIES.length - 1 }),
  fc.nat({ max: 90 }),
  bitsArbitrary,
);
const stepArbitrary: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('commit' as const),
      rows: fc.array(rowArbitrary, { maxLength: 8 }),
      state: fc.option(fc.nat({ max: 255 }), { nil: undefined }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('delete' as const),
      series: fc.nat({ max: SERIES.length - 1 }),
      from: fc.nat({ max: 90 }),
    }),
  },
);

function open(files: MemoryFileSystem): ReturnType<typeof openStorage> {
  const options = { data_dir: 'data', out_of_order_window_ms: WINDOW_MS, wal_segment_bytes: 4096 };
  return openStorage(options, { files, clock: new FakeClock(NOW) });
}

const LAST = 'data/wal/00000001';

/** Contents after each step, the first one before any; and the log that they leave. */
async function write(steps: readonly Step[]): Promise<{ contents: string[][]; log: Uint8Array }> {
  const files = new MemoryFileSystem();
  const storage = await open(files);
  const model = new NaiveStorage(WINDOW_MS);
  const contents = [contentsOf(model)];
  for (const step of steps) {
    if (step.kind === 'delete') {
      const matcher = createMatcher('=', 'job', SERIES[step.series]!.get('job') ?? '');
      const minTime = NOW + step.from;
      await storage.deleteSeries([matcher], { minTime, maxTime: minTime + 20 });
      model.delete([matcher], minTime, minTime + 20);
    } else {
      const appender = storage.appender();
      for (const [series, offset, bits] of step.rows) {
        pushBits(appender, appender.series(SERIES[series]!), NOW + offset, bits);
        model.append(SERIES[series]!, NOW + offset, bits);
      }
      if (step.state !== undefined) {
        appender.putState('s', Uint8Array.of(step.state));
        model.state.set('s', String(step.state));
      }
      await appender.commit();
    }
    contents.push(contentsOf(model));
  }
  await storage.close();
  return { contents, log: files.bytes(LAST) };
}

function contentsOf(model: NaiveStorage): string[] {
  return [...model.dump(), `state ${model.state.get('s') ?? ''}`];
}

interface Opened {
  readonly contents: string[];
  readonly isReported: boolean;
}

/** Opens a store whose log has these bytes, writes to it, and opens it again. */
async function reopen(log: Uint8Array): Promise<Opened> {
  const files = new MemoryFileSystem();
  files.put(LAST, log.slice());
  const hasProblems = (await checkStore('data', {}, { files })).problems.length > 0;
  const storage = await open(files);
  const found = [...(await dumpStorage(storage)), stateOf(storage)];
  const { corruptionCount, tornBytes } = storage.recovery;
  assert.equal(hasProblems, corruptionCount + tornBytes > 0);
  const appender = storage.appender();
  pushBits(appender, appender.series(SERIES[0]!), NOW + 100, bitsOf(0.25));
  await appender.commit();
  const after = await dumpStorage(storage);
  await storage.close();
  const again = await open(files);
  assert.deepEqual(await dumpStorage(again), after);
  assert.equal(again.recovery.corruptionCount, 0);
  await again.close();
  return { contents: found, isReported: hasProblems };
}

function stateOf(storage: Awaited<ReturnType<typeof open>>): string {
  return `state ${storage.state('').get('s')?.[0] ?? ''}`;
}

const SOME: readonly Step[] = Array.from({ length: 14 }, (_, index): Step => {
  if (index === 9) return { kind: 'delete', series: 1, from: 10 };
  const rows = [0, 1, 2].map((series): Row => {
    const bits = index % 5 === 4 ? SPECIAL[(index + series) % SPECIAL.length]! : undefined;
    return [(series + (index >> 2)) % 4, index * 5, bits ?? bitsOf((index * 37 * series) / 100)];
  });
  return { kind: 'commit', rows, state: index % 3 === 0 ? index : undefined };
});

test('a log cut at any byte gives what the whole records before say', async () => {
  const { contents, log } = await write(SOME);
  let step = 0;
  for (let length = 16; length <= log.length; length++) {
    const { contents: found, isReported } = await reopen(log.subarray(0, length));
    if (JSON.stringify(found) !== JSON.stringify(contents[step])) step++;
    expect(found).toEqual(contents[step]);
    // Where nothing says that something is missing, the cut is between two records.
    if (!isReported) expect(contents).toContainEqual(found);
  }
  expect(step).toBe(SOME.length);
}, 120_000);

test('a flipped bit is reported, and no value is another one', async () => {
  const changeArbitrary = fc.tuple(fc.nat(), fc.nat({ max: 7 }));
  const property = fc.asyncProperty(
    fc.array(stepArbitrary, { minLength: 1, maxLength: 25, size: 'max' }),
    fc.array(changeArbitrary, { minLength: 1, maxLength: 2 }),
    async (steps, changes) => {
      const { contents, log } = await write(steps);
      const header = 16;
      if (log.length === header) return;
      const damaged = log.slice();
      for (const [at, bit] of changes) {
        const index = header + (at % (log.length - header));
        damaged[index] = damaged[index]! ^ (1 << bit);
      }
      const { contents: found, isReported } = await reopen(damaged);
      if (Buffer.compare(damaged, log) === 0) {
        assert.deepEqual(found, contents.at(-1));
        return;
      }
      assert.ok(isReported);
      const known = new Set(steps.flatMap(linesOf));
      for (const line of found) assert.ok(known.has(line), `${line} was never written`);
    },
  );
  await fc.assert(property, { numRuns: RUNS });
}, 120_000);

/** What a step may leave behind. */
function linesOf(step: Step): string[] {
  if (step.kind === 'delete') return ['state '];
  const lines: string[] = ['state ', `state ${step.state ?? ''}`];
  for (const [series, offset, bits] of step.rows) {
    const one = new NaiveStorage(WINDOW_MS);
    one.append(SERIES[series]!, NOW + offset, bits);
    lines.push(...one.dump());
  }
  return lines;
}
