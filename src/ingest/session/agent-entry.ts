import type { BatchColumns, Heartbeat, Hello, Policy, Sealed } from '../../formats/tide/index.ts';
import type { Labels } from '../../model/index.ts';
import { Labels as LabelSets } from '../../model/index.ts';
import { type AgentLedger, lossCounts } from '../../sources/index.ts';
import type { Storage } from '../../storage/api.ts';
import { refusedByReason, type WriteResult } from './batch-fill.ts';
import { BatchWriter } from './batch-writer.ts';
import { CountedLosses } from './counted-losses.ts';
import { agentLabels, type LifeSeries, lifeSeries } from './liveness.ts';
import { SchemaCatalog } from './schema-catalog.ts';
import { RefusalCounts } from './refusal-counts.ts';
import type { SealedContent } from './session-output.ts';

/** A frame that is received and not stored, and what it holds. */
export interface InFlight {
  readonly sizeBytes: number;
  readonly content: SealedContent<BatchColumns>;
}

export interface AgentEntryOptions {
  readonly storage: Storage;
  readonly stepMs: number;
  readonly maxSeries: number;
  readonly nowMs: number;
  /** What is known of it from before. */
  readonly ledger: AgentLedger | undefined;
}

/** What the shell around the sessions holds of one agent, beside the machine's own record. */
export class AgentEntry {
  readonly agentId: string;
  readonly catalog: SchemaCatalog;
  readonly writer: BatchWriter;
  labels: Labels;
  life: LifeSeries;
  /** The connection that it is on. */
  connection: number | undefined;
  epoch = 0;
  hello: Hello | undefined;
  heartbeat: Heartbeat | undefined;
  /** Sent last, in this session. */
  policy: Policy | undefined;
  /** Of the collector's start, if it was not heard of since. */
  lastHeardMs: number;
  /** Undefined until something is known of it in this process. */
  up: 0 | 1 | undefined;
  /** It said BYE: its series end when all that came is stored. */
  leaving = false;
  /** Its series have ended: it left, or was silent for too long. */
  gone = false;
  /** Epochs that ended without a BYE, and when the next began: in between it was down. */
  readonly absences = new Map<number, number>();
  /** By the frame itself: of each there is one object from its arrival to its commit. */
  readonly inFlight = new Map<Sealed, InFlight>();
  inFlightBytes = 0;
  /** What it could not read, or left out. */
  readonly losses: CountedLosses;
  /** What of it was refused since the collector's start. */
  readonly refusals = new RefusalCounts();
  storedCount = 0;
  rejectedCount = 0;
  conflictCount = 0;

  constructor(agentId: string, options: AgentEntryOptions) {
    const { storage, stepMs, maxSeries, nowMs, ledger } = options;
    this.agentId = agentId;
    this.losses = new CountedLosses(lossCounts(ledger));
    this.catalog = new SchemaCatalog(agentId, storage, maxSeries);
    this.writer = new BatchWriter(storage, this.catalog, stepMs, (epoch) => {
      return epoch === this.epoch ? this.hello?.groups : undefined;
    });
    this.labels = agentLabels(agentId, LabelSets.EMPTY);
    this.life = lifeSeries(this.labels);
    this.lastHeardMs = nowMs;
  }

  /** Labels that its credentials put on all of its series. */
  enforce(labels: Labels): void {
    this.catalog.enforce(labels);
    this.labels = agentLabels(this.agentId, labels);
    this.life = lifeSeries(this.labels);
  }

  /** Adds up what a commit stored of it. */
  count(result: WriteResult, nowMs: number): void {
    const { storedCount, rejectedCount, conflictCount } = result;
    if (rejectedCount > 0) {
      for (const [reason, samples] of refusedByReason(result)) {
        this.refusals.add(reason, { samples, frames: 0 }, nowMs);
      }
    }
    this.storedCount += storedCount;
    this.rejectedCount += rejectedCount;
    this.conflictCount += conflictCount;
  }

  /** Takes note of a frame that waits to be stored. */
  hold(sealed: Sealed, content: SealedContent<BatchColumns>, sizeBytes: number): void {
    this.inFlight.set(sealed, { sizeBytes, content });
    this.inFlightBytes += sizeBytes;
  }

  /** The frame is stored or forgotten; what was held of it. */
  release(sealed: Sealed): InFlight | undefined {
    const held = this.inFlight.get(sealed);
    if (held === undefined) return undefined;
    this.inFlight.delete(sealed);
    this.inFlightBytes -= held.sizeBytes;
    return held;
  }
}
