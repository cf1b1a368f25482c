import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Labels } from '../src/model/index.ts';
import { createEngine, encodeQueryData, type Engine } from '../src/query/index.ts';
import type { Storage } from '../src/storage/api.ts';
import { connectReader, openStorage } from '../src/storage/index.ts';
import { Load } from './load/load.ts';
import { queryTimes } from './query-answer.ts';
import type { BenchQuery } from './query-list.ts';
import { QUERIES } from './query-list.ts';
import { quantile } from './support/statistics.ts';

export const ENGINE_USAGE = `npm run bench -- engine [--series N] [--minutes N] [--runs N] [--only WORD]

  engine         the queries of \`query\` as a worker evaluates them, without server and pool: least
                 and median CPU milliseconds from text to JSON

  --series N     series (default 50000)
  --minutes N    of data, a sample each 15 s (default 30)
  --runs N       times each query is evaluated (default 20)
  --only WORD    queries whose title has it`;

const OPTIONS = {
  series: { type: 'string', default: '50000' },
  minutes: { type: 'string', default: '30' },
  runs: { type: 'string', default: '20' },
  only: { type: 'string', default: '' },
} as const;

const TICK_MS = 15_000;
const WARM_UP = 10;

/** Evaluates the queries in this process and prints a table; the exit status. */
export async function runEngineBench(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...args], options: OPTIONS });
  const ticks = Number(values.minutes) * 4;
  const folder = await mkdtemp(join(tmpdir(), 'bench-engine-'));
  const storage = await openStorage({ data_dir: folder, fsync: 'none' });
  try {
    const lastMs = Math.floor(Date.now() / 1000) * 1000 - TICK_MS;
    const times = { firstMs: lastMs - (ticks - 1) * TICK_MS, lastMs };
    await fill(storage, Number(values.series), ticks, times.firstMs);
    const { message } = storage.workerHandle();
    const engine = createEngine({ queryable: connectReader(message) });
    console.log(`${''.padEnd(36)}   least  median CPU ms`);
    for (const query of QUERIES.filter(({ title }) => title.includes(values.only))) {
      if (query.kind !== 'instant' && query.kind !== 'range') continue;
      const costs = await measure(engine, query, times, Number(values.runs));
      const [least, median] = [quantile(costs, 0), quantile(costs, 0.5)];
      console.log(
        `${query.title.padEnd(36)}${least.toFixed(2).padStart(8)}${median.toFixed(2).padStart(8)}`,
      );
    }
    return 0;
  } finally {
    await storage.close();
    await rm(folder, { recursive: true });
  }
}

async function fill(
  storage: Storage,
  seriesCount: number,
  ticks: number,
  firstMs: number,
): Promise<void> {
  const load = new Load(seriesCount);
  let refs: readonly number[] = [];
  for (let tick = 0; tick < ticks; tick++) {
    if (tick > 0) load.tick();
    const appender = storage.appender();
    if (tick === 0) {
      refs = load.series.map(({ labelPairs }) => appender.series(Labels.fromPairs(labelPairs)));
    }
    for (const [index, ref] of refs.entries()) {
      appender.samples.push(ref, firstMs + tick * TICK_MS, load.values[index] ?? 0);
    }
    await appender.commit();
  }
}

async function measure(
  engine: Engine,
  query: Extract<BenchQuery, { kind: 'instant' | 'range' }>,
  times: { readonly firstMs: number; readonly lastMs: number },
  runs: number,
): Promise<number[]> {
  const over = queryTimes(query, times);
  const costs: number[] = [];
  for (let run = -WARM_UP; run < runs; run++) {
    const before = process.cpuUsage();
    const { value } =
      query.kind === 'instant'
        ? await engine.instant(query.query, { timeMs: over.endMs })
        : await engine.range(query.query, over);
    encodeQueryData(value);
    const { user, system } = process.cpuUsage(before);
    if (run >= 0) costs.push((user + system) / 1000);
  }
  return costs;
}
