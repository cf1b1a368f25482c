import type { ByeReason, StreamExtent, StreamMarks } from '../../formats/tide/index.ts';

/** How long BYE waits for the collector to pull what it lacks. */
const LEAVE_BACKLOG_MS = 2000;
/** The next pull comes this soon after the one before. */
const PULL_QUIET_MS = 300;

/** Says when an agent that leaves may say BYE: when the collector has all, or had its time. */
export class Departure {
  #reason: ByeReason = 'DONE';
  #leaveMs = 0;
  #lastPullMs = -Infinity;
  /** By stream, up to where the collector has all; nothing until it said so in this session. */
  #durable: number[] = [];
  /** By stream, up to where numbers were not sent in this session, but left to repair. */
  #backlog: number[] = [];
  #deferredBefore = 0;

  get reason(): ByeReason {
    return this.#reason;
  }

  /** A session begins: all that is sealed so far is left to repair. */
  begin(extents: readonly StreamExtent[], deferredCount: number): void {
    this.#backlog = extents.map(({ lastSeq }) => lastSeq);
    this.#deferredBefore = deferredCount;
  }

  /** The session is over. */
  clear(): void {
    this.#durable = [];
    this.#lastPullMs = -Infinity;
  }

  marked(streams: readonly StreamMarks[]): void {
    for (const { stream, cumDurable } of streams) this.#durable[stream] = cumDurable;
  }

  pulled(nowMs: number): void {
    this.#lastPullMs = nowMs;
  }

  /** The agent wants to leave. `lastSeq` by stream: what was deferred may be as new as that. */
  leave(
    reason: ByeReason,
    nowMs: number,
    sent: { readonly deferredCount: number; readonly lastSeq: readonly number[] },
  ): void {
    this.#reason = reason;
    this.#leaveMs = nowMs;
    if (sent.deferredCount > this.#deferredBefore) this.#backlog = [...sent.lastSeq];
  }

  /** Whether the collector lacks something that it can be expected to ask for right now. */
  awaitsPulls(nowMs: number, isAnswering: boolean): boolean {
    if (nowMs - this.#leaveMs >= LEAVE_BACKLOG_MS) return false;
    if (isAnswering || nowMs - this.#lastPullMs < PULL_QUIET_MS) return true;
    return this.#durable.some((seq, stream) => seq < (this.#backlog[stream] ?? 0));
  }
}
