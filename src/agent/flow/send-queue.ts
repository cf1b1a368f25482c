import type { Lane, Stream } from '../../formats/tide/index.ts';
import type { LaneWindows } from './lane-credit.ts';

/** The order in which queues are served: a schema is needed by all that follows it. */
export const QUEUES = ['schema', 'event', 'live', 'control', 'repair', 'read'] as const;
export type QueueName = (typeof QUEUES)[number];

/** Queues of what was just sealed. */
const FRESH = ['schema', 'event', 'live'] as const;

export interface QueuedFrame<T> {
  readonly lane: Lane;
  readonly sizeBytes: number;
  readonly queuedMs: number;
  readonly frame: T;
}

/**
 * Frames that wait to be sent, a queue for each lane: event before live before control before
 * repair before read, and each only as far as its credit goes. What is live is bounded: beyond that
 * the oldest leaves the queue, but not the ring, from which the collector pulls it later. So
 * nothing grows when a collector is slow, and what is fresh goes first.
 */
export class SendQueue<T> {
  readonly #queues = new Map<QueueName, QueuedFrame<T>[]>(QUEUES.map((name) => [name, []]));
  readonly #windows: LaneWindows;
  #liveBytesMax: number;
  #deferred = 0;

  constructor(windows: LaneWindows, liveBytesMax: number) {
    this.#windows = windows;
    this.#liveBytesMax = liveBytesMax;
  }

  /** Frames that left the live and event queues unsent, to be pulled later. */
  get deferredCount(): number {
    return this.#deferred;
  }

  /** What may wait on each live queue from now on; what is more, the oldest, leaves it. */
  boundLive(bytesMax: number): void {
    this.#liveBytesMax = bytesMax;
    this.#trim('live');
    this.#trim('event');
  }

  push(name: QueueName, frame: QueuedFrame<T>): void {
    this.#queue(name).push(frame);
    if (name === 'live' || name === 'event') this.#trim(name);
  }

  /** The next frame that may be sent; it counts as sent. */
  next(): T | undefined {
    for (const queue of this.#queues.values()) {
      const frame = queue[0];
      if (frame === undefined || !this.#windows.maySend(frame.lane)) continue;
      queue.shift();
      this.#windows.sent(frame.lane, frame.sizeBytes);
      return frame.frame;
    }
    return undefined;
  }

  /** The lane whose first frame waits for credit: of those of what is fresh. */
  get blockedStream(): Stream | undefined {
    for (const name of FRESH) {
      const frame = this.#queue(name)[0];
      if (frame !== undefined && !this.#windows.maySend(frame.lane)) return frame.lane as Stream;
    }
    return undefined;
  }

  queuedBytes(name: QueueName): number {
    return this.#queue(name).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  }

  /** Milliseconds for which the oldest live frame has waited; 0 for none. */
  liveDelayMs(nowMs: number): number {
    const oldest = this.#queue('live')[0] ?? this.#queue('event')[0];
    return oldest === undefined ? 0 : nowMs - oldest.queuedMs;
  }

  /** Forgets what waits in one queue; what that was. */
  drop(name: QueueName): T[] {
    return this.#queue(name)
      .splice(0)
      .map(({ frame }) => frame);
  }

  /** Everything waiting is forgotten; the ring has it. */
  clear(): void {
    for (const queue of this.#queues.values()) queue.length = 0;
  }

  #trim(name: 'live' | 'event'): void {
    const queue = this.#queue(name);
    while (queue.length > 1 && this.queuedBytes(name) > this.#liveBytesMax) {
      queue.shift();
      this.#deferred++;
    }
  }

  #queue(name: QueueName): QueuedFrame<T>[] {
    return this.#queues.get(name) as QueuedFrame<T>[];
  }
}
