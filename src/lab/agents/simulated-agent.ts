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

/** Calls back at each tick of the wall clock, `spreadMs` after it; gives what stops that. */
export function everyTick(
  { intervalMs, spreadMs }: Pick<AgentSetup, 'intervalMs' | 'spreadMs'>,
  callback: (tick: number) => void,
): () => void {
  let timer: NodeJS.Timeout;
  let tick = Math.floor(Date.now() / intervalMs);
  const wait = (): void => {
    tick++;
    timer = setTimeout(
      () => {
        // A process that was late makes up for the ticks it missed: they were generated.
        const now = Math.floor(Date.now() / intervalMs);
        for (; tick < now; tick++) callback(tick);
        callback(tick);
        wait();
      },
      tick * intervalMs + Math.min(spreadMs, intervalMs / 2) - Date.now(),
    );
  };
  wait();
  return () => clearTimeout(timer);
}
