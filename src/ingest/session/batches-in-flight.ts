import type { BatchColumns, Sealed } from '../../formats/tide/index.ts';
import type { AgentLedger } from '../../sources/index.ts';
import type { AgentEntry } from './agent-entry.ts';
import { BatchOpener, contentBytes } from './batch-body.ts';
import type { SealedContent } from './session-output.ts';

/** One agent's part of the bytes in flight. */
const AGENT_PART = 1 / 4;

/** Memory of what was received and is not stored: opened once, counted, given back when stored. */
export class BatchesInFlight {
  readonly #maxBytes: number;
  readonly #opener = new BatchOpener();
  /** Sealed frames opened during the call under way, kept or not. */
  readonly #opened: { sealed: Sealed; content: SealedContent<BatchColumns> }[] = [];
  #sizeBytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /**
   * What a sealed frame holds, until `settleOpened`.
   * @throws TidegaugeError
   */
  open(sealed: Sealed): SealedContent<BatchColumns> {
    const content = this.#opener.open(sealed);
    this.#opened.push({ sealed, content });
    return content;
  }

  /** The columns of an answer to READ. Throws TideFormatError. */
  openBody(body: Uint8Array): BatchColumns {
    return this.#opener.openBody(body);
  }

  /** Counts what the ledger took of that which was opened, and takes back the rest. */
  settleOpened(entry: AgentEntry | undefined, ledger: AgentLedger | undefined): void {
    for (const { sealed, content } of this.#opened) {
      const lane = ledger?.epoch(sealed.epoch)?.lane(sealed.stream);
      const isKept = lane?.received.has(sealed.seq) === true || lane?.durable.has(sealed.seq);
      if (entry !== undefined && isKept === true) {
        const sizeBytes = contentBytes(content, sealed.payload.length);
        entry.hold(sealed, content, sizeBytes);
        this.#sizeBytes += sizeBytes;
      } else if (content.kind === 'BATCH') {
        content.body.release();
      }
    }
    this.#opened.length = 0;
  }

  /**
   * To take in what was opened has failed, and nobody can say whether some of it waits for the
   * store: it is neither counted nor used again.
   */
  forgetOpened(): void {
    this.#opened.length = 0;
  }

  /** A frame is stored, or forgotten. */
  release(entry: AgentEntry, sealed: Sealed): void {
    const held = entry.release(sealed);
    if (held === undefined) return;
    this.#sizeBytes -= held.sizeBytes;
    if (held.content.kind === 'BATCH') held.content.body.release();
  }

  /** After a failed write the ledger has forgotten what waited behind it as well. */
  releaseForgotten(entry: AgentEntry, ledger: AgentLedger | undefined): void {
    for (const sealed of [...entry.inFlight.keys()]) {
      const lane = ledger?.epoch(sealed.epoch)?.lane(sealed.stream);
      if (lane?.received.has(sealed.seq) !== true) this.release(entry, sealed);
    }
  }

  /** Whether no more is to be read from the agent's connection. */
  isFull(entry: AgentEntry | undefined): boolean {
    const ownBytes = entry?.inFlightBytes ?? 0;
    return this.#sizeBytes > this.#maxBytes || ownBytes > this.#maxBytes * AGENT_PART;
  }
}
