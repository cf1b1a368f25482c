/** What is known of how far an agent's clock is ahead of this one's. */
export interface ClockReading {
  /** Behind where it is negative. The middle of what is possible. */
  readonly aheadMs: number;
  /** How far off that can be; undefined where no round trip is known: ahead by that or more. */
  readonly errorMs: number | undefined;
  /** The clocks are this far apart at least. */
  readonly apartMs: number;
}

/** What a frame tells of its sender's clock. */
export interface ClockFrame {
  /** The sender's clock when it was sent. */
  readonly clockMs: number;
  /** This clock in the newest frame that the sender had read by then; 0 for none. */
  readonly serverTimeMs: number;
  /** How long before that was, by the sender's clock. */
  readonly serverAgeMs: number;
}

interface Bounds {
  readonly lowerMs: number;
  readonly upperMs: number;
}

/** Frames that the newest are judged with: a minute of heartbeats. */
const FRAMES_MAX = 12;
/** Both clocks are read in whole milliseconds. */
const ROUNDING_MS = 2;

/**
 * How far an agent's clock is ahead of this one's, by what its frames say. No frame comes before it
 * was sent, so each gives a bound: what the agent sent, a lower one; what it heard from here, an
 * upper one. Together they leave half of a round trip open, and of several the narrowest counts.
 */
export class ClockOffset {
  #frames: Bounds[] = [];
  #reading: ClockReading | undefined;

  /** Narrowest round trip of late; undefined while none is known. */
  get rttMs(): number | undefined {
    const errorMs = this.#reading?.errorMs;
    return errorMs === undefined ? undefined : 2 * errorMs;
  }

  /** Undefined while nothing is known: one that seems to be behind may be far away instead. */
  get reading(): ClockReading | undefined {
    return this.#reading;
  }

  /** The agent is there anew: what was known may be of another clock. */
  begin(clockMs: number, nowMs: number): void {
    this.#frames = [{ lowerMs: clockMs - nowMs, upperMs: Infinity }];
    this.#reading = readingOf(this.#frames);
  }

  /** A frame of the agent, read at `nowMs`. */
  heard({ clockMs, serverTimeMs, serverAgeMs }: ClockFrame, nowMs: number): void {
    const lowerMs = clockMs - nowMs;
    const heardMs = serverTimeMs === 0 ? Infinity : clockMs - serverAgeMs - serverTimeMs;
    // A round trip of less than nothing: one of the clocks was set while it lasted.
    const upperMs = heardMs < lowerMs - ROUNDING_MS ? Infinity : heardMs;
    const bounds = { lowerMs, upperMs };
    const before = intersection(this.#frames);
    const isSet = lowerMs > before.upperMs + ROUNDING_MS || upperMs < before.lowerMs - ROUNDING_MS;
    if (isSet || upperMs !== heardMs) this.#frames = [];
    this.#frames.push(bounds);
    if (this.#frames.length > FRAMES_MAX) this.#frames.shift();
    this.#reading = readingOf(this.#frames);
  }
}

function readingOf(frames: readonly Bounds[]): ClockReading | undefined {
  const { lowerMs, upperMs } = intersection(frames);
  const apartMs = Math.max(0, lowerMs, -upperMs);
  if (!Number.isFinite(upperMs)) {
    return lowerMs <= 0 ? undefined : { aheadMs: lowerMs, errorMs: undefined, apartMs };
  }
  const errorMs = Math.max(0, upperMs - lowerMs) / 2;
  return { aheadMs: (lowerMs + upperMs) / 2, errorMs, apartMs };
}

function intersection(frames: readonly Bounds[]): Bounds {
  let lowerMs = -Infinity;
  let upperMs = Infinity;
  for (const frame of frames) {
    lowerMs = Math.max(lowerMs, frame.lowerMs);
    upperMs = Math.min(upperMs, frame.upperMs);
  }
  return { lowerMs, upperMs };
}
