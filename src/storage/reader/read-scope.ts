import { StorageClosedError } from '../errors.ts';

/** What gives a read up by throwing; an `AbortSignal` is one. */
export type GivesUp = Pick<AbortSignal, 'throwIfAborted'>;

/**
 * What one querier has under way: closing it rejects what is awaited and frees what is held. A
 * small query must not pay for it, so nothing is made before it is needed.
 */
export class ReadScope implements GivesUp {
  #isClosed = false;
  #onClose: Set<() => void> | undefined;

  get isClosed(): boolean {
    return this.#isClosed;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const calls = this.#onClose;
    this.#onClose = undefined;
    for (const call of calls ?? []) call();
  }

  /** @throws StorageClosedError once it is closed. */
  throwIfAborted(): void {
    if (this.#isClosed) throw closedError();
  }

  /** Calls `call` on closing, unless it is forgotten before. */
  onClose(call: () => void): void {
    this.#onClose ??= new Set();
    this.#onClose.add(call);
  }

  forget(call: () => void): void {
    this.#onClose?.delete(call);
  }

  /** The promise's outcome, or at once a rejection when the scope is closed. */
  async unlessClosed<T>(promise: Promise<T>): Promise<T> {
    let giveUp = (): void => {};
    const closed = new Promise<never>((_resolve, reject) => {
      giveUp = () => reject(closedError());
    });
    // Whichever is late has nobody to tell.
    promise.catch(() => {});
    this.throwIfAborted();
    this.onClose(giveUp);
    try {
      return await Promise.race([promise, closed]);
    } finally {
      this.forget(giveUp);
    }
  }
}

function closedError(): StorageClosedError {
  return new StorageClosedError('the querier was closed');
}
