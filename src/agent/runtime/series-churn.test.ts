import { expect, test } from 'vitest';
import { sampledGroup, startRuntime } from '../../../test/support/agent-runtime.ts';
import { MemoryFileSystem } from '../../../test/support/memory-file-system.ts';
import { decodeSchema } from '../../formats/tide/index.ts';
import { Labels } from '../../model/index.ts';
import { FakeClock } from '../../util/index.ts';
import { AgentRing, DEFAULT_RING_OPTIONS } from '../ring/agent-ring.ts';
import type { GroupSource, SeriesNamer } from '../sampling/group-source.ts';

const START_MS = 1_700_000_000_000;
const INTERVAL_MS = 10_000;
/** So long a generation lives. */
const GENERATION_MS = 60_000;
const STEADY = 20;
const CHANGING = 80;

/** Some series that stay, and many that are replaced by others every minute, as of containers. */
class ChurningSource implements GroupSource {
  readonly name = 'churning';
  readonly marksEnds = false;
  readonly #namer: SeriesNamer;

  constructor(namer: SeriesNamer) {
    this.#namer = namer;
  }

  read(timestamp: number, { columns }: Parameters<GroupSource['read']>[1]): Promise<void> {
    const generation = Math.floor(timestamp / GENERATION_MS);
    for (let at = 0; at < STEADY + CHANGING; at++) {
      const container = at < STEADY ? `steady-${at}` : `${generation}-${at}`;
      const labels = Labels.fromPairs(['__name__', 'memory_bytes', 'container', container]);
      const id = this.#namer.id(labels, () => ({
        ...{ family: 'memory_bytes', type: 'gauge', unit: '', help: 'Of a container.' },
        priority: 'B',
      }));
      columns.pushValue(id, timestamp, at);
    }
    return Promise.resolve();
  }
}

async function setUp(files?: MemoryFileSystem) {
  return startRuntime({
    clock: new FakeClock(START_MS),
    ring: { memoryBytes: 20_000, diskBytes: 40_000, segmentBytes: 10_000 },
    ...(files === undefined ? {} : { disk: { fileSystem: files, directory: 'ring' } }),
    changes: {
      groups: [sampledGroup((namer) => new ChurningSource(namer), { intervalMs: INTERVAL_MS })],
    },
  });
}

test('what the agent holds does not grow with the generations of its series', async () => {
  const { clock, runtime } = await setUp();
  const most = { series: 0, sampledSeries: 0, schemaBytes: 0, indexEntries: 0 };
  const names = Object.keys(most) as (keyof typeof most)[];
  const seen: (typeof most)[] = [];
  for (let generation = 0; generation < 130; generation++) {
    await clock.advance(GENERATION_MS);
    const status = runtime.status();
    seen.push({ ...most, ...Object.fromEntries(names.map((name) => [name, status[name]])) });
  }
  const mostOf = (from: number, to: number, name: keyof typeof most): number =>
    Math.max(...seen.slice(from, to).map((one) => one[name]));
  for (const name of names) {
    const early = mostOf(90, 110, name);
    expect(early, name).toBeGreaterThan(0);
    expect(mostOf(110, 130, name), name).toBeLessThanOrEqual(early * 1.15);
  }
  // Each generation was sampled: it is not that nothing came.
  expect(runtime.status().totals.present).toBeGreaterThan(130 * CHANGING * 4);
});

test('a collector that knows nothing can read all that is held, after any number of them', async () => {
  const { clock, collector, ring } = await setUp(new MemoryFileSystem());
  await clock.advance(50 * GENERATION_MS);
  const versions = ring
    .schemas(START_MS)
    .map(({ payload, codec }) => decodeSchema(payload, codec))
    .map(({ version, after }) => ({ version, after: after ?? version - 1 }));
  expect(versions.length).toBeLessThan(45);
  expect(versions[0]?.after).toBe(0);
  for (const [index, { after }] of versions.entries()) {
    expect(after).toBe(versions[index - 1]?.version ?? 0);
  }
  // As one that lost its disk: what comes from now on can be read, by its schemas alone.
  collector.series.clear();
  collector.drop();
  collector.welcome = { schemaVersion: 0 };
  await clock.advance(GENERATION_MS / 2);
  const oldest = ring.extents().find(({ stream }) => stream === 1);
  expect(oldest?.firstRetained).toBeGreaterThan(1);
  const from = collector.batches.length;
  collector.send({
    ...{ type: 'PULL_RANGE', requestId: 1, epoch: START_MS, stream: 1, budgetBytes: 1e7 },
    ...{ ranges: [{ from: 1, to: oldest?.lastSeq ?? 0 }], timeoutMs: 60_000 },
  });
  await clock.advance(5000);
  const repaired = collector.batches.slice(from).filter(({ isRepair }) => isRepair);
  expect(repaired.length).toBeGreaterThan(10);
  for (const { samples } of repaired) {
    for (const { series } of samples) expect(series).toMatch(/^memory_bytes/);
  }
});

test('the schemas on disk are those that are held, also for the next run', async () => {
  const files = new MemoryFileSystem();
  const { clock, ring } = await setUp(files);
  await clock.advance(50 * GENERATION_MS);
  const held = ring.schemas(START_MS);
  const names = files.paths().filter((path) => path.includes('schema'));
  expect(names).toEqual([`ring/${START_MS}.schema`]);
  const next = await AgentRing.open(
    { ...DEFAULT_RING_OPTIONS, epoch: START_MS + 1e9 },
    { fileSystem: files, directory: 'ring' },
  );
  // The newest may wait for the disk.
  const kept = next.schemas(START_MS).map(({ seq }) => seq);
  expect(kept.length).toBeGreaterThan(3);
  expect(held.map(({ seq }) => seq).slice(0, kept.length)).toEqual(kept);
});
