import type { Socket } from 'node:net';

/** How one direction of a connection is treated; read anew for every piece that passes. */
export interface Shaping {
  /** What a piece that arrives now waits for at least, in milliseconds. */
  delayMs(): number;
  /** When the link has let `sizeBytes` through that are given to it now; monotonic milliseconds. */
  departMs(sizeBytes: number): number;
  /** Whether the piece is lost, and its connection with it. */
  loses(): boolean;
  /** True while nothing passes. */
  isHeld(): boolean;
  passed(sizeBytes: number): void;
  /** A piece was lost: ends the connection. */
  lost(): void;
}

/** A piece is at most this long, so that connections share a slow link fairly. */
const PIECE_BYTES_MAX = 4096;
/** Bytes on their way in one direction of a connection; beyond it, the sender is not read. */
const UNDER_WAY_BYTES_MAX = 64 * 1024;

interface Piece {
  readonly atMs: number;
  /** Undefined: the sender has ended. */
  readonly bytes: Buffer | undefined;
}

/** Takes what one socket sends to another, late, slowly, or not at all. Order is kept. */
export class ShapedPipe {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #shaping: Shaping;
  readonly #pieces: Piece[] = [];
  #underWayBytes = 0;
  #lastAtMs = 0;
  #timer: NodeJS.Timeout | undefined;
  #isBlocked = false;
  #isClosed = false;

  constructor(from: Socket, to: Socket, shaping: Shaping) {
    this.#from = from;
    this.#to = to;
    this.#shaping = shaping;
    from.on('data', (bytes: Buffer) => this.#take(bytes));
    from.on('end', () => this.#add(undefined, 0));
    to.on('drain', () => {
      this.#isBlocked = false;
      this.pump();
    });
  }

  /** Nothing passes any more. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#pieces.length = 0;
  }

  /** The link has another pace: what waits asks anew when it may depart. */
  reschedule(): void {
    this.#lastAtMs = 0;
    for (const [index, { bytes }] of this.#pieces.entries()) {
      const atMs = this.#shaping.departMs(bytes?.length ?? 0);
      this.#lastAtMs = Math.max(this.#lastAtMs, atMs);
      this.#pieces[index] = { atMs: this.#lastAtMs, bytes };
    }
  }

  /** Delivers what is due, and sets out to deliver the rest; call when nothing is held any more. */
  pump(): void {
    clearTimeout(this.#timer);
    if (this.#isClosed) return;
    if (this.#shaping.isHeld()) {
      // Not even what a network holds back is unbounded: the sender's own buffer fills instead.
      this.#from.pause();
      return;
    }
    const now = performance.now();
    while (!this.#isBlocked && this.#pieces[0] !== undefined && this.#pieces[0].atMs <= now) {
      const piece = this.#pieces.shift();
      if (piece !== undefined) this.#deliver(piece);
    }
    if (this.#underWayBytes < UNDER_WAY_BYTES_MAX) this.#from.resume();
    const next = this.#pieces[0];
    if (next === undefined || this.#isBlocked) return;
    this.#timer = setTimeout(() => this.pump(), Math.max(1, next.atMs - now));
  }

  #take(bytes: Buffer): void {
    if (this.#isClosed) return;
    if (this.#shaping.loses()) {
      this.#shaping.lost();
      return;
    }
    for (let at = 0; at < bytes.length; at += PIECE_BYTES_MAX) {
      const piece = bytes.subarray(at, at + PIECE_BYTES_MAX);
      this.#underWayBytes += piece.length;
      this.#add(piece, piece.length);
    }
    if (this.#underWayBytes >= UNDER_WAY_BYTES_MAX) this.#from.pause();
  }

  #add(bytes: Buffer | undefined, sizeBytes: number): void {
    if (this.#isClosed) return;
    const departMs = this.#shaping.departMs(sizeBytes);
    this.#lastAtMs = Math.max(this.#lastAtMs, departMs + this.#shaping.delayMs());
    this.#pieces.push({ atMs: this.#lastAtMs, bytes });
    if (this.#pieces.length === 1) this.pump();
  }

  #deliver({ bytes }: Piece): void {
    if (bytes === undefined) {
      this.#to.end();
      return;
    }
    this.#underWayBytes -= bytes.length;
    this.#shaping.passed(bytes.length);
    if (!this.#to.destroyed && !this.#to.write(bytes)) this.#isBlocked = true;
  }
}
