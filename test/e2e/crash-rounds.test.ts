import { afterAll, beforeAll, expect, it } from 'vitest';
import { seededRandom } from '../../src/util/index.ts';
import { CRASH_CONFIG, crashRounds, tallyText } from '../support/crash-rounds.ts';
import { type Collector, startCollector } from './support/collector.ts';

/** The long run is `npm run soak -- crash`. */
const ROUNDS = Number(process.env['TIDEGAUGE_CRASH_ROUNDS'] ?? 8);
const SEED = Number(process.env['TIDEGAUGE_CRASH_SEED'] ?? Date.now() % 1_000_000);
const MS_PER_ROUND = 15_000;

let collector: Collector;

beforeAll(async () => {
  collector = await startCollector(CRASH_CONFIG);
});

afterAll(() => collector?.stop());

it(
  `loses nothing acknowledged in ${ROUNDS} crashes, seed ${SEED}`,
  async () => {
    const lines: string[] = [];
    const tally = await crashRounds(
      {
        url: collector.url,
        dataDir: collector.dataDir,
        output: () => collector.process.output(),
        kill9: () => collector.kill9(),
        restart: async () => {
          collector = await collector.restart();
        },
      },
      { rounds: ROUNDS, random: seededRandom(SEED), print: (line) => lines.push(line) },
    );
    const text = [...lines, tallyText(tally)].join('\n');
    expect(tally.faults, text).toEqual([]);
    expect(tally.lostSamples, text).toBe(0);
    // A run in which nothing was written, or which met no moment, would show nothing.
    expect(tally.acknowledgedSamples, text).toBeGreaterThan(ROUNDS * 1_000);
    expect(tally.moments.checkpoint, text).toBeGreaterThan(0);
    expect(tally.moments.cut + tally.moments.merge, text).toBeGreaterThan(0);
    expect(tally.damages.truncated + tally.damages['bit flipped'], text).toBeGreaterThan(0);
  },
  MS_PER_ROUND * ROUNDS + 60_000,
);
