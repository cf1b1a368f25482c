import { parseArgs } from 'node:util';
import { CRASH_CONFIG, crashRounds, tallyText } from '../test/support/crash-rounds.ts';
import { seededRandom } from '../src/util/index.ts';
import { startServer } from './support/servers.ts';

const USAGE = `npm run soak -- crash [--rounds N] [--seed N]

Remote write into the collector, which is killed with SIGKILL again and again: at any moment, while
a checkpoint is written, a block is cut, blocks are merged; in two of five rounds the last segment
of its log is then truncated or has a bit flipped. After each start everything stored is compared
with everything that was acknowledged. Exit status 1 when anything acknowledged is lost (but for
what a damaged segment held, which must be reported), or any value is wrong.

  --rounds N  default 50    --seed N  of the moments and places (default: random, printed)`;

const OPTIONS = {
  rounds: { type: 'string', default: '50' },
  seed: { type: 'string' },
  help: { type: 'boolean', default: false },
} as const;

/** `npm run soak -- crash`; the exit status. */
export async function crashCommand(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...args], options: OPTIONS });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const seed = Number(values.seed ?? Date.now() % 1_000_000_000);
  const rounds = Number(values.rounds);
  console.log(`${rounds} rounds, seed ${seed}`);
  const server = await startServer('tidegauge', { config: CRASH_CONFIG });
  try {
    const tally = await crashRounds(
      {
        url: server.queryUrl,
        dataDir: server.dataDir,
        output: () => server.output(),
        kill9: () => server.kill('SIGKILL'),
        restart: () => server.launch(),
      },
      { rounds, random: seededRandom(seed), print: console.log },
    );
    console.log(`\n${tallyText(tally)}`);
    return tally.faults.length === 0 ? 0 : 1;
  } finally {
    await server.stop();
  }
}
