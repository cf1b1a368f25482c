import { randomFillSync } from 'node:crypto';
import {
  createKernel,
  type Kernel,
  type KernelBody,
  KERNEL_KEY_BYTES,
  type MemoryKind,
  type OwnerId,
} from '../../kernel/index.ts';
import type { Clock } from '../../util/index.ts';

const MIB = 2 ** 20;

/** Room for bodies beside the identities: one at a time, as sent, decompressed and as columns. */
const BODY_BYTES_MAX = 1536 * MIB;

/** A body whose areas may be larger than that is not kept for the next one. */
const KEPT_BYTES = 4 * MIB;

/** A sample in the columns of a body. */
const COLUMN_BYTES = 21;

/** What one identity takes, its slot included. */
const IDENTITY_BYTES = 56;

/** Bodies between two looks at the identities, and how many are looked at then. */
const SWEEP_BODIES = 32;
const SWEEP_IDENTITIES = 2048;

/** An identity that was not seen for one to two such periods is forgotten. */
const PERIOD_MS = 3_600_000;

export interface IngestKernelOptions {
  /** Bound of what recognises series, in bytes; beyond it the longest unused are forgotten. */
  readonly identityBytes: number;
  readonly clock: Clock;
  /** Bound of the whole memory, in bytes; that of the identities and some for bodies unless set. */
  readonly maxBytes?: number;
}

/**
 * The kernel through which all samples come in: bytes to columns, names to refs. Everything that is
 * done with a body is done in one go (`use`), so there is one staging area for all of them, and
 * nothing of it outlives the call.
 */
export class IngestKernel {
  readonly #kernel: Kernel;
  readonly #clock: Clock;
  readonly #identitiesMax: number;
  /** The staging area, while nobody uses it. */
  #body: KernelBody | undefined;
  #lastContext = 0;
  #bodies = 0;
  #periodStartMs: number;
  /** Bodies until the period under way began, and until the one before did. */
  #bodiesBefore = { period: 0, last: 0 };

  constructor({ identityBytes, maxBytes, clock }: IngestKernelOptions) {
    this.#kernel = createKernel({
      maxBytes: Math.min(2 ** 32, maxBytes ?? identityBytes + BODY_BYTES_MAX),
      key: randomFillSync(new Uint8Array(KERNEL_KEY_BYTES)),
      foreignSeries: true,
    });
    this.#clock = clock;
    this.#identitiesMax = Math.ceil(identityBytes / IDENTITY_BYTES);
    this.#periodStartMs = clock.monotonic();
  }

  /** Identities known now. */
  get identityCount(): number {
    return this.#kernel.stats().identityCount;
  }

  /** Size of the memory, which grows with the largest bodies and does not shrink. */
  get memoryBytes(): number {
    return this.#kernel.stats().memoryBytes;
  }

  /** Bytes of the memory that are in use. */
  get usedBytes(): number {
    return Object.values(this.memoryByKind()).reduce((sum, bytes) => sum + bytes, 0);
  }

  /** The same by what they hold. */
  memoryByKind(): Readonly<Record<MemoryKind, number>> {
    return this.#kernel.stats().bytesByKind;
  }

  /** A sender whose names mean the same series as those of all owners of the context. */
  openOwner(context: number, tracked: boolean): OwnerId {
    return this.#kernel.openOwner({ context, tracked });
  }

  closeOwner(owner: OwnerId): void {
    this.#kernel.closeOwner(owner);
  }

  /** A context that nobody had yet. */
  newContext(): number {
    return ++this.#lastContext;
  }

  /** As `Kernel.takeMissing`. */
  takeMissing(owner: OwnerId): Uint32Array {
    return this.#kernel.takeMissing(owner);
  }

  /** As `Kernel.knownSeries`. */
  knownSeries(owner: OwnerId): Uint32Array {
    return this.#kernel.knownSeries(owner);
  }

  /** The store has dropped these series: their names are looked up anew from now on. */
  forgetRefs(refs: Uint32Array): void {
    this.#kernel.forgetRefs(refs);
  }

  /**
   * Lends the staging area to `work`, which is over when it returns. What it throws is passed on.
   * @throws KernelMemoryError where there is no room.
   */
  use<T>(work: (body: KernelBody) => T): T {
    const body = this.#body ?? this.#kernel.openBody();
    this.#body = undefined;
    let kept = false;
    try {
      const result = work(body);
      kept = largestArea(body) <= KEPT_BYTES;
      return result;
    } finally {
      if (kept) this.#body = body;
      else body.release();
      this.#afterBody();
    }
  }

  #afterBody(): void {
    if (++this.#bodies % SWEEP_BODIES !== 0) return;
    const nowMs = this.#clock.monotonic();
    if (nowMs - this.#periodStartMs >= PERIOD_MS) {
      this.#periodStartMs = nowMs;
      this.#bodiesBefore = { period: this.#bodies, last: this.#bodiesBefore.period };
    }
    const isFull = this.identityCount > this.#identitiesMax;
    // Too many: those go that were not seen since it was last so, of all of them at once.
    const since = isFull ? this.#bodiesBefore.period : this.#bodiesBefore.last;
    const count = isFull ? 2 * this.#identitiesMax : SWEEP_IDENTITIES;
    this.#kernel.sweepIdentities(count, this.#bodies - since);
    if (isFull) this.#bodiesBefore = { period: this.#bodies, last: this.#bodies };
  }
}

/** Puts bytes, and an ending after them, into the input of a body. @throws KernelMemoryError */
export function fillInput(body: KernelBody, bytes: Uint8Array, ending?: Uint8Array): void {
  const lengthBytes = bytes.length + (ending?.length ?? 0);
  // In powers of two, so that bodies that grow bit by bit do not move it each time.
  const roomBytes = 2 ** Math.max(16, 32 - Math.clz32(Math.max(1, lengthBytes) - 1));
  const input = body.input(roomBytes);
  input.set(bytes);
  if (ending !== undefined) input.set(ending, bytes.length);
  body.setInputLength(lengthBytes);
}

/** The message of a body; a view, valid until the next call into the kernel. */
export function messageBytes(body: KernelBody): Uint8Array {
  const { start, length } = body.message();
  return body.bytes().subarray(start, start + length);
}

/** Size of what the body read, and of what it made of it, in bytes. */
function largestArea(body: KernelBody): number {
  return Math.max(body.message().length, COLUMN_BYTES * body.counts().series);
}
