import type { Stream } from '../../formats/tide/index.ts';
import type { SettledBatch } from '../../sources/index.ts';
import { IntervalSet } from '../../util/index.ts';

type Accounts = SettledBatch['accounts'];

/** A frame that is held back, and the ticks that it speaks of as far as that is remembered. */
export interface HeldFrame {
  readonly stream: Stream;
  readonly seq: number;
  readonly accounts: Accounts;
}

const STREAMS: readonly Stream[] = [0, 1];
const NO_ACCOUNTS: Accounts = [];
/** Frames whose ticks are remembered; of more only the numbers are. */
const ACCOUNTS_MAX = 4096;

/** Frames of one epoch that came by repair and cannot be read before their schema comes. */
export class HeldBack {
  readonly #sets = STREAMS.map(() => new IntervalSet());
  readonly #accounts = STREAMS.map(() => new Map<number, Accounts>());

  add({ stream, seq, accounts }: HeldFrame): void {
    this.#sets[stream]?.add(seq);
    const known = this.#accounts[stream];
    if (known !== undefined && known.size < ACCOUNTS_MAX) known.set(seq, accounts);
  }

  /** The numbers of a lane. */
  numbers(stream: number): IntervalSet | undefined {
    return this.#sets[stream];
  }

  *frames(): IterableIterator<HeldFrame> {
    for (const stream of STREAMS) {
      for (const { from, to } of this.#sets[stream]?.ranges() ?? []) {
        for (let seq = from; seq <= to; seq++) {
          const accounts = this.#accounts[stream]?.get(seq) ?? NO_ACCOUNTS;
          yield { stream, seq, accounts };
        }
      }
    }
  }
}
