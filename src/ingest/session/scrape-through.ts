import { messageOf } from '../../model/index.ts';
import { ScrapeError, type ScrapeTransport } from '../pull/index.ts';
import { AgentRequestError, type ReadQuestion, type ReadResult } from './agent-requests.ts';

/** What scraping through an agent needs of the sessions. */
export interface ReadableAgents {
  /** @throws AgentRequestError */
  read(agentId: string, question: ReadQuestion, signal?: AbortSignal): Promise<ReadResult>;
}

/** As the agent bounds what it fetches from a target. */
const BUDGET_BYTES = 16 * 1024 * 1024;
const TIMEOUT_HEADER = 'x-prometheus-scrape-timeout-seconds';
const TIMEOUT_MS_DEFAULT = 10_000;

/**
 * Scrapes targets over the sessions of agents that can reach them: each scrape is a READ of the raw
 * exposition, and the agent answers for targets of its own list alone. An agent scrapes one target
 * at a time for all jobs together, so that a place is left for the READs of others.
 */
export function scrapeThrough(agents: ReadableAgents): (agentId: string) => ScrapeTransport {
  const turns = new Map<string, Promise<void>>();
  return (agentId) => ({
    async get(request, body, signal) {
      const before = turns.get(agentId) ?? Promise.resolve();
      let done = (): void => {};
      const mine = new Promise<void>((resolve) => (done = resolve));
      const turn = before.then(() => mine);
      turns.set(agentId, turn);
      try {
        await untilAborted(before, signal);
        const timeoutMs = Number(request.headers[TIMEOUT_HEADER]) * 1000;
        const question = questionOf(request.url, request.headers['accept'] ?? '', timeoutMs);
        const { chunks, contentType } = await read(agents, { agentId, question, signal });
        for (const chunk of chunks) body.append(chunk);
        return contentType;
      } finally {
        done();
        if (turns.get(agentId) === turn) turns.delete(agentId);
      }
    },
    // The connection is the agent's.
    close: () => Promise.resolve(),
  });
}

function questionOf(url: string, accept: string, timeoutMs: number): ReadQuestion {
  return {
    ...{ kind: 'EXPOSITION', selector: url, accept, minTime: 0, maxTime: 0, resolutionMs: 0 },
    budgetBytes: BUDGET_BYTES,
    timeoutMs: timeoutMs >= 1 ? Math.ceil(timeoutMs) : TIMEOUT_MS_DEFAULT,
  };
}

async function read(
  agents: ReadableAgents,
  ask: { readonly agentId: string; readonly question: ReadQuestion; readonly signal: AbortSignal },
): Promise<{ chunks: Uint8Array[]; contentType: string }> {
  const { agentId, question, signal } = ask;
  let result: ReadResult;
  try {
    result = await agents.read(agentId, question, signal);
  } catch (error) {
    if (signal.aborted) throw abortReason(signal);
    const failure =
      error instanceof AgentRequestError && error.failure === 'timeout' ? 'timeout' : 'connection';
    throw new ScrapeError(failure, messageOf(error), { cause: error });
  }
  const { status, message, chunkCount, contentType } = result.end;
  if (status !== 'OK') {
    const failure = status === 'TIMEOUT' ? 'timeout' : 'connection';
    throw new ScrapeError(failure, `agent ${agentId}, ${status}: ${message}`);
  }
  const chunks = result.chunks.map(({ data }) => data);
  if (chunks.length !== chunkCount) {
    const text = `agent ${agentId} sent ${chunks.length} of ${chunkCount} parts of an exposition`;
    throw new ScrapeError('connection', text);
  }
  return { chunks, contentType };
}

/** Waits for a turn, but not longer than the scrape has time. */
function untilAborted(turn: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(abortReason(signal));
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    void turn.then(() => {
      signal.removeEventListener('abort', abort);
      resolve();
    });
  });
}

function abortReason(signal: AbortSignal): Error {
  const reason: unknown = signal.reason;
  return reason instanceof Error ? reason : new ScrapeError('stopped', 'scrape stopped');
}
