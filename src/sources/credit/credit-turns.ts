/**
 * A grant that brought nothing for so long, while a later one did, is not waited for: there was
 * nothing to send.
 */
const ARRIVES_MS = 50;
/** The same where no later one did: nothing comes while agents or the network stand still. */
const ARRIVES_MS_MAX = 250;
/** Weight of the newest frame in the mean size of a session's frames. */
const FRAME_WEIGHT = 1 / 4;

/** Whatever the window, so many are on their way: one is stored, and one comes meanwhile. */
const FRAMES_MIN = 2;

interface Granted {
  readonly sizeBytes: number;
  readonly atMs: number;
}

/**
 * Who may send next while there is more to send than the collector can take. Even one batch of each
 * would be many seconds of work then, where agents are many or their batches large: so they take
 * turns, one batch each, as far as what waits for the store and what was just granted leave room in
 * the window. Nobody is granted anything twice before all others who want it.
 */
export class CreditTurns<Session> {
  /** Those who used up their credit; who has waited longest is first. */
  readonly #waiting = new Set<Session>();
  /** Since when somebody waits; undefined where nobody does. */
  #sinceMs: number | undefined;
  readonly #granted = new Map<Session, Granted>();
  readonly #frameBytes = new Map<Session, number>();
  #grantedBytes = 0;
  /** When the newest grant was given that brought something. */
  #arrivedMs = -Infinity;
  #queuedBytes = 0;
  #queuedCount = 0;

  /** Bytes that were received and wait for the store. */
  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  get waitingCount(): number {
    return this.#waiting.size;
  }

  /** For how long there was always somebody who waited. */
  waitedMs(nowMs: number): number {
    return this.#sinceMs === undefined ? 0 : Math.max(0, nowMs - this.#sinceMs);
  }

  /** A frame came in and goes to the store; from no session where that is over. */
  queued(session: Session, sizeBytes: number): void {
    this.#queuedBytes += sizeBytes;
    this.#queuedCount++;
    this.#arrivedMs = Math.max(this.#arrivedMs, this.#granted.get(session)?.atMs ?? -Infinity);
    this.#settle(session);
    const mean = this.#frameBytes.get(session) ?? sizeBytes;
    this.#frameBytes.set(session, mean + (sizeBytes - mean) * FRAME_WEIGHT);
  }

  /** A frame is stored, or will not be. */
  done(sizeBytes: number): void {
    this.#queuedBytes -= sizeBytes;
    this.#queuedCount--;
  }

  /** A session has used up what it was granted. */
  ask(session: Session, nowMs: number): void {
    this.#waiting.add(session);
    this.#sinceMs ??= nowMs;
  }

  /** Whose turn it is; undefined where nobody waits, or what is on its way fills the window. */
  next(windowBytes: number, nowMs: number): Session | undefined {
    if (this.#waiting.size === 0) return undefined;
    this.#expire(nowMs);
    const isFull = this.#queuedBytes + this.#grantedBytes >= windowBytes;
    if (isFull && this.#queuedCount + this.#granted.size >= FRAMES_MIN) return undefined;
    for (const session of this.#waiting) {
      this.#dismiss(session);
      const sizeBytes = this.#frameBytes.get(session) ?? 0;
      this.#granted.set(session, { sizeBytes, atMs: nowMs });
      this.#grantedBytes += sizeBytes;
      return session;
    }
    return undefined;
  }

  /** The session is over. */
  leave(session: Session): void {
    this.#settle(session);
    this.#dismiss(session);
    this.#frameBytes.delete(session);
  }

  /** Waits no more. */
  #dismiss(session: Session): void {
    this.#waiting.delete(session);
    if (this.#waiting.size === 0) this.#sinceMs = undefined;
  }

  #settle(session: Session): void {
    const granted = this.#granted.get(session);
    if (granted === undefined) return;
    this.#granted.delete(session);
    this.#grantedBytes -= granted.sizeBytes;
  }

  #expire(nowMs: number): void {
    for (const [session, { atMs }] of this.#granted) {
      const isOver = nowMs - atMs >= (atMs < this.#arrivedMs ? ARRIVES_MS : ARRIVES_MS_MAX);
      // They are in order of time.
      if (!isOver) return;
      this.#settle(session);
    }
  }
}
