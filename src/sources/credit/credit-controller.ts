import { ServiceRate } from './service-rate.ts';

export interface CreditOptions {
  /** Delay of the oldest batch that is not applied, above which the window shrinks. */
  readonly targetDelayMs: number;
  /** Window of all sessions together at the start, and its bounds. */
  readonly startBytes: number;
  readonly minBytes: number;
  readonly maxBytes: number;
  /** Beyond this the window grows only as far as it is used. */
  readonly unusedBytes: number;
  /** Size of a batch: what the window grows by, for each session and round trip. */
  readonly batchBytes: number;
}

const DEFAULT_CREDIT_OPTIONS: CreditOptions = {
  targetDelayMs: 50,
  startBytes: 256 * 1024,
  minBytes: 2048,
  maxBytes: 256 * 1024 * 1024,
  unusedBytes: 64 * 1024,
  batchBytes: 2048,
};

const DECREASE = 0.7;
/**
 * The window is used as far as what comes in so many seconds. One that grew while nobody used it
 * would let all of it in at once when the collector cannot keep up any more, for what was granted
 * is not taken back.
 */
const WINDOW_SECONDS = 2;
/** After the queue was too long, it counts as congested for so long. */
const CONGESTED_MS = 10_000;
/** The window is then what is taken in so many seconds, at most: that is how old a batch gets. */
const CONGESTED_SECONDS = 0.25;
/** And so much at least, or the collector would wait for agents that wait for it. */
const CONGESTED_SECONDS_MIN = 0.1;
/** It then grows by this part of what is taken in a round trip, all sessions together. */
const CONGESTED_GROWTH = 0.25;
/** Over which the rate of what comes is taken. */
const RATE_MS = 1000;
/** What is kept of it a second later, where less arrives: groups of long intervals send seldom. */
const RATE_KEPT = 0.9;
/** A session never has less, or it could not send at all. */
const SHARE_BYTES_MIN = 256;
/** Repair's part of a session's share; live has the rest, event all of it besides. */
const REPAIR_PART = 0.25;
const REPAIR_PART_IDLE = 0.5;

/**
 * The window of bytes on their way to one collector: one batch more per session and round trip
 * while what arrives is applied within the target; when not, 0.7 times, and again when what waited
 * then is stored. Additive increase and multiplicative decrease, driven by delay that is measured.
 * Where the queue was too long of late, the increase and the window are small beside what can be
 * taken in, as a batch more of each of a thousand sessions would be many seconds of it.
 */
export class CreditController {
  readonly #options: CreditOptions;
  readonly #service = new ServiceRate();
  #windowBytes: number;
  #weights = 0;
  #sessions = 0;
  #changedMs = -Infinity;
  #congestedMs = -Infinity;
  #isCongested = false;
  /** Until then a window that was made smaller has not shown in the delay. */
  #shrunkMs = -Infinity;
  #bytes = 0;
  #bytesSinceMs: number | undefined;
  #bytesPerSecond = 0;

  constructor(options: Partial<CreditOptions> = {}) {
    this.#options = { ...DEFAULT_CREDIT_OPTIONS, ...options };
    this.#windowBytes = this.#options.startBytes;
  }

  get windowBytes(): number {
    return this.#windowBytes;
  }

  /** The queue was too long of late. */
  get isCongested(): boolean {
    return this.#isCongested;
  }

  join(weight: number): void {
    this.#sessions++;
    this.#weights += weight;
  }

  leave(weight: number): void {
    this.#sessions--;
    this.#weights -= weight;
  }

  /** Bytes have been received and dealt with. */
  consumed(sizeBytes: number): void {
    this.#bytes += sizeBytes;
  }

  /** A frame came in and waits. */
  queued(nowMs: number): void {
    this.#service.queued(nowMs);
  }

  /** A frame that waited is stored, or will not be. */
  done(sizeBytes: number, nowMs: number): void {
    this.#service.done(sizeBytes, nowMs);
  }

  /** The delay measured now; `rttMs` is the typical round trip. */
  observe(delayMs: number, rttMs: number, nowMs: number): void {
    if (nowMs - this.#changedMs < rttMs) return;
    this.#changedMs = nowMs;
    this.#takeRate(nowMs);
    if (delayMs > this.#options.targetDelayMs) this.#congestedMs = nowMs;
    this.#isCongested = nowMs - this.#congestedMs < CONGESTED_MS;
    const { minBytes, maxBytes, unusedBytes } = this.#options;
    const rate = this.#takenPerSecond;
    const used = this.#isCongested
      ? CONGESTED_SECONDS * rate
      : Math.max(unusedBytes, WINDOW_SECONDS * this.#bytesPerSecond);
    // At once where there is congestion, as a collector that is short of CPU looks at this seldom;
    // else step by step: what was granted is on its way in any case.
    const isAtOnce = this.#isCongested && rate > 0;
    const most = isAtOnce ? used : Math.max(used, this.#windowBytes * DECREASE);
    const least = this.#isCongested ? Math.max(minBytes, CONGESTED_SECONDS_MIN * rate) : minBytes;
    const wanted = Math.min(most, this.#wanted(delayMs, rttMs, nowMs));
    this.#windowBytes = Math.min(maxBytes, Math.max(least, wanted));
  }

  #wanted(delayMs: number, rttMs: number, nowMs: number): number {
    if (delayMs <= this.#options.targetDelayMs) {
      return this.#windowBytes + this.#growth(rttMs, this.#isCongested);
    }
    // What waits already is as long in the queue as before: shrinking on would go down to nothing.
    if (nowMs < this.#shrunkMs) return this.#windowBytes;
    this.#shrunkMs = nowMs + Math.max(rttMs, delayMs);
    return this.#windowBytes * DECREASE;
  }

  #growth(rttMs: number, isCongested: boolean): number {
    const growth = this.#options.batchBytes * Math.max(1, this.#sessions);
    const taken = (this.#takenPerSecond * rttMs) / 1000;
    return isCongested ? Math.min(growth, CONGESTED_GROWTH * taken) : growth;
  }

  /** What can be taken in a second; what comes, until that is known. */
  get #takenPerSecond(): number {
    return this.#service.bytesPerSecond || this.#bytesPerSecond;
  }

  #takeRate(nowMs: number): void {
    this.#bytesSinceMs ??= nowMs;
    const passedMs = nowMs - this.#bytesSinceMs;
    if (passedMs < RATE_MS) return;
    const perSecond = (1000 * this.#bytes) / passedMs;
    this.#bytesPerSecond = Math.max(perSecond, RATE_KEPT * this.#bytesPerSecond);
    this.#bytes = 0;
    this.#bytesSinceMs = nowMs;
  }

  /** What a session of that weight may have on its way. */
  share(weight: number): number {
    return Math.max(SHARE_BYTES_MIN, this.part(weight));
  }

  /** Its part of the window, however small. */
  part(weight: number): number {
    const part = this.#weights === 0 ? 1 : weight / this.#weights;
    return Math.floor(this.#windowBytes * part);
  }
}

/**
 * Grants of one session: per lane an absolute offset, so that a grant that is lost or comes twice
 * does no harm. A grant is never taken back: a smaller window only stops it from growing.
 */
export class SessionCredit {
  readonly weight: number;
  readonly #controller: CreditController;
  readonly #consumed: number[] = [];
  readonly #granted: number[] = [];
  #liveIdle = false;

  constructor(controller: CreditController, weight = 1) {
    this.weight = weight;
    this.#controller = controller;
    controller.join(weight);
  }

  /** Bytes of a lane have been received and dealt with. */
  consume(lane: number, sizeBytes: number): void {
    this.#consumed[lane] = (this.#consumed[lane] ?? 0) + sizeBytes;
    this.#controller.consumed(sizeBytes);
  }

  /** Nothing came on the live lane of late: repair may use more. */
  set liveIdle(idle: boolean) {
    this.#liveIdle = idle;
  }

  /** The offset to which a lane may send now. */
  grant(lane: number, isRepair: boolean): number {
    return this.#raise(lane, this.#window(isRepair));
  }

  #raise(lane: number, sizeBytes: number): number {
    const offset = (this.#consumed[lane] ?? 0) + sizeBytes;
    const granted = Math.max(this.#granted[lane] ?? 0, offset);
    this.#granted[lane] = granted;
    return granted;
  }

  /** Grants the live lane a turn: what its part of the window holds, or one frame. */
  grantTurn(lane: number): number {
    const sizeBytes = Math.floor(this.#controller.part(this.weight) * (1 - REPAIR_PART));
    return this.#raise(lane, Math.max(1, sizeBytes));
  }

  /** Whether all that a lane was granted has come in and is dealt with. */
  isSpent(lane: number): boolean {
    return (this.#granted[lane] ?? 0) <= (this.#consumed[lane] ?? 0);
  }

  /** The offset to which a lane may send by what it was granted before. */
  granted(lane: number): number {
    return this.#granted[lane] ?? 0;
  }

  /** Whether less than half of its window is left of what a lane was granted. */
  isLow(lane: number, isRepair: boolean): boolean {
    const left = (this.#granted[lane] ?? 0) - (this.#consumed[lane] ?? 0);
    return left < this.#window(isRepair) / 2;
  }

  #window(isRepair: boolean): number {
    const repairPart = this.#liveIdle ? REPAIR_PART_IDLE : REPAIR_PART;
    const part = isRepair ? repairPart : 1 - REPAIR_PART;
    return Math.ceil(this.#controller.share(this.weight) * part);
  }

  close(): void {
    this.#controller.leave(this.weight);
  }
}
