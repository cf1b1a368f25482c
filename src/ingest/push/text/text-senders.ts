import type { OwnerId } from '../../../kernel/index.ts';
import type { IngestKernel } from '../../kernel/index.ts';

/** Label parameters whose names are told apart; beyond that the longest unused are forgotten. */
const SENDERS_MAX = 64;

/**
 * Senders of text by label parameters, which decide what series a line of the body names: the same
 * line is another series with others.
 */
export class TextSenders {
  readonly kernel: IngestKernel;
  readonly #owners = new Map<string, OwnerId>();

  constructor(kernel: IngestKernel) {
    this.kernel = kernel;
  }

  /** Number of senders held. */
  get size(): number {
    return this.#owners.size;
  }

  /**
   * Who sends with these labels (name, value, … sorted); the last one used from now on. Valid until
   * the next call.
   */
  ownerFor(labelPairs: readonly string[]): OwnerId {
    const key = JSON.stringify(labelPairs);
    const { kernel } = this;
    const owner = this.#owners.get(key) ?? kernel.openOwner(kernel.newContext(), false);
    this.#owners.delete(key);
    this.#owners.set(key, owner);
    if (this.#owners.size > SENDERS_MAX) this.#forgetOldest();
    return owner;
  }

  #forgetOldest(): void {
    for (const [key, owner] of this.#owners) {
      this.#owners.delete(key);
      this.kernel.closeOwner(owner);
      return;
    }
  }
}
