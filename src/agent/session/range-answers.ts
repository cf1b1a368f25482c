import type { PullRange, RangeGone, Sealed, StreamExtent } from '../../formats/tide/index.ts';
import { frameBytes, LANE_REPAIR, SEQ_RANGES_MAX } from '../../formats/tide/index.ts';
import type { SendQueue } from '../flow/send-queue.ts';
import { PullAnswer } from './pull-answer.ts';
import type { RetainedFrames } from './session-options.ts';
import type { AgentMessage, AgentOutput } from './session-output.ts';

/** Answers read from the ring ahead of what the repair lane could send. */
const REPAIR_AHEAD_BYTES = 65_536;

type ReadRing = Extract<AgentOutput, { kind: 'READ_RING' }>;

export interface RangeAnswersOptions {
  /** The epoch of this run. */
  readonly epoch: number;
  readonly ring: Pick<RetainedFrames, 'extents' | 'previous' | 'schemas'>;
  readonly queue: SendQueue<AgentMessage>;
  /** Asks for a frame of the ring; the answer goes to `ringRead`. */
  readRing(read: ReadRing): void;
}

/**
 * Answers to PULL_RANGE in one session: frames from the ring on the repair lane, a little ahead of
 * what its credit lets go, and at the end what is gone. What an epoch's frames cannot be read
 * without, its schemas, goes out once before them.
 */
export class RangeAnswers {
  readonly #options: RangeAnswersOptions;
  #pulls: PullAnswer[] = [];
  /** Epochs whose schemas went out in this session. */
  readonly #schemasSent = new Set<number>();

  constructor(options: RangeAnswersOptions) {
    this.#options = options;
  }

  /** Whether something that was asked for is not sent yet. */
  get isBusy(): boolean {
    return this.#pulls.length > 0 || this.#options.queue.queuedBytes('repair') > 0;
  }

  /** The schemas of an epoch went out in another way. */
  schemasSent(epoch: number): void {
    this.#schemasSent.add(epoch);
  }

  /** The session is over. */
  clear(): void {
    this.#pulls = [];
    this.#schemasSent.clear();
  }

  begin(request: PullRange, nowMs: number): void {
    this.#drop();
    const pull = new PullAnswer(request, nowMs);
    const { epoch, stream } = request;
    const extents = this.#extents(request);
    const extent = extents?.find((other) => other.stream === stream) ?? {
      ...{ firstRetained: 1, lastSeq: 0 },
    };
    const schemas = extents === undefined ? [] : this.#options.ring.schemas(epoch);
    // Schemas outlive the batches around them, so a low number may still be there.
    if (!this.#schemasSent.has(epoch)) {
      for (const schema of schemas) {
        this.#send(request.requestId, schema, nowMs);
        if (schema.stream === stream) pull.read(schema.seq, frameBytes(schema.payload.length));
      }
    }
    if (extents !== undefined) this.#schemasSent.add(epoch);
    const kept = schemas.filter((other) => other.stream === stream).map(({ seq }) => seq);
    let from = 1;
    for (const seq of [...kept, extent.firstRetained]) {
      if (seq > extent.firstRetained) break;
      pull.gone(from, seq - 1, 'EVICTED');
      from = seq + 1;
    }
    pull.gone(extent.lastSeq + 1, Number.MAX_SAFE_INTEGER, 'NEVER_SEALED');
    this.#pulls.push(pull);
    this.goOn(nowMs);
  }

  /** What READ_RING found: the frame, or nothing. False where nobody waits for it any more. */
  ringRead(
    key: { requestId: number; seq: number },
    sealed: Sealed | undefined,
    nowMs: number,
  ): boolean {
    const pull = this.#pulls.find(({ request }) => request.requestId === key.requestId);
    if (pull === undefined || pull.reading !== key.seq) return false;
    if (sealed === undefined) {
      pull.gone(key.seq, key.seq, 'DAMAGED');
    } else {
      pull.read(key.seq, frameBytes(sealed.payload.length));
      this.#send(key.requestId, sealed, nowMs);
    }
    this.goOn(nowMs);
    return true;
  }

  /** Reads on as far as that is of use, and ends what is out of time. */
  goOn(nowMs: number): void {
    const { queue } = this.#options;
    const done: PullAnswer[] = [];
    for (const pull of this.#pulls) {
      if (pull.reading !== undefined) continue;
      // Read ahead only a little: the rest is better off in the ring.
      if (queue.queuedBytes('repair') > REPAIR_AHEAD_BYTES) break;
      const seq = pull.next(nowMs);
      if (seq === undefined) {
        for (const gone of pull.rest(nowMs, SEQ_RANGES_MAX)) this.#gone(gone, nowMs);
        done.push(pull);
        continue;
      }
      const { requestId, epoch, stream } = pull.request;
      this.#options.readRing({ kind: 'READ_RING', requestId, epoch, stream, seq });
    }
    this.#pulls = this.#pulls.filter((pull) => !done.includes(pull));
  }

  /** The collector asks for one thing at a time: it has given up what it asked for before. */
  #drop(): void {
    this.#pulls = [];
    for (const frame of this.#options.queue.drop('repair')) {
      const isSchema = frame.type === 'RANGE_DATA' && frame.sealed.type === 'SCHEMA';
      if (isSchema) this.#schemasSent.delete(frame.sealed.epoch);
    }
  }

  /**
   * What is held of an epoch; undefined of one that is not known, or is that of another process
   * with the same number.
   */
  #extents({ epoch, nonce }: PullRange): readonly StreamExtent[] | undefined {
    const { ring } = this.#options;
    if (epoch === this.#options.epoch) return ring.extents();
    const former = ring.previous().find((other) => other.epoch === epoch);
    const isOther = nonce !== undefined && former?.nonce !== undefined && former.nonce !== nonce;
    return isOther ? undefined : former?.streams;
  }

  // Behind the data that it ends, so that the collector never sees the end first.
  #gone(frame: RangeGone, nowMs: number): void {
    const { queue } = this.#options;
    queue.push('repair', { lane: LANE_REPAIR, sizeBytes: 0, queuedMs: nowMs, frame });
  }

  #send(requestId: number, sealed: Sealed, nowMs: number): void {
    this.#options.queue.push('repair', {
      lane: LANE_REPAIR,
      sizeBytes: frameBytes(sealed.payload.length),
      queuedMs: nowMs,
      frame: { type: 'RANGE_DATA', requestId, sealed },
    });
  }
}
