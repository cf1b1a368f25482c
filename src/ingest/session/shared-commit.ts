import type { Appender, CommitResult, Storage } from '../../storage/api.ts';

/** Samples after which a commit is not filled any further. */
const SAMPLES_MAX = 100_000;

type Part = (appender: Appender) => (result: CommitResult | Error) => void;

/**
 * One commit for what many agents send at about the same time: a thousand small records cost many
 * times what one large one does. All that is added in one turn of the event loop goes together.
 */
export class SharedCommits {
  readonly #storage: Storage;
  #parts: Part[] = [];

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  /**
   * Calls `fill` with the appender of the next commit; resolves when that is done, with what it
   * came to. Rejects with its error where nothing was stored, and with what `fill` throws.
   */
  add<T>(fill: (appender: Appender) => T): Promise<{ filled: T; result: CommitResult }> {
    if (this.#parts.length === 0) setImmediate(() => this.#commitAll());
    return new Promise((resolve, reject) => {
      this.#parts.push((appender) => {
        const filled = fill(appender);
        return (result) => {
          if (result instanceof Error) reject(result);
          else resolve({ filled, result });
        };
      });
    });
  }

  #commitAll(): void {
    const parts = this.#parts;
    this.#parts = [];
    for (let at = 0; at < parts.length; ) {
      const appender = this.#storage.appender();
      const settlers: ((result: CommitResult | Error) => void)[] = [];
      while (at < parts.length && appender.samples.length < SAMPLES_MAX) {
        settlers.push((parts[at++] as Part)(appender));
      }
      void commit(appender).then((result) => {
        for (const settle of settlers) settle(result);
      });
    }
  }
}

async function commit(appender: Appender): Promise<CommitResult | Error> {
  try {
    return await appender.commit();
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}
