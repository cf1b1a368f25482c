import type { RejectReason } from '../../formats/tide/index.ts';
import { type AgentLedger, type LossReason, openGaps, tickWindow } from '../../sources/index.ts';
import type { AgentEntry } from './agent-entry.ts';
import { roughly } from './clock-notices.ts';
import type { ClockReading } from './clock-offset.ts';

/** What is wrong with an agent, for people: since when, what it means, what to do. */
export interface AgentProblem {
  /** Kind of problem, and for what is lost or refused its reason: `away`, `lost_evicted`. */
  readonly code: string;
  /** Undefined where nobody knows. */
  readonly sinceMs: number | undefined;
  readonly text: string;
  readonly advice: string;
}

/** What is known of an agent. */
export interface AgentFacts {
  readonly entry: AgentEntry;
  readonly ledger: AgentLedger | undefined;
  readonly clock: (ClockReading & { readonly isApart: boolean }) | undefined;
  readonly nowMs: number;
}

/** What is over for longer is history, for the terms to tell. */
const RECENT_MS = 86_400_000;
/** A gap is pulled within a second or two of being known; one that is older stays. */
const GAP_MS = 10_000;
/** What is due comes within a few of its intervals, and some time for long ways and overload. */
const LATE_MS = 30_000;
const LATE_INTERVALS = 3;
/** What an agent's counters said this long ago is no problem of now. */
const COUNTED_MS = 300_000;

const LOSSES: Readonly<Record<LossReason, { readonly text: string; readonly advice: string }>> = {
  EVICTED: {
    text: 'left its ring before they could be pulled',
    advice: 'The absence was longer than the ring holds: give the agent a larger ring.',
  },
  DAMAGED: {
    text: 'could not be read from its disk',
    advice: 'Look at the disk of its host.',
  },
  NEVER_SEALED: {
    text: 'are not known to it any more',
    advice: 'Its ring was deleted or restored from a copy: do not copy rings between agents.',
  },
  CRASH: {
    text: 'were neither sent nor synced when its process died',
    advice: 'Find out why it died; of a crash no more than this is lost.',
  },
};

const REFUSALS: Readonly<Record<RejectReason, { readonly text: string; readonly advice: string }>> =
  {
    FORMAT: {
      text: 'cannot be read',
      advice: 'Look at the version of the agent, and at the log for what is wrong.',
    },
    LIMIT: {
      text: 'are of series beyond a limit',
      advice:
        'Let it send fewer series, or raise tidegauge.agents.max_series_per_agent, ' +
        'tidegauge.storage.max_series or max_series_per_source.',
    },
    SCHEMA: {
      text: 'are of series that no schema names, or two',
      advice: 'Start the agent again, and look at its version.',
    },
    FORBIDDEN: {
      text: 'are of series that are for the collector to write',
      advice: 'Give the job in its scrape_configs another name than tidegauge-agent.',
    },
    OUT_OF_BOUNDS: {
      text: 'are too far ahead of this clock, or older than the retention',
      advice: 'Set the clock of its host.',
    },
    OUT_OF_ORDER: {
      text: 'are older than the store takes',
      advice: 'Raise tidegauge.storage.out_of_order_window to the longest absence to be repaired.',
    },
    CONFLICT: {
      text: 'contradict what is stored for their series and time',
      advice: 'Let one sender alone write each series: two have the same labels.',
    },
  };

/** What is wrong with an agent now or was within a day, what matters most first. */
export function agentProblems(facts: AgentFacts): AgentProblem[] {
  return [
    ...presenceProblems(facts),
    ...clockProblems(facts),
    ...ledgerProblems(facts),
    ...refusalProblems(facts),
    ...sourceProblems(facts),
  ];
}

function presenceProblems({ entry }: AgentFacts): AgentProblem[] {
  const { connection, leaving, gone, lastHeardMs: sinceMs, hello, heartbeat } = entry;
  if (connection !== undefined || leaving) return [];
  const oldestMs = heartbeat?.ring.oldestMs ?? 0;
  if (gone) {
    return [
      {
        ...{ code: 'gone', sinceMs, text: 'It is away for so long that it counts as gone' },
        advice: 'Start it again, or revoke it. What its ring holds is taken when it returns.',
      },
    ];
  }
  const isHeld = oldestMs > 0 && oldestMs < sinceMs;
  const held = isHeld ? `, which held ${roughly(sinceMs - oldestMs)} then,` : '';
  return [
    {
      ...{ code: 'away', sinceMs },
      text: hello === undefined ? 'Not heard of since this collector started' : 'It has no session',
      advice:
        `Look whether its host is up and reaches this one. What it samples waits in its ring${held} ` +
        'and comes when it is back.',
    },
  ];
}

function clockProblems({ clock }: AgentFacts): AgentProblem[] {
  if (clock?.isApart !== true) return [];
  const { aheadMs, errorMs } = clock;
  const side = aheadMs > 0 ? 'ahead of' : 'behind';
  const least = errorMs === undefined ? 'at least ' : '';
  return [
    {
      ...{ code: 'clock', sinceMs: undefined },
      text: `Its clock is ${least}${roughly(Math.abs(aheadMs))} ${side} this one`,
      advice: 'Have both kept by NTP: its samples stand at wrong times by as much.',
    },
  ];
}

function ledgerProblems(facts: AgentFacts): AgentProblem[] {
  const { ledger, nowMs } = facts;
  if (ledger === undefined) return [];
  const gaps = openGaps(ledger);
  const sinceMs = Math.min(...gaps.map((gap) => gap.sinceMs ?? nowMs));
  const goneProblems = mayHaveLost(ledger) ? lossProblems(ledger, nowMs) : [];
  if (nowMs - sinceMs <= GAP_MS) return [...lateProblems(facts), ...goneProblems];
  const frames = gaps.reduce((sum, { from, to }) => sum + to - from + 1, 0);
  return [
    {
      ...{ code: 'missing', sinceMs },
      text: `Missing: ${counted(frames, 'frame')} that it sealed`,
      advice:
        'They are pulled while it has a session. If the number stays, look at ' +
        'tidegauge_session_queue_delay_seconds and tidegauge_session_write_failures_total.',
    },
    ...goneProblems,
  ];
}

/** Of a first run that nothing was lost of there is no need to look at its ticks. */
function mayHaveLost({ epochs }: AgentLedger): boolean {
  return epochs.length > 1 || epochs.some(({ lanes }) => lanes.some(({ lost }) => lost.size > 0));
}

/** What of the last day will not come. */
function lossProblems(ledger: AgentLedger, nowMs: number): AgentProblem[] {
  // Of an agent whose clock is ahead, what it took just now is after this.
  const range = { minTime: nowMs - RECENT_MS, maxTime: nowMs + RECENT_MS };
  const window = tickWindow(ledger, range, nowMs);
  const problems: AgentProblem[] = [];
  for (const reason of Object.keys(LOSSES) as LossReason[]) {
    const holes = window.holes.filter((hole) => hole.reason === reason);
    const samples = holes.reduce((sum, hole) => sum + hole.samples, 0);
    if (samples === 0) continue;
    const { text, advice } = LOSSES[reason];
    const sinceMs = Math.min(...holes.map(({ minTime }) => minTime));
    const code = `lost_${reason.toLowerCase()}`;
    problems.push({
      code,
      sinceMs,
      text: `Lost: ${counted(samples, 'sample')} that ${text}`,
      advice,
    });
  }
  const down = window.holes.filter(({ state }) => state === 'DOWN');
  if (down.length > 0) {
    problems.push({
      ...{ code: 'down', sinceMs: Math.min(...down.map(({ minTime }) => minTime)) },
      text: `It was not running: ${counted(window.down, 'sample')} due, none taken`,
      advice: 'Nothing was lost, as nothing was there. Find out why it stopped, if it should not.',
    });
  }
  return problems;
}

/** Nothing is known to be missing, but what is due does not come. */
function lateProblems({ entry, ledger, clock, nowMs }: AgentFacts): AgentProblem[] {
  const { connection, hello } = entry;
  const throughMs = ledger?.completeThroughMs(nowMs);
  if (connection === undefined || hello === undefined || throughMs === undefined) return [];
  const longestMs = Math.max(...hello.groups.map(({ intervalMs }) => intervalMs));
  const behindMs = Math.max(0, -(clock?.aheadMs ?? 0));
  if (nowMs - throughMs - behindMs <= LATE_MS + LATE_INTERVALS * longestMs) return [];
  return [
    {
      ...{ code: 'late', sinceMs: throughMs },
      text: 'It has a session, and not all that is due comes',
      advice:
        'See which group in holes of /api/v1/completeness. A source that hangs, or a process that ' +
        'has too little CPU, samples late: look at its log.',
    },
  ];
}

function refusalProblems({ entry, nowMs }: AgentFacts): AgentProblem[] {
  const problems: AgentProblem[] = [];
  for (const [reason, { samples, frames, firstMs, lastMs }] of entry.refusals) {
    if (nowMs - lastMs > RECENT_MS) continue;
    const parts = [
      ...(samples > 0 ? [counted(samples, 'sample')] : []),
      ...(frames > 0 ? [`${counted(frames, 'frame')} as a whole`] : []),
    ];
    const { text, advice } = REFUSALS[reason];
    problems.push({
      ...{ code: `rejected_${reason.toLowerCase()}`, sinceMs: firstMs },
      text: `Refused: ${parts.join(' and ')}, which ${text}`,
      advice,
    });
  }
  return problems;
}

function sourceProblems({ entry, nowMs }: AgentFacts): AgentProblem[] {
  const problems: AgentProblem[] = [];
  const failed = entry.losses.of('failed');
  const shed = entry.losses.of('shed');
  if (failed !== undefined && nowMs - failed.lastMs <= COUNTED_MS) {
    problems.push({
      ...{ code: 'failed', sinceMs: failed.firstMs },
      text: `Failed: ${counted(failed.samples, 'sample')} could not be read at the source`,
      advice: 'Look at targets there whose up is 0, whether the host stood still, and at its log.',
    });
  }
  if (shed !== undefined && nowMs - shed.lastMs <= COUNTED_MS) {
    problems.push({
      ...{ code: 'shed', sinceMs: shed.firstMs },
      text: `Shed: ${counted(shed.samples, 'sample')}, as it could not send all`,
      advice: 'Give its link or this collector room, or lengthen the interval of class C.',
    });
  }
  return problems;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
