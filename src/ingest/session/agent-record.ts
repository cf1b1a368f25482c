import type {
  Hello,
  PreviousEpoch,
  Rejection,
  SchemaChange,
  Sealed,
} from '../../formats/tide/index.ts';
import {
  AgentLedger,
  type EpochLedger,
  type Gap,
  type SessionCredit,
  type SettledBatch,
} from '../../sources/index.ts';
import { ClockOffset } from './clock-offset.ts';
import type { IntervalSet } from '../../util/index.ts';
import { HeldBack } from './held-back.ts';
import type { StoredRange } from './repair-rounds.ts';
import type { AppliedFrame, SealedContent, SessionOutput, StateChange } from './session-output.ts';
import type { SealedPlace } from './session-table.ts';

/** The connection that an agent is on. */
export interface AgentSession {
  readonly connection: number;
  readonly sessionId: string;
  readonly epoch: number;
  readonly credit: SessionCredit;
  /** Credit of the live lane at which the agent said that a frame waits for more; -1 for never. */
  blockedAtBytes: number;
  lastHeardMs: number;
  lastLiveMs: number;
  echoMs: number;
  rejections: Rejection[];
  /** When the last ACK or WELCOME went out. */
  lastAckMs: number;
  /** Something was stored that no ACK told of. */
  ackOwed: boolean;
  /** Frames on their way to the store that a heartbeat asked for: told of as soon as stored. */
  askedFrames: number;

  /** WELCOME waits until the epoch is safe from a crash; undefined when it was sent. */
  opening: { readonly token: number; readonly hello: Hello } | undefined;
  pull: PullState | undefined;
}

/** A PULL_RANGE under way. */
export interface PullState {
  readonly requestId: number;
  readonly epoch: number;
  readonly stream: number;
  /** Not answered yet. */
  readonly left: IntervalSet;
  /** Retained, but the answer had no room or no time left for it. */
  readonly putOff: IntervalSet;
  /** Stored ones that are pulled again. */
  readonly again: boolean;
}

/** What is to be stored by one commit. */
export type ApplyJob<Body> = Pick<
  Extract<SessionOutput<Body>, { kind: 'APPLY' }>,
  'frames' | 'states' | 'receivedMs'
>;

export interface Waiting<Body> {
  readonly frame: AppliedFrame<Body>;
  readonly receivedMs: number;
  /** The lane that its bytes are charged to, and how many. */
  readonly lane: number;
  readonly sizeBytes: number;
  readonly connection: number;
}

/** A write under way. */
interface Applying<Body> {
  readonly token: number;
  readonly frames: readonly Waiting<Body>[];
  /** What is written with them; none until that is known. */
  states: readonly StateChange[];
}

export interface EpochGap extends Gap {
  readonly epoch: number;
  readonly stream: number;
}

/** Frames stored by one commit, at most. */
const APPLY_MAX = 256;

/** Everything the collector holds of one agent. */
export class AgentRecord<Body> {
  readonly ledger: AgentLedger;
  readonly clock = new ClockOffset();
  session: AgentSession | undefined;
  up: 0 | 1 = 0;
  /** Received and not handed out to be stored. */
  waiting: Waiting<Body>[] = [];
  applying: Applying<Body> | undefined;
  /** Epochs that a collector knows after a crash. */
  readonly durableEpochs = new Set<number>();
  /** Epochs before its own that the agent has something of. */
  readonly held = new Set<number>();
  /** Epochs whose state changed without samples. */
  readonly dirty = new Set<number>();
  /** Newest schema version received, by epoch, durable or not. */
  readonly #schemaReceived = new Map<number, number>();
  /** What cannot be read before its schema comes, by epoch. */
  readonly #heldBack = new Map<number, HeldBack>();
  duplicateCount = 0;
  /** The state that was loaded left open what the store refused of some batches. */
  mayBeUnconfirmed = false;

  constructor(agentId: string) {
    this.ledger = new AgentLedger(agentId);
  }

  /** When the oldest frame that is not stored came in. */
  get oldestMs(): number | undefined {
    return this.applying?.frames[0]?.receivedMs ?? this.waiting[0]?.receivedMs;
  }

  /** What the agent says it has of epochs before its own. */
  holds(previous: readonly PreviousEpoch[]): void {
    this.held.clear();
    for (const extent of previous) {
      const { epoch, streams } = extent;
      if (!this.ledger.isOf(extent)) continue;
      if (streams.some(({ firstRetained, lastSeq }) => firstRetained <= lastSeq)) {
        this.held.add(epoch);
      }
    }
  }

  /** The epoch is not told apart any more. */
  forget(epoch: number): void {
    this.durableEpochs.delete(epoch);
    this.dirty.delete(epoch);
    this.#schemaReceived.delete(epoch);
    this.#heldBack.delete(epoch);
  }

  /** Whether a frame of the epoch is on its way to the store, be it one that was stored before. */
  isUnderWay(epoch: number): boolean {
    const isOf = ({ frame }: Waiting<Body>): boolean => frame.sealed.epoch === epoch;
    return this.waiting.some(isOf) || this.applying?.frames.some(isOf) === true;
  }

  /** Whether something that was pulled again is on its way to the store. */
  get isApplyingAgain(): boolean {
    const isAgain = ({ frame }: Waiting<Body>): boolean => frame.again;
    return this.waiting.some(isAgain) || this.applying?.frames.some(isAgain) === true;
  }

  schemaReceived(epoch: EpochLedger): number {
    return Math.max(epoch.schemaVersion, this.#schemaReceived.get(epoch.epoch) ?? 0);
  }

  noteSchema(epoch: number, change: SchemaChange): void {
    const known = this.#schemaReceived.get(epoch) ?? 0;
    this.#schemaReceived.set(epoch, Math.max(known, change.version));
    const groups = change.series.map(({ group }) => group);
    this.ledger.heardSeries(epoch, change.version, groups);
    this.#heldBack.delete(epoch);
  }

  /** A frame came by repair whose schema is not here: pulling it again must wait for that. */
  holdBack({ epoch, stream, seq }: Sealed, content: SealedContent<Body>): void {
    const held = this.#heldBack.get(epoch) ?? new HeldBack();
    this.#heldBack.set(epoch, held);
    held.add({ stream, seq, accounts: accountsOf(content) });
  }

  /** What is missing and worth asking for, in all epochs. */
  gaps(): EpochGap[] {
    // Fast path: nothing is, in almost every agent almost all of the time.
    if (this.ledger.missingCount === 0) return [];
    return this.ledger.epochs.flatMap(({ epoch, lanes }) =>
      lanes.flatMap((lane, stream) => {
        const held = this.#heldBack.get(epoch)?.numbers(stream);
        return lane.gaps().flatMap((gap) => {
          const parts = held?.gaps(gap.from, gap.to) ?? [gap];
          return parts.map((part) => ({ ...part, sinceMs: gap.sinceMs, epoch, stream }));
        });
      }),
    );
  }

  /** Stored numbers to be pulled again, as it is not known what the store refused of them. */
  unconfirmed(): StoredRange | undefined {
    const { agentId, currentEpoch } = this.ledger;
    for (const { epoch, lanes } of this.ledger.epochs) {
      for (const [stream, lane] of lanes.entries()) {
        const [range] = lane.unconfirmed.ranges();
        if (range === undefined) continue;
        if (epoch === currentEpoch || this.held.has(epoch)) {
          return { agentId, epoch, stream: stream === 0 ? 0 : 1, ...range };
        }
        // Nobody can say any more: what the record says stands.
        lane.unconfirmed.clear();
        this.dirty.add(epoch);
      }
    }
    this.mayBeUnconfirmed = false;
    return undefined;
  }

  /**
   * Rejects what is held back where nothing else of the epoch is missing, so that its schema cannot
   * come any more; what that was.
   */
  rejectHopeless(nowMs: number): SealedPlace[] {
    const rejected: SealedPlace[] = [];
    for (const [number, held] of this.#heldBack) {
      const epoch = this.ledger.epoch(number);
      const mayCome = epoch?.lanes.some(
        (lane, stream) =>
          lane.received.size > 0 ||
          lane.missing().some(({ from, to }) => held.numbers(stream)?.covers(from, to) !== true),
      );
      if (epoch === undefined || mayCome === true) continue;
      for (const { stream, seq, accounts } of held.frames()) {
        epoch.reject({ stream, seq }, nowMs, accounts);
        rejected.push({ epoch: number, stream, seq });
      }
      this.#heldBack.delete(number);
    }
    return rejected;
  }

  /** Hands out what waits to be stored, with the state that belongs to it; one at a time. */
  beginApply(token: number, nowMs: number): ApplyJob<Body> | undefined {
    if (this.applying !== undefined || this.waiting.length === 0) return undefined;
    let frames = this.waiting;
    if (frames.length <= APPLY_MAX) this.waiting = [];
    else frames = this.waiting.splice(0, APPLY_MAX);
    const applying: Applying<Body> = { token, frames, states: [] };
    this.applying = applying;
    const receivedMs = frames.at(-1)?.receivedMs ?? nowMs;
    // Fast path: one frame, as nearly always.
    if (frames.length === 1) {
      const { frame } = frames[0] as Waiting<Body>;
      const { epoch } = frame.sealed;
      applying.states = [this.#stateWith(epoch, frame.again ? [] : [settledOf(frame)], nowMs)];
      return { frames: [frame], states: applying.states, receivedMs };
    }
    const byEpoch = new Map<number, SettledBatch[]>();
    for (const { frame } of frames) {
      const { epoch } = frame.sealed;
      const batches = byEpoch.get(epoch) ?? [];
      byEpoch.set(epoch, batches);
      if (!frame.again) batches.push(settledOf(frame));
    }
    applying.states = [...byEpoch].map(([epoch, batches]) => {
      return this.#stateWith(epoch, batches, nowMs);
    });
    return { frames: frames.map(({ frame }) => frame), states: applying.states, receivedMs };
  }

  #stateWith(epoch: number, batches: readonly SettledBatch[], nowMs: number): StateChange {
    this.dirty.delete(epoch);
    const value = this.ledger.encodeSettled(epoch, batches, nowMs);
    return { key: this.ledger.stateKey(epoch), value };
  }

  /** A write failed: schemas that were in it are not known any more. */
  forgetSchemas(): void {
    this.#schemaReceived.clear();
    // What waits may need them: it is pulled again, behind them.
    for (const { frame } of this.waiting) {
      if (!frame.again) this.ledger.epoch(frame.sealed.epoch)?.drop(frame.sealed);
    }
    this.waiting = [];
  }
}

/** What the ledger has to know of a frame. */
export function accountsOf<Body>(content: SealedContent<Body>): SettledBatch['accounts'] {
  return content.kind === 'BATCH' ? content.head.coverage : [];
}

function settledOf<Body>({ sealed, content, byRepair }: AppliedFrame<Body>): SettledBatch {
  const { stream, seq }: Sealed = sealed;
  const schemaVersion = content.kind === 'SCHEMA' ? content.change.version : 0;
  return { stream, seq, byRepair, accounts: accountsOf(content), schemaVersion };
}
