import type { CancelTimer, Clock } from '../../util/index.ts';
import type { FleetSetup } from './messages.ts';

/** One agent of the process that holds many. */
export interface SimulatedAgent {
  /** 0: listens on nothing. */
  readonly port: number;
  readonly droppedSamples: number;
  readonly inSession: boolean;
  stop(): Promise<void>;
}

export interface AgentSetup extends FleetSetup {
  readonly agent: number;
  readonly hasExtra: boolean;
  /** After a tick, until this agent sends. */
  readonly spreadMs: number;
}

/** Calls back at each tick of the clock, `spreadMs` after it; gives what stops that. */
export function everyTick(
  { intervalMs, spreadMs }: Pick<AgentSetup, 'intervalMs' | 'spreadMs'>,
  clock: Clock,
  callback: (tick: number) => void,
): () => void {
  let tick = Math.floor(clock.now() / intervalMs);
  const wait = (): CancelTimer => {
    tick++;
    const dueMs = tick * intervalMs + Math.min(spreadMs, intervalMs / 2);
    return clock.setTimer(dueMs - clock.now(), () => {
      // A process that was late makes up for the ticks it missed: they were generated.
      const now = Math.floor(clock.now() / intervalMs);
      for (; tick < now; tick++) callback(tick);
      callback(tick);
      cancel = wait();
    });
  };
  let cancel = wait();
  return () => cancel();
}
