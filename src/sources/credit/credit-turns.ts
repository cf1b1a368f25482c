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
  /** Nothing is known to wait for it. */
  readonly isAhead: boolean;
}

/**
 * Who may send next while there is more to send than the collector can take. Even one batch of each
 * would be many seconds of work then, where agents are many or their batches large: so they take
 * turns, one batch each, as far as what waits for the store and what was just granted leave room in
 * the window. Nobody is granted anything twice before all others who want it. While nobody waits,
 * those who may have something to send soon are granted it ahead, so that it comes at once; that
 * takes no room from those who wait.
 */
export class CreditTurns<Session> {
  /** Those who used up their credit; who has waited longest is first. */
  readonly #waiting = new Set<Session>();
  /** Those who used up their credit and have nothing to send that is known of. */
  readonly #idle = new Set<Session>();
  /** Since when somebody waits; undefined where nobody does. */
  #sinceMs: number | undefined;
  readonly #granted = new Map<Session, Granted>();
  readonly #frameBytes = new Map<Session, number>();
  #grantedBytes = 0;
  /** Of grants ahead. */
  #aheadBytes = 0;
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

  /** A session has used up what it was granted, and has something to send. */
  ask(session: Session, nowMs: number): void {
    this.#idle.delete(session);
    this.#waiting.add(session);
    this.#sinceMs ??= nowMs;
  }

  /** A session has used up what it was granted; whether it has something to send is not known. */
  offer(session: Session): void {
    if (!this.#waiting.has(session)) this.#idle.add(session);
  }

  /** Whose turn it is; undefined where nobody waits, or what is on its way fills the window. */
  next(windowBytes: number, nowMs: number): Session | undefined {
    if (this.#waiting.size === 0 && this.#idle.size === 0) return undefined;
    this.#expire(nowMs);
    const isAhead = this.#waiting.size === 0;
    const takenBytes = this.#queuedBytes + this.#grantedBytes + (isAhead ? this.#aheadBytes : 0);
    const isFull = takenBytes >= windowBytes;
    if (isFull && (isAhead || this.#queuedCount + this.#granted.size >= FRAMES_MIN)) {
      return undefined;
    }
    for (const session of isAhead ? this.#idle : this.#waiting) {
      this.#dismiss(session);
      this.#grant(session, isAhead, nowMs);
      return session;
    }
    return undefined;
  }

  #grant(session: Session, isAhead: boolean, nowMs: number): void {
    this.#settle(session);
    const sizeBytes = this.#frameBytes.get(session) ?? 0;
    this.#granted.set(session, { sizeBytes, atMs: nowMs, isAhead });
    if (isAhead) this.#aheadBytes += sizeBytes;
    else this.#grantedBytes += sizeBytes;
  }

  /** The session is over. */
  leave(session: Session): void {
    this.#settle(session);
    this.#dismiss(session);
    this.#frameBytes.delete(session);
  }

  /** Waits no more. */
  #dismiss(session: Session): void {
    this.#idle.delete(session);
    this.#waiting.delete(session);
    if (this.#waiting.size === 0) this.#sinceMs = undefined;
  }

  #settle(session: Session): void {
    const granted = this.#granted.get(session);
    if (granted === undefined) return;
    this.#granted.delete(session);
    if (granted.isAhead) this.#aheadBytes -= granted.sizeBytes;
    else this.#grantedBytes -= granted.sizeBytes;
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
