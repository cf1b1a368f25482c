import { TokenBucket } from './token-bucket.ts';

/** Missing sequence numbers that may be pulled. */
export interface RepairGap {
  readonly agentId: string;
  readonly epoch: number;
  readonly stream: number;
  readonly from: number;
  readonly to: number;
  /** Since when it is known to be missing. */
  readonly sinceMs: number;
  /** Until the agent forgets it; a guess will do. */
  readonly timeToEvictionMs: number;
  /** Class A weighs more than B, B more than C. */
  readonly classWeight: number;
  /** An alert that is pending waits for this time. */
  readonly inAlertWindow: boolean;
}

export interface RepairRequest {
  readonly requestId: number;
  readonly agentId: string;
  readonly epoch: number;
  readonly stream: number;
  readonly ranges: readonly { readonly from: number; readonly to: number }[];
  readonly budgetBytes: number;
  readonly timeoutMs: number;
}

export interface RepairOptions {
  /** Bytes a second that repair of all agents may take, and at once. */
  readonly bytesPerSecond: number;
  readonly burstBytes: number;
  /** Most that one request asks for. */
  readonly requestBytes: number;
  /** Waited at least before a gap is pulled: the frame may still be on its way. */
  readonly nackDelayMs: number;
  /** Waited at least for the first answer; doubled after each failure. */
  readonly timeoutMs: number;
}

const DEFAULT_REPAIR_OPTIONS: RepairOptions = {
  bytesPerSecond: 4 * 1024 * 1024,
  burstBytes: 1024 * 1024,
  requestBytes: 256 * 1024,
  nackDelayMs: 250,
  timeoutMs: 2000,
};

/** After so many requests in vain, the agent is left alone until it is heard of again. */
const FAILURES_MAX = 3;
/** Ranges in one request; the protocol's limit. */
const RANGES_MAX = 64;
const ALERT_FACTOR = 8;
/** Assumed of a sealed frame until some have been seen. */
const FRAME_BYTES_GUESS = 2048;
/** Weight of the newest frame in the mean size. */
const FRAME_WEIGHT = 1 / 16;
/** Times to eviction below this are all the same: now. */
const EVICTION_MS_MIN = 1000;

/** What may be asked for at once; at least one frame where there is anything left. */
interface Most {
  readonly count: number;
  readonly sizeBytes: number;
}

/** What one agent could be asked for now. */
interface DueGaps {
  best: RepairGap;
  bestPriority: number;
  readonly gaps: RepairGap[];
}

interface AgentRepair {
  rttMs: number;
  failures: number;
  inFlight: { readonly request: RepairRequest; deadlineMs: number } | undefined;
  spentBytes: number;
  gotBytes: number;
}

/**
 * Decides which gaps are pulled when: the most urgent first, one request per agent at a time, and
 * all of them within one budget, so that a collector that restarts does not flood itself. Pure: it
 * is told the time and what happened, and says what to ask for.
 */
export class RepairScheduler {
  readonly #options: RepairOptions;
  readonly #bucket: TokenBucket;
  readonly #agents = new Map<string, AgentRepair>();
  #lastId = 0;
  #frameBytes = FRAME_BYTES_GUESS;

  constructor(options: Partial<RepairOptions> = {}) {
    this.#options = { ...DEFAULT_REPAIR_OPTIONS, ...options };
    this.#bucket = new TokenBucket(this.#options.bytesPerSecond, this.#options.burstBytes);
  }

  /** The agent can be asked from now on. */
  connect(agentId: string, rttMs = 0): void {
    this.#agents.set(agentId, {
      rttMs,
      failures: 0,
      inFlight: undefined,
      spentBytes: 0,
      gotBytes: 0,
    });
  }

  /** The agent is gone; its request, if one was under way, is no more. */
  disconnect(agentId: string): RepairRequest | undefined {
    const request = this.#agents.get(agentId)?.inFlight?.request;
    this.#agents.delete(agentId);
    return request;
  }

  /** A heartbeat: an agent that did not answer is asked again. */
  heard(agentId: string, rttMs?: number): void {
    const agent = this.#agents.get(agentId);
    if (agent === undefined) return;
    agent.rttMs = rttMs ?? agent.rttMs;
    if (agent.failures >= FAILURES_MAX) agent.failures = 0;
  }

  /** Whether the agent may be asked now, if it has gaps and there is budget. */
  idle(agentId: string): boolean {
    const agent = this.#agents.get(agentId);
    return agent !== undefined && agent.inFlight === undefined && agent.failures < FAILURES_MAX;
  }

  /** The most urgent request among `gaps` that may be made now. Counts as sent. */
  next(gaps: readonly RepairGap[], nowMs: number): RepairRequest | undefined {
    return this.#requests(gaps, nowMs, { count: 1, sizeBytes: Infinity })[0];
  }

  /**
   * The requests among `gaps` that may be made now, the most urgent first, at most one for each
   * agent. They count as sent. Costs a look at each gap, however many agents have some.
   *
   * @param roomBytes for answers, those under way included: beyond the budget, which knows nothing
   *   of what else there is to do
   */
  round(gaps: readonly RepairGap[], nowMs: number, roomBytes = Infinity): RepairRequest[] {
    const sizeBytes = roomBytes === Infinity ? Infinity : roomBytes - this.#awaitedBytes();
    return this.#requests(gaps, nowMs, { count: Infinity, sizeBytes });
  }

  /** What requests under way are still to bring. */
  #awaitedBytes(): number {
    let sizeBytes = 0;
    for (const { inFlight, spentBytes, gotBytes } of this.#agents.values()) {
      if (inFlight !== undefined) sizeBytes += Math.max(0, spentBytes - gotBytes);
    }
    return sizeBytes;
  }

  /**
   * An answer brought this many bytes of one sealed frame: one that comes bit by bit is waited
   * for.
   */
  received(agentId: string, sizeBytes: number, nowMs: number): void {
    this.#frameBytes += (sizeBytes - this.#frameBytes) * FRAME_WEIGHT;
    const agent = this.#agents.get(agentId);
    if (agent === undefined) return;
    agent.gotBytes += sizeBytes;
    const { inFlight } = agent;
    if (inFlight === undefined) return;
    inFlight.deadlineMs = Math.max(inFlight.deadlineMs, nowMs + inFlight.request.timeoutMs);
  }

  /** The request under way with this agent, if it has that id. */
  underWay(agentId: string, requestId: number): RepairRequest | undefined {
    const request = this.#agents.get(agentId)?.inFlight?.request;
    return request?.requestId === requestId ? request : undefined;
  }

  /** The request was answered to its end. */
  complete(agentId: string): void {
    const agent = this.#agents.get(agentId);
    if (agent?.inFlight === undefined) return;
    agent.failures = 0;
    this.#end(agent);
  }

  /** Requests whose time is over; what they did not bring is missing again. */
  expire(nowMs: number): RepairRequest[] {
    const expired: RepairRequest[] = [];
    for (const agent of this.#agents.values()) {
      if (agent.inFlight === undefined || agent.inFlight.deadlineMs > nowMs) continue;
      expired.push(agent.inFlight.request);
      // Some of it came: slow, but no failure.
      agent.failures = agent.gotBytes > 0 ? 0 : agent.failures + 1;
      this.#end(agent);
    }
    return expired;
  }

  #requests(gaps: readonly RepairGap[], nowMs: number, most: Most): RepairRequest[] {
    let leftBytes = most.sizeBytes;
    if (leftBytes <= 0 || !this.#bucket.ready(nowMs)) return [];
    const due = [...this.#dueGaps(gaps, nowMs).values()];
    due.sort((a, b) => b.bestPriority - a.bestPriority);
    const requests: RepairRequest[] = [];
    for (const { best, gaps: others } of due) {
      if (requests.length >= most.count || leftBytes <= 0 || !this.#bucket.ready(nowMs)) break;
      const together = others.filter(
        ({ epoch, stream }) => epoch === best.epoch && stream === best.stream,
      );
      const request = this.#request(best, together, leftBytes, nowMs);
      requests.push(request);
      leftBytes -= this.#agents.get(request.agentId)?.spentBytes ?? 0;
    }
    return requests;
  }

  #dueGaps(gaps: readonly RepairGap[], nowMs: number): Map<string, DueGaps> {
    const byAgent = new Map<string, DueGaps>();
    for (const gap of gaps) {
      if (!this.#isDue(gap, nowMs)) continue;
      const urgency = priority(gap);
      const due = byAgent.get(gap.agentId);
      if (due === undefined) {
        byAgent.set(gap.agentId, { best: gap, bestPriority: urgency, gaps: [gap] });
        continue;
      }
      due.gaps.push(gap);
      if (urgency <= due.bestPriority) continue;
      due.best = gap;
      due.bestPriority = urgency;
    }
    return byAgent;
  }

  #isDue(gap: RepairGap, nowMs: number): boolean {
    const agent = this.#agents.get(gap.agentId);
    if (agent === undefined || agent.inFlight !== undefined) return false;
    if (agent.failures >= FAILURES_MAX) return false;
    return nowMs - gap.sinceMs >= Math.max(2 * agent.rttMs, this.#options.nackDelayMs);
  }

  #request(
    best: RepairGap,
    due: readonly RepairGap[],
    leftBytes: number,
    nowMs: number,
  ): RepairRequest {
    const agent = this.#agents.get(best.agentId) as AgentRepair;
    const mostBytes = Math.min(this.#options.requestBytes, leftBytes);
    let left = Math.max(1, Math.floor(mostBytes / this.#frameBytes));
    const ranges: { from: number; to: number }[] = [];
    let count = 0;
    for (const { from, to } of [best, ...due.filter((gap) => gap !== best)]) {
      if (left === 0 || ranges.length === RANGES_MAX) break;
      const end = Math.min(to, from + left - 1);
      ranges.push({ from, to: end });
      left -= end - from + 1;
      count += end - from + 1;
    }
    const request: RepairRequest = {
      requestId: ++this.#lastId,
      agentId: best.agentId,
      epoch: best.epoch,
      stream: best.stream,
      ranges: joined(ranges),
      budgetBytes: this.#options.requestBytes,
      timeoutMs: Math.max(4 * agent.rttMs, this.#options.timeoutMs) * 2 ** agent.failures,
    };
    agent.inFlight = { request, deadlineMs: nowMs + request.timeoutMs };
    agent.spentBytes = Math.min(this.#options.requestBytes, count * this.#frameBytes);
    agent.gotBytes = 0;
    this.#bucket.spend(agent.spentBytes);
    return request;
  }

  #end(agent: AgentRepair): void {
    this.#bucket.spend(agent.gotBytes - agent.spentBytes);
    agent.inFlight = undefined;
  }
}

/** Urgency of a gap: what is forgotten sooner, weighs more, or is waited for, goes first. */
export function priority(gap: RepairGap): number {
  const urgency = gap.classWeight / Math.max(EVICTION_MS_MIN, gap.timeToEvictionMs);
  return gap.inAlertWindow ? ALERT_FACTOR * urgency : urgency;
}

/** Ascending, and those that touch made one. */
function joined(ranges: { from: number; to: number }[]): { from: number; to: number }[] {
  ranges.sort((a, b) => a.from - b.from);
  const result: { from: number; to: number }[] = [];
  for (const range of ranges) {
    const last = result.at(-1);
    if (last !== undefined && last.to >= range.from - 1) last.to = Math.max(last.to, range.to);
    else result.push({ ...range });
  }
  return result;
}
