import type { AgentEntry, SessionServer } from '../../ingest/index.ts';
import type { Source } from '../../sources/index.ts';
import { agentCompleteness, pushSourceId, ratio } from '../../sources/index.ts';
import type { TimeRange } from '../../storage/api.ts';
import type { Answer } from '../answer.ts';
import { completeness } from '../contract/agents.ts';
import { badParameter } from '../errors.ts';
import { success } from '../respond.ts';
import type { ApiRequest, Route } from '../route.ts';
import { END, MATCH, START } from '../route.ts';
import { agentsInScope } from './agents-in-scope.ts';
import { MAX_TIME_MS, MIN_TIME_MS } from './labels.ts';
import { parseSelector } from './parse-selector.ts';
import { isoTime, isoTimeOrNull } from './problem-json.ts';

/** What is here of what should be: every term of the ledgers. */
export const completenessRoutes: readonly Route[] = [
  {
    path: '/api/v1/completeness',
    methods: ['GET'],
    tag: 'agents',
    summary: 'What is here of what every source should have sent',
    description:
      'Sources that are agents have a ledger, and their figures are exact. Of targets it is known ' +
      'which scrapes failed, of other senders only what they did send; `class` says what figures ' +
      'rest on.',
    params: [
      { ...MATCH, text: 'Selector of series: only agents that have any of them.' },
      START,
      END,
    ],
    answer: { kind: 'json', data: completeness },
    example: '/api/v1/completeness',
    handle: answer,
  },
];

async function answer(request: ApiRequest): Promise<Answer> {
  const { params, deps } = request;
  const range = {
    minTime: params.time('start', MIN_TIME_MS),
    maxTime: params.time('end', MAX_TIME_MS),
  };
  if (range.maxTime < range.minTime) {
    throw badParameter('end', 'end timestamp must not be before start time');
  }
  const selectors = params.all('match[]');
  const matcherLists = selectors.map((selector) =>
    parseSelector(selector, (problem) => badParameter('match[]', problem)),
  );
  const nowMs = deps.clock.now();
  const inScope =
    matcherLists.length === 0 ? undefined : await agentsInScope(deps.storage, matcherLists, range);
  const { agents } = deps;
  const entries = agents?.entries().filter(({ agentId }) => inScope?.has(agentId) ?? true) ?? [];
  const sources = new Map(deps.sources.list().map((source) => [source.id, source]));
  const exact =
    agents === undefined
      ? []
      : entries.map((entry) =>
          agentJson(agents, entry, sources.get(sourceIdOf(entry)), range, nowMs),
        );
  // What other senders should have sent does not depend on series.
  const agentSources = new Set(agents?.entries().map(sourceIdOf));
  const others = [...sources.values()].filter(({ id }) => !agentSources.has(id));
  const watermarks = entries
    .filter(({ gone }) => !gone)
    .map(({ agentId }) => agents?.ledger(agentId)?.completeThroughMs(nowMs))
    .filter((ms) => ms !== undefined);
  return success(
    {
      completeThrough: watermarks.length === 0 ? null : isoTime(Math.min(...watermarks)),
      sources: [...exact, ...(inScope === undefined ? others.map(otherJson) : [])],
    },
    request,
  );
}

function sourceIdOf({ agentId }: AgentEntry): string {
  return pushSourceId('tide', agentId);
}

function agentJson(
  sessions: SessionServer,
  entry: AgentEntry,
  source: Source | undefined,
  range: TimeRange,
  nowMs: number,
): Record<string, unknown> {
  const ledger = sessions.ledger(entry.agentId);
  const facts = ledger === undefined ? undefined : agentCompleteness(ledger, range, nowMs);
  const { holes, ...window } = facts?.window ?? { holes: [] };
  return {
    id: sourceIdOf(entry),
    kind: 'push',
    name: 'tide',
    labels: entry.labels.toObject(),
    class: 'exact',
    state: source?.state ?? (entry.gone ? 'ended' : 'expected'),
    completeThrough: isoTimeOrNull(facts?.completeThroughMs),
    ratios:
      facts === undefined ? null : { intent: facts.intentRatio, transport: facts.transportRatio },
    contacts: source === undefined ? null : contactsOf(source),
    terms: facts?.terms ?? null,
    imbalance: facts?.imbalance ?? null,
    frames:
      facts === undefined
        ? null
        : { ...facts.sealed, duplicate: sessions.duplicateCount(entry.agentId) },
    window: facts === undefined ? null : window,
    holes: holes.map(({ epoch, group, minTime, maxTime, state, samples, reason = null }) => ({
      ...{ epoch, group, start: isoTime(minTime), end: isoTime(maxTime), state, samples, reason },
    })),
    gaps: (facts?.gaps ?? []).map(({ epoch, stream, from, to, sinceMs }) => ({
      ...{ epoch, stream, from, to, since: isoTimeOrNull(sinceMs) },
    })),
    lost: facts === undefined ? null : facts.lostFrames,
    rejections: [...entry.refusals].map(([reason, { samples, frames, firstMs, lastMs }]) => ({
      ...{ reason, samples, frames, first: isoTime(firstMs), last: isoTime(lastMs) },
    })),
    samplesTotal: entry.storedCount,
    rejectedTotal: entry.rejectedCount,
  };
}

function contactsOf({ contactsTotal: total, failuresTotal: failed }: Source) {
  return { total, failed };
}

function otherJson(source: Source): Record<string, unknown> {
  return {
    ...{ id: source.id, kind: source.kind, name: source.name, labels: source.labels.toObject() },
    class: classOf(source),
    state: source.state,
    ratios: ratiosOf(source),
    contacts: contactsOf(source),
    ...{ completeThrough: null, terms: null, imbalance: null, frames: null },
    ...{ window: null, holes: [], gaps: [], lost: null, rejections: [] },
    samplesTotal: source.samplesTotal,
    rejectedTotal: source.rejectedTotal,
  };
}

/**
 * Of a target it is known what should have come: an answer to each scrape. Of a sender it is not;
 * of both it is known what of that which came was refused.
 */
function ratiosOf(source: Source): Record<string, number | null> {
  const { kind, contactsTotal, failuresTotal, samplesTotal, rejectedTotal } = source;
  const intent = kind === 'pull' ? ratio(contactsTotal - failuresTotal, contactsTotal) : null;
  return { intent, transport: ratio(samplesTotal, samplesTotal + rejectedTotal) };
}

/** A scrape has a declared interval; a sender's is learnt, or not known. */
function classOf({ kind, intervalMs }: Source): string {
  if (kind === 'pull') return 'declared';
  return intervalMs === undefined ? 'none' : 'inferred';
}
