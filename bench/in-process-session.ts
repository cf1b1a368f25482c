import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { SessionServer } from '../src/ingest/session/session-server.ts';
import { agentsOptionsSchema } from '../src/ingest/session/options.ts';
import { Labels } from '../src/model/index.ts';
import { SourceRegistry } from '../src/sources/index.ts';
import type { Storage } from '../src/storage/index.ts';
import { silentLogger } from '../src/telemetry/index.ts';
import { systemClock } from '../src/util/index.ts';
import { ScriptedAgent } from '../test/support/scripted-agent.ts';
import { cpuOf, medianOfRuns, onEmptyStore } from './support/in-process.ts';

export interface InProcessSessionOptions {
  readonly agents: number;
  readonly series: number;
  readonly ticks: number;
  readonly runs: number;
}

/** Frames that come in one turn of the event loop, as they do when agents spread over 50 ms. */
const FRAMES_PER_TURN = 20;

/**
 * CPU seconds per million samples of sessions themselves, from frame to durable commit and ACK,
 * without sockets; each agent sends a tick of all its series at a time. Making the frames is not
 * counted.
 */
export async function inProcessSession(
  options: InProcessSessionOptions,
  progress: (line: string) => void,
): Promise<number> {
  const run = (): Promise<number> => onEmptyStore((storage) => measure(storage, options));
  return medianOfRuns(options.runs, 'sessions in-process', run, progress);
}

async function measure(
  storage: Storage,
  { agents, series, ticks }: InProcessSessionOptions,
): Promise<number> {
  const sessions = new SessionServer({
    ...{ storage, clock: systemClock, logger: silentLogger, runId: 'bench' },
    sources: new SourceRegistry({ clock: systemClock, maxPushSources: 2 * agents }),
    options: agentsOptionsSchema.parse({}),
  });
  sessions.start();
  const epoch = Math.floor(Date.now() / 1000) * 1000 - (ticks + 1) * 1000;
  const fleet = Array.from({ length: agents }, (_, index) => {
    const agent = new ScriptedAgent({ agentId: `agent-${index}`, epoch, seriesCount: series });
    const connection = { address: 'bench', transport: 'websocket', send: () => true } as const;
    const rest = { close: () => {}, pause: () => {}, resume: () => {} };
    const principal = { agentId: undefined, labels: Labels.EMPTY };
    return { agent, id: sessions.attach({ ...connection, ...rest }, principal) };
  });
  const feed = async (frames: readonly Uint8Array[]): Promise<void> => {
    for (const [index, { id }] of fleet.entries()) {
      sessions.receive(id, frames[index] as Uint8Array);
      if (index % FRAMES_PER_TURN === FRAMES_PER_TURN - 1) await nextTurn();
    }
    while (sessions.inFlightBytes > 0) await sleep(1);
  };
  const firstTick = epoch / 1000;
  // What is measured are known series: these make them.
  await feed(fleet.map(({ agent }) => agent.hello()));
  await feed(fleet.map(({ agent }) => agent.schema()));
  await feed(fleet.map(({ agent }) => agent.batch(firstTick)));
  const frames = Array.from({ length: ticks }, (_, tick) =>
    fleet.map(({ agent }) => agent.batch(firstTick + 1 + tick)),
  );
  const cpuMicros = await cpuOf(async () => {
    for (const tick of frames) await feed(tick);
  });
  await sessions.close();
  return cpuMicros / (agents * series * ticks);
}
