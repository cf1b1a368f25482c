import type { Lease, LeaseReport } from '../../formats/tide/index.ts';
import { type FloatHistogram, isStaleAt, type Labels } from '../../model/index.ts';
import type { AgentDirectory } from './agent-directory.ts';
import type { AgentEntry } from './agent-entry.ts';
import {
  AgentRequestError,
  type AgentRequests,
  type ReadQuestion,
  type ReadResult,
} from './agent-requests.ts';
import type { OutgoingMessage } from './attached-connections.ts';
import type { BatchesInFlight } from './batches-in-flight.ts';
import type { LeaseRequests } from './lease-requests.ts';

/** Samples of one series in an answer to READ. */
export interface ReadSeries {
  readonly labels: Labels;
  readonly timestamps: number[];
  readonly values: number[];
  readonly histograms: { readonly timestamp: number; readonly histogram: FloatHistogram }[];
}

/** What a lease is to be, as LEASE has it. */
export type LeaseWish = Omit<Lease, 'type' | 'leaseId' | 'requestId'>;

export interface AgentQuestionsOptions {
  readonly agents: AgentDirectory;
  readonly requests: AgentRequests;
  readonly leases: LeaseRequests;
  readonly inFlight: BatchesInFlight;
  /** The first id of a lease is one more; no id that a collector gave before is given again. */
  readonly lastLeaseId: number;
  send(connection: number, message: OutgoingMessage, epoch: number): void;
}

/** READ and LEASE, over the connections that agents hold open. */
export class AgentQuestions {
  readonly #options: AgentQuestionsOptions;
  #lastLeaseId: number;
  /** To be called after the next commit. */
  #waiting: (() => void)[] = [];

  constructor(options: AgentQuestionsOptions) {
    this.#options = options;
    this.#lastLeaseId = options.lastLeaseId;
  }

  /**
   * Reads from an agent over its connection.
   * @throws AgentRequestError
   */
  read(agentId: string, question: ReadQuestion, signal?: AbortSignal): Promise<ReadResult> {
    const { requests } = this.#options;
    const entry = this.#connectedEntry(agentId);
    const send = (message: OutgoingMessage): void => {
      const { connection, epoch } = entry;
      if (connection !== undefined) this.#options.send(connection, message, epoch);
    };
    return requests.read(agentId, question, send, signal).then(async (result) => {
      await this.#schemasStored(entry);
      return result;
    });
  }

  /**
   * Gives, renews or (with no time to live) ends a lease; what the agent made of it.
   * @throws AgentRequestError where the agent refuses it, too
   */
  async lease(agentId: string, wanted: LeaseWish, leaseId?: number): Promise<LeaseReport> {
    const { connection = 0, epoch } = this.#connectedEntry(agentId);
    const requestId = ++this.#lastLeaseId;
    const lease: Lease = { type: 'LEASE', leaseId: leaseId ?? requestId, requestId, ...wanted };
    return this.#options.leases.ask(agentId, lease, (message) => {
      this.#options.send(connection, message, epoch);
    });
  }

  /**
   * What a READ's answer holds of series, named as they are stored; what the schema does not know
   * is left out, and so are staleness markers. Throws TideFormatError where the bytes are no batch.
   */
  seriesOf(agentId: string, body: Uint8Array): ReadSeries[] {
    const entry = this.#options.agents.get(agentId);
    const columns = this.#options.inFlight.openBody(body);
    const { seriesIds, timestamps, values, words, length, histograms } = columns;
    const found = new Map<number, ReadSeries>();
    for (let at = 0; at < length; at++) {
      if (isStaleAt(words, at)) continue;
      const id = seriesIds[at] ?? 0;
      let series = found.get(id);
      if (series === undefined) {
        const labels = entry?.catalog.find(entry.epoch, id)?.labels;
        if (labels === undefined) continue;
        series = { labels, timestamps: [], values: [], histograms: [] };
        found.set(id, series);
      }
      const timestamp = timestamps[at] ?? 0;
      const histogram = histograms?.[at];
      if (histogram !== undefined) {
        series.histograms.push({ timestamp, histogram });
        continue;
      }
      series.timestamps.push(timestamp);
      series.values.push(values[at] ?? 0);
    }
    return [...found.values()];
  }

  /** A commit is over: who waits for a schema looks again. */
  committed(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  /** Waits until the schemas that came so far, which an answer may need, are known. */
  async #schemasStored({ inFlight }: AgentEntry): Promise<void> {
    const schemas = [...inFlight].flatMap(([key, { content }]) => {
      return content.kind === 'SCHEMA' ? [key] : [];
    });
    while (schemas.some((key) => inFlight.has(key))) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  #connectedEntry(agentId: string): AgentEntry {
    const entry = this.#options.agents.get(agentId);
    if (entry === undefined) {
      throw new AgentRequestError('unknown_agent', `no agent ${JSON.stringify(agentId)} is known`);
    }
    if (entry.connection === undefined) {
      throw new AgentRequestError('not_connected', `agent ${agentId} has no session now`);
    }
    return entry;
  }
}
