import { setTimeout as wait } from 'node:timers/promises';
import { CollectorRefusedError } from '../agent/index.ts';
import { messageOf } from '../model/index.ts';

/** A job begins without its collector after so long. */
const WAIT_MS = 3000;
const PAUSE_MS = 2000;
const PAUSE_MS_MAX = 60_000;

export interface ScheduleDeclarationOptions {
  /** Tells the collector once, within so long; when it resolves the collector keeps it. */
  tell(timeoutMs: number): Promise<unknown>;
  say(text: string): void;
  /** Before the second attempt; doubles each time. */
  readonly pauseMs?: number;
}

/**
 * Tells the collector of a job's schedule before the job begins, so that one that never comes to
 * its end is missed, also in its first run. Where the collector cannot be reached the job begins
 * all the same, and it is told as soon as it can be.
 */
export class ScheduleDeclaration {
  readonly #options: ScheduleDeclarationOptions;
  readonly #stop = new AbortController();

  private constructor(options: ScheduleDeclarationOptions) {
    this.#options = options;
  }

  /** Resolves when the collector keeps the schedule, or cannot be waited for. Never rejects. */
  static async begin(options: ScheduleDeclarationOptions): Promise<ScheduleDeclaration> {
    const declaration = new ScheduleDeclaration(options);
    const fault = await declaration.#tell();
    if (fault === undefined) return declaration;
    if (!mayHelpToRepeat(fault)) {
      options.say(`tidegauge: the schedule was refused: ${messageOf(fault)}; the job begins`);
      return declaration;
    }
    options.say(
      'tidegauge: the collector does not know of the schedule yet: ' +
        `${messageOf(fault)}; the job begins, and the collector is asked again meanwhile`,
    );
    void declaration.#again();
    return declaration;
  }

  /** The job has ended: what is said of that tells the schedule, too. */
  stop(): void {
    this.#stop.abort();
  }

  async #tell(): Promise<unknown> {
    try {
      await this.#options.tell(WAIT_MS);
      return undefined;
    } catch (error) {
      return error;
    }
  }

  async #again(): Promise<void> {
    const { signal } = this.#stop;
    let pauseMs = this.#options.pauseMs ?? PAUSE_MS;
    for (;;) {
      // The job holds the process; this does not.
      await wait(pauseMs, undefined, { signal, ref: false }).catch(() => {});
      if (signal.aborted) return;
      const fault = await this.#tell();
      if (fault === undefined || !mayHelpToRepeat(fault)) return;
      pauseMs = Math.min(PAUSE_MS_MAX, 2 * pauseMs);
    }
  }
}

function mayHelpToRepeat(error: unknown): boolean {
  return error instanceof CollectorRefusedError && error.mayPass;
}
