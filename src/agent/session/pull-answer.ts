import type {
  GoneReason,
  PullRange,
  RangeGone,
  SeqRange,
  Stream,
} from '../../formats/tide/index.ts';
import { IntervalSet } from '../../util/index.ts';

/**
 * One PULL_RANGE under way: what is still to be read from the ring, what turned out to be gone, and
 * when to stop.
 */
export class PullAnswer {
  readonly request: PullRange;
  readonly #deadlineMs: number;
  readonly #left = new IntervalSet();
  readonly #gone = new Map<GoneReason, IntervalSet>();
  #bytesLeft: number;
  /** The number being read. */
  reading: number | undefined;

  constructor(request: PullRange, nowMs: number) {
    this.request = request;
    this.#deadlineMs = nowMs + request.timeoutMs;
    this.#bytesLeft = request.budgetBytes;
    for (const { from, to } of request.ranges) this.#left.add(from, to);
  }

  /** The number to read next; undefined when all were read, or bytes or time are used up. */
  next(nowMs: number): number | undefined {
    if (this.#bytesLeft <= 0 || nowMs >= this.#deadlineMs) return undefined;
    this.reading = this.#left.first;
    return this.reading;
  }

  read(seq: number, sizeBytes: number): void {
    this.#left.remove(seq);
    this.#bytesLeft -= sizeBytes;
    this.reading = undefined;
  }

  /** Numbers that the ring does not hold. */
  gone(from: number, to: number, reason: GoneReason): void {
    const set = this.#gone.get(reason) ?? new IntervalSet();
    this.#gone.set(reason, set);
    for (const range of this.#left.ranges(from, to)) set.add(range.from, range.to);
    this.#left.remove(from, to);
    this.reading = undefined;
  }

  /** What could not be answered, to be told at the end. */
  rest(nowMs: number, maxRanges: number): RangeGone[] {
    if (this.#left.size > 0) {
      const reason = nowMs >= this.#deadlineMs ? 'DEADLINE' : 'BUDGET';
      this.gone(0, Number.MAX_SAFE_INTEGER, reason);
    }
    const frames: RangeGone[] = [];
    for (const [reason, set] of this.#gone) {
      const ranges = set.ranges();
      for (let at = 0; at < ranges.length; at += maxRanges) {
        frames.push(this.#frame(reason, ranges.slice(at, at + maxRanges)));
      }
    }
    return frames;
  }

  #frame(reason: GoneReason, ranges: readonly SeqRange[]): RangeGone {
    const { requestId, epoch } = this.request;
    const stream: Stream = this.request.stream;
    return { type: 'RANGE_GONE', requestId, epoch, stream, ranges, reason };
  }
}
