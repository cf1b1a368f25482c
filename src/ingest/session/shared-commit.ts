import type { Appender, CommitResult, Storage } from '../../storage/api.ts';
import type { CancelTimer, Clock } from '../../util/index.ts';

/** Samples after which a commit is not filled any further. */
const SAMPLES_MAX = 100_000;
/** Commits under way beside which another may begin at once: the store puts them in one record. */
const UNDER_WAY_MAX = 4;
/** With that many under way the next one is filled until one is done, for so long at most. */
const GATHER_MS = 10;

/** One agent's part of a commit. */
export interface CommitPart {
  /** Adds to the commit. May throw: `settle` is then told. */
  fill(appender: Appender): void;
  /** What the commit came to: an error when nothing is stored. */
  settle(result: CommitResult | Error): void;
}

interface SharedCommitsOptions {
  readonly storage: Storage;
  readonly clock: Clock;
  /** Work that is under way from the first part of a commit until all were told. */
  track(work: Promise<void>): void;
  /** All parts of a commit were told. */
  settled(): void;
  /** A part threw when it was told what the commit came to: a bug. The others are told. */
  faulted(error: Error): void;
}

/**
 * One commit for what many agents send at about the same time: a thousand small records cost many
 * times what one large one does. What is added in one turn of the event loop goes together; while
 * the store is busy with some, what comes until one of them is done, or until GATHER_MS are over.
 */
export class SharedCommits {
  readonly #options: SharedCommitsOptions;
  #parts: CommitPart[] = [];
  #underWay = 0;
  #cancelTimer: CancelTimer | undefined;
  #closed: (() => void) | undefined;

  constructor(options: SharedCommitsOptions) {
    this.#options = options;
  }

  /** Puts a part into the next commit. */
  add(part: CommitPart): void {
    this.#parts.push(part);
    if (this.#parts.length > 1) return;
    this.#options.track(new Promise((resolve) => (this.#closed = resolve)));
    if (this.#underWay < UNDER_WAY_MAX) {
      setImmediate(() => this.#commitAll());
    } else {
      this.#cancelTimer = this.#options.clock.setTimer(GATHER_MS, () => this.#commitAll());
    }
  }

  #commitAll(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    const parts = this.#parts;
    if (parts.length === 0) return;
    const closed = this.#closed;
    this.#parts = [];
    this.#closed = undefined;
    for (let at = 0; at < parts.length; ) {
      const appender = this.#options.storage.appender();
      const filled: CommitPart[] = [];
      while (at < parts.length && appender.samples.length < SAMPLES_MAX) {
        const part = parts[at++] as CommitPart;
        const fault = fill(part, appender);
        if (fault === undefined) filled.push(part);
        else this.#settle(part, fault);
      }
      this.#options.track(this.#commit(appender, filled));
    }
    closed?.();
  }

  async #commit(appender: Appender, parts: readonly CommitPart[]): Promise<void> {
    this.#underWay++;
    let result: CommitResult | Error;
    try {
      result = await appender.commit();
    } catch (error) {
      result = asError(error);
    }
    this.#underWay--;
    for (const part of parts) this.#settle(part, result);
    appender.samples.release();
    this.#options.settled();
    if (this.#cancelTimer !== undefined) this.#commitAll();
  }

  #settle(part: CommitPart, result: CommitResult | Error): void {
    try {
      part.settle(result);
    } catch (error) {
      this.#options.faulted(asError(error));
    }
  }
}

/** What went wrong with it, if anything did. */
function fill(part: CommitPart, appender: Appender): Error | undefined {
  try {
    part.fill(appender);
    return undefined;
  } catch (error) {
    return asError(error);
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
