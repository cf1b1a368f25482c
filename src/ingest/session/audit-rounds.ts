import type {
  Audit,
  AuditResult,
  AuditWindow,
  ControlMessage,
  Hash64,
  LaneRange,
  Stream,
} from '../../formats/tide/index.ts';
import { hashBytes } from '../../formats/tide/index.ts';
import type { AgentRecord, PullState } from './agent-record.ts';
import type { StoredRange } from './repair-rounds.ts';

export interface AuditOptions {
  /** Time between two audits of an agent; 0 for none. */
  readonly intervalMs: number;
  /** What an audit looks at: the time up to now, less what may still be under way. */
  readonly windowMs: number;
  /** Samples younger than that may still be under way. */
  readonly settleMs: number;
}

/**
 * What an audit, or one window of it, came to. MATCH: the store has what the agent has. REPAIRED:
 * it has it now. UNEXPLAINED: pulling it again did not help; the store refused some of it, or has
 * other values. UNANSWERED: the agent or the store did not say.
 */
export const AUDIT_OUTCOMES = ['MATCH', 'REPAIRED', 'UNEXPLAINED', 'UNANSWERED'] as const;
export type AuditOutcome = (typeof AUDIT_OUTCOMES)[number];

/** A span of a group's samples whose count and hash are wanted of the store. */
export interface DigestQuestion {
  readonly agentId: string;
  readonly epoch: number;
  readonly group: number;
  readonly token: number;
  /** Both ends included. */
  readonly windows: readonly { readonly minTime: number; readonly maxTime: number }[];
}

/** Count and hash of what the store has in a window. */
export interface StoreDigest {
  readonly count: number;
  readonly hash: Hash64;
}

export interface AuditActions {
  send(connection: number, message: ControlMessage): void;
  /** Asks the store; the answer goes to `digested`. */
  digest(question: DigestQuestion): void;
  /** Pulls what is stored again, or the first part of it; undefined while it has to wait. */
  pullAgain(range: StoredRange, nowMs: number): PullState | undefined;
  ended(agentId: string, outcome: AuditOutcome): void;
}

/** Agents that are audited at the same time, at most. */
const AUDITS_MAX = 4;
/** Windows of the first question, and of those that look closer. */
const FIRST_PARTS = 32;
const BISECT_PARTS = 8;
/** Frames of a window that are pulled without a closer look. */
const FRAMES_MAX = 64;
/** Times that a window is pulled before it counts as unexplained. */
const ROUNDS_MAX = 3;
/** An agent, or the store, that does not answer within that has no answer. */
const ANSWER_MS = 60_000;
/** An audit that has not come to its end after that is given up. */
const RUN_MS_MAX = 600_000;

interface Task {
  readonly group: number;
  readonly minTime: number;
  readonly maxTime: number;
  readonly parts: number;
  /** How often it was pulled. */
  readonly round: number;
}

interface Question {
  readonly task: Task;
  readonly requestId: number;
  readonly sinceMs: number;
}

interface Pulling {
  readonly task: Task;
  /** To be asked for. */
  left: LaneRange[];
  /** Asked for last. */
  asked: Asked | undefined;
}

interface Asked {
  readonly stream: Stream;
  readonly pull: PullState;
  /** Frames that it asks for. */
  readonly count: number;
}

interface AuditRun {
  readonly sinceMs: number;
  readonly epoch: number;
  readonly connection: number;
  readonly tasks: Task[];
  question: Question | undefined;
  result: AuditResult | undefined;
  readonly pulls: Pulling[];
  outcome: AuditOutcome;
}

/**
 * Anti-entropy: once in a while each agent is asked for count and hash of what it has, group by
 * group, and the store is asked for the same. Where they differ the span is cut until it is a few
 * frames, which are pulled again, and looked at once more. That finds what sequence numbers cannot
 * see: a disk that lost or changed what was stored.
 */
export class AuditRounds<Body> {
  readonly #agents: ReadonlyMap<string, AgentRecord<Body>>;
  readonly #actions: AuditActions;
  readonly #options: AuditOptions;
  readonly #nextMs = new Map<string, number>();
  readonly #runs = new Map<string, AuditRun>();
  #lastId = 0;

  constructor(
    agents: ReadonlyMap<string, AgentRecord<Body>>,
    options: AuditOptions,
    actions: AuditActions,
  ) {
    this.#agents = agents;
    this.#options = options;
    this.#actions = actions;
  }

  /** Agents that are being audited. */
  get running(): number {
    return this.#runs.size;
  }

  /** The agent has a session; `canAnswer` says whether it knows AUDIT. */
  connect(agentId: string, canAnswer: boolean, nowMs: number): void {
    const { intervalMs } = this.#options;
    if (intervalMs === 0 || !canAnswer) this.#nextMs.delete(agentId);
    else if (!this.#nextMs.has(agentId)) this.#nextMs.set(agentId, this.#nextTime(agentId, nowMs));
  }

  /** The session is over, and the audit with it. */
  disconnect(agentId: string): void {
    this.#runs.delete(agentId);
  }

  tick(nowMs: number): void {
    if (this.#options.intervalMs === 0) return;
    for (const [agentId, nextMs] of this.#nextMs) {
      if (nowMs >= nextMs && this.#runs.size < AUDITS_MAX) this.#begin(agentId, nowMs);
    }
    for (const [agentId, run] of this.#runs) this.#step(agentId, run, nowMs);
  }

  /** The agent's answer. */
  answered(agentId: string, result: AuditResult): void {
    const run = this.#runs.get(agentId);
    const question = run?.question;
    if (run === undefined || question?.requestId !== result.requestId) return;
    if (run.result !== undefined || result.windows.length !== question.task.parts) return;
    run.result = result;
    this.#actions.digest({
      agentId,
      epoch: run.epoch,
      group: question.task.group,
      token: question.requestId,
      windows: result.windows,
    });
  }

  /** The store's answer; undefined where it has none. */
  digested(
    agentId: string,
    token: number,
    digests: readonly StoreDigest[] | undefined,
    nowMs: number,
  ): void {
    const run = this.#runs.get(agentId);
    if (run?.question?.requestId !== token || run.result === undefined) return;
    const { question, result } = run;
    run.question = undefined;
    run.result = undefined;
    if (digests === undefined) run.outcome = 'UNANSWERED';
    else this.#compare(run, question.task, result, digests);
    this.#step(agentId, run, nowMs);
  }

  #begin(agentId: string, nowMs: number): void {
    const agent = this.#agents.get(agentId);
    const session = agent?.session;
    const epoch = session === undefined ? undefined : agent?.ledger.epoch(session.epoch);
    if (session === undefined || session.opening !== undefined || epoch === undefined) return;
    // What is known to be missing is repaired first.
    if (epoch.lanes.some(({ missingCount }) => missingCount > 0)) return;
    this.#nextMs.set(agentId, this.#nextTime(agentId, nowMs));
    const { windowMs, settleMs } = this.#options;
    const tasks: Task[] = [];
    for (const { group, intervalMs } of epoch.grids.values()) {
      const maxTime = Math.floor(nowMs - Math.max(settleMs, 3 * intervalMs));
      const minTime = Math.max(epoch.epoch, maxTime - windowMs + 1);
      if (maxTime < minTime) continue;
      const parts = Math.min(FIRST_PARTS, maxTime - minTime + 1);
      tasks.push({ group, minTime, maxTime, parts, round: 0 });
    }
    const { connection } = session;
    const state = { question: undefined, result: undefined, pulls: [], outcome: 'MATCH' as const };
    this.#runs.set(agentId, {
      ...{ sinceMs: nowMs, epoch: epoch.epoch, connection, tasks },
      ...state,
    });
  }

  #step(agentId: string, run: AuditRun, nowMs: number): void {
    const { question } = run;
    const isLate = question !== undefined && nowMs - question.sinceMs >= ANSWER_MS;
    if (isLate || nowMs - run.sinceMs >= RUN_MS_MAX) {
      this.#end(agentId, 'UNANSWERED');
      return;
    }
    if (question !== undefined) return;
    const [pulling] = run.pulls;
    if (pulling !== undefined) {
      if (!this.#pull(agentId, run, pulling, nowMs)) return;
      run.pulls.shift();
      run.tasks.push({ ...pulling.task, round: pulling.task.round + 1 });
    }
    const task = run.tasks.pop();
    if (task === undefined) {
      this.#end(agentId, run.outcome);
      return;
    }
    const { group, minTime, maxTime, parts } = task;
    const requestId = ++this.#lastId;
    run.question = { task, requestId, sinceMs: nowMs };
    const audit: Audit = { type: 'AUDIT', requestId, group, minTime, maxTime, parts };
    this.#actions.send(run.connection, audit);
  }

  #end(agentId: string, outcome: AuditOutcome): void {
    this.#runs.delete(agentId);
    this.#actions.ended(agentId, outcome);
  }

  /** Asks for what is left; whether all of it came. */
  #pull(agentId: string, run: AuditRun, pulling: Pulling, nowMs: number): boolean {
    const agent = this.#agents.get(agentId);
    if (agent?.session === undefined || agent.session.pull !== undefined) return false;
    if (agent.isApplyingAgain) return false;
    pulling.left = [...notBrought(pulling.asked), ...pulling.left];
    pulling.asked = undefined;
    const [range] = pulling.left;
    if (range === undefined) return true;
    const pull = this.#actions.pullAgain({ agentId, epoch: run.epoch, ...range }, nowMs);
    const last = pull?.left.last;
    if (pull === undefined || last === undefined) return false;
    const rest = last < range.to ? [{ ...range, from: last + 1 }] : [];
    pulling.left = [...rest, ...pulling.left.slice(1)];
    pulling.asked = { stream: range.stream, pull, count: pull.left.size };
    return false;
  }

  #compare(
    run: AuditRun,
    task: Task,
    { windows, retainedFrom }: AuditResult,
    digests: readonly StoreDigest[],
  ): void {
    for (const [index, window] of windows.entries()) {
      const digest = digests[index];
      // What is older than it retains an agent cannot vouch for.
      if (digest === undefined || window.minTime < retainedFrom) continue;
      if (isSame(window, digest)) {
        if (task.round > 0 && run.outcome === 'MATCH') run.outcome = 'REPAIRED';
        continue;
      }
      this.#differs(run, task, window);
    }
  }

  #differs(run: AuditRun, { group, round }: Task, window: AuditWindow): void {
    const { minTime, maxTime, ranges } = window;
    let frames = 0;
    for (const { from, to } of ranges) frames += to - from + 1;
    const span = maxTime - minTime + 1;
    if (round === 0 && frames > FRAMES_MAX && span > 1) {
      const parts = Math.min(BISECT_PARTS, span);
      run.tasks.push({ group, minTime, maxTime, parts, round });
    } else if (round < ROUNDS_MAX && frames > 0) {
      run.pulls.push({
        task: { group, minTime, maxTime, parts: 1, round },
        left: [...ranges],
        asked: undefined,
      });
    } else {
      run.outcome = 'UNEXPLAINED';
    }
  }

  /** Each agent has a moment of its own in the interval, so that they do not all come at once. */
  #nextTime(agentId: string, nowMs: number): number {
    const { intervalMs } = this.#options;
    const phaseMs = hashBytes(Buffer.from(agentId)).low % intervalMs;
    const lastMs = Math.floor((nowMs - phaseMs) / intervalMs) * intervalMs + phaseMs;
    return lastMs + intervalMs;
  }
}

/**
 * What a pull that is over did not bring, and may another time: an answer ends where it has no room
 * or no time left. Nothing where none of it came, so that the audit goes on.
 */
function notBrought(asked: Asked | undefined): LaneRange[] {
  if (asked === undefined) return [];
  const { stream, pull, count } = asked;
  const rest = pull.left.clone();
  rest.addAll(pull.putOff);
  return rest.size === count ? [] : rest.ranges().map((range) => ({ stream, ...range }));
}

function isSame({ count, hash }: AuditWindow, digest: StoreDigest): boolean {
  const { low, high } = digest.hash;
  return count === digest.count && hash.low === low && hash.high === high;
}
