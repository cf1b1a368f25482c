import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { damageLastSegment, type Damage } from './crash-damage.ts';
import { FolderWatch } from './crash-folder-watch.ts';
import { CrashLedger, GROUPS, type Verdict } from './crash-ledger.ts';
import { readGroup, sendGroup } from './crash-client.ts';

/** A collector that can be killed and started again on its data. */
export interface Crashable {
  readonly url: string;
  readonly dataDir: string;
  /** What it has printed since it was started. */
  output(): string;
  kill9(): Promise<void>;
  restart(): Promise<void>;
}

/** When the collector is killed. */
const MOMENTS = ['any', 'checkpoint', 'cut', 'merge'] as const;
export type Moment = (typeof MOMENTS)[number];

export interface CrashOptions {
  readonly rounds: number;
  readonly random: () => number;
  readonly print: (line: string) => void;
}

export interface CrashTally {
  rounds: number;
  /** Rounds killed at the moment that was waited for. */
  readonly moments: Record<Moment, number>;
  readonly damages: Record<Damage['kind'], number>;
  /** Samples acknowledged and gone, without damage by the test: must be none. */
  lostSamples: number;
  /** Samples that a damaged segment lost, and rounds in which it lost any. */
  damagedSamples: number;
  damagedRounds: number;
  acknowledgedSamples: number;
  restartMsMax: number;
  /** Wrong values, samples never sent, losses that were not reported or not confined. */
  readonly faults: string[];
}

/** Small files, so that checkpoints, cuts and merges come within seconds. */
export const CRASH_CONFIG = [
  'scrape_configs: []',
  'tidegauge:',
  '  storage:',
  '    checkpoint_size: 256KB',
  '    wal_segment_size: 64KB',
  '    maintenance_interval: 1s',
  '    out_of_order_window: 4h',
  '',
].join('\n');

const DAY_MS = 86_400_000;
/** The first sample is so old; the time of samples runs towards now. */
const AGE_MS = 12 * DAY_MS;
const STEP_MS_MAX = 60_000;
/** More than a round ever sends. */
const TICKS_PER_ROUND = 600;
const TICKS_PER_REQUEST_MAX = 4;
const PACE_MS = 15;
const LOAD_MS_MIN = 100;
const LOAD_MS_MAX = 1_500;
/** How long a checkpoint, a cut or a merge is waited for. */
const MOMENT_TIMEOUT_MS = 8_000;
/** The kill comes so long after the work began, at most. */
const DELAY_MS_MAX = 12;
/** A merge follows a cut and its checkpoint at once; the next cut waits for the next look. */
const MERGE_AFTER_CUT_MS = 700;
/** Between the making of a segment and the first acknowledgement of what is in it. */
const CLOCK_SLACK_MS = 50;
const FAULTS_SHOWN = 5;

/**
 * Writes, kills, damages, starts again and compares everything stored with everything that was
 * acknowledged, round after round.
 */
export async function crashRounds(
  collector: Crashable,
  { rounds, random, print }: CrashOptions,
): Promise<CrashTally> {
  const stepMs = Math.min(STEP_MS_MAX, Math.floor((AGE_MS - DAY_MS) / (rounds * TICKS_PER_ROUND)));
  const startMs = Math.floor((Date.now() - AGE_MS) / STEP_MS_MAX) * STEP_MS_MAX;
  const ledger = new CrashLedger({ startMs, stepMs: Math.max(1000, stepMs) });
  const tally = emptyTally();
  for (let round = 0; round < rounds; round++) {
    const wanted = MOMENTS[round % MOMENTS.length] ?? 'any';
    const moment = await loadAndKill(collector, ledger, wanted, random);
    tally.moments[moment]++;
    const damage = await maybeDamage(collector, round, random);
    if (damage !== undefined) tally.damages[damage.kind]++;
    const start = performance.now();
    await collector.restart();
    const restartMs = performance.now() - start;
    tally.restartMsMax = Math.max(tally.restartMsMax, restartMs);
    const before = tally.faults.length;
    const lost = await judge(collector, ledger, damage, tally);
    tally.rounds++;
    tally.acknowledgedSamples = ledger.acknowledgedSamples;
    const what = damage === undefined ? '' : `, ${damage.kind} at ${tailOf(damage)}`;
    print(
      `round ${round + 1}/${rounds}: killed at ${moment}${what}; ready in ` +
        `${restartMs.toFixed(0)} ms; ${tally.acknowledgedSamples} samples, ${lost} lost`,
    );
    for (const fault of tally.faults.slice(before, before + FAULTS_SHOWN)) print(`  ${fault}`);
  }
  return tally;
}

function emptyTally(): CrashTally {
  return {
    rounds: 0,
    moments: { any: 0, checkpoint: 0, cut: 0, merge: 0 },
    damages: { truncated: 0, 'bit flipped': 0 },
    lostSamples: 0,
    damagedSamples: 0,
    damagedRounds: 0,
    acknowledgedSamples: 0,
    restartMsMax: 0,
    faults: [],
  };
}

function tailOf({ positionBytes, sizeBytes }: Damage): string {
  return `${positionBytes} of ${sizeBytes} bytes`;
}

/** Sends until the moment comes, kills, and returns the moment that was met. */
async function loadAndKill(
  collector: Crashable,
  ledger: CrashLedger,
  wanted: Moment,
  random: () => number,
): Promise<Moment> {
  const stopping = new AbortController();
  const senders = Array.from({ length: GROUPS }, (_, group) =>
    sendUntil(collector.url, ledger, group, stopping.signal, random),
  );
  const met = await waitFor(collector.dataDir, wanted, random);
  stopping.abort();
  await collector.kill9();
  await Promise.all(senders);
  return met;
}

async function sendUntil(
  url: string,
  ledger: CrashLedger,
  group: number,
  signal: AbortSignal,
  random: () => number,
): Promise<void> {
  while (!signal.aborted) {
    const ticks = ledger.take(group, 1 + Math.floor(random() * TICKS_PER_REQUEST_MAX));
    const isTaken = await sendGroup(url, ledger.times, group, ticks);
    if (isTaken) ledger.acknowledge(group, ticks);
    else ledger.fail(group, ticks);
    await sleep(PACE_MS);
  }
}

async function waitFor(dataDir: string, wanted: Moment, random: () => number): Promise<Moment> {
  const anyMs = LOAD_MS_MIN + random() * (LOAD_MS_MAX - LOAD_MS_MIN);
  if (wanted === 'any') {
    await sleep(anyMs);
    return 'any';
  }
  // Something to lose.
  await sleep(LOAD_MS_MIN);
  const isMet = await new Promise<boolean>((resolve) => {
    const finish = (value: boolean): void => {
      clearTimeout(timer);
      for (const watch of watches) watch.stop();
      resolve(value);
    };
    const timer = setTimeout(() => finish(false), MOMENT_TIMEOUT_MS);
    const watches = watchFor(dataDir, wanted, () => finish(true));
  });
  if (!isMet) return 'any';
  await sleep(random() * DELAY_MS_MAX);
  return wanted;
}

/** Calls back when the work begins: its files appear, under whatever name. */
function watchFor(dataDir: string, wanted: Moment, begin: () => void): FolderWatch[] {
  let [cutAtMs, checkpointAtMs] = [-Infinity, -Infinity];
  const wal = new FolderWatch(join(dataDir, 'wal'), (name) => {
    if (!name.startsWith('checkpoint')) return;
    checkpointAtMs = performance.now();
    if (wanted === 'checkpoint') begin();
  });
  const blocks = new FolderWatch(join(dataDir, 'blocks'), (name) => {
    const nowMs = performance.now();
    const isFollowing = checkpointAtMs > cutAtMs && nowMs - cutAtMs < MERGE_AFTER_CUT_MS;
    if (wanted === 'cut' || (wanted === 'merge' && isFollowing)) begin();
    if (!name.includes('.')) cutAtMs = nowMs;
  });
  return [wal, blocks];
}

/** In two of five rounds, so that each moment has its turn. */
async function maybeDamage(
  { dataDir }: Crashable,
  round: number,
  random: () => number,
): Promise<Damage | undefined> {
  const of = round % 5;
  if (of !== 2 && of !== 4) return undefined;
  return damageLastSegment(join(dataDir, 'wal'), of === 2 ? 'truncated' : 'bit flipped', random);
}

/** Compares all that is stored with all that was acknowledged; samples lost. */
async function judge(
  collector: Crashable,
  ledger: CrashLedger,
  damage: Damage | undefined,
  tally: CrashTally,
): Promise<number> {
  const verdicts: Verdict[] = [];
  for (let group = 0; group < GROUPS; group++) {
    const stored = await readGroup(collector.url, ledger, group);
    verdicts.push(ledger.verify(group, stored));
  }
  tally.faults.push(...verdicts.flatMap(({ faults }) => faults));
  const lost = verdicts.reduce((sum, { lostSamples }) => sum + lostSamples, 0);
  if (lost === 0) return 0;
  if (damage === undefined) {
    tally.lostSamples += lost;
    tally.faults.push(`${lost} acknowledged samples are gone`);
    return lost;
  }
  tally.damagedSamples += lost;
  tally.damagedRounds++;
  if (!isReported(collector.output())) {
    tally.faults.push(`${lost} samples of a damaged segment are gone, and nothing says so`);
  }
  const oldest = Math.min(...verdicts.map(({ oldestLostAtMs }) => oldestLostAtMs));
  if (oldest < damage.madeAtMs - CLOCK_SLACK_MS) {
    const earlyMs = (damage.madeAtMs - oldest).toFixed(0);
    tally.faults.push(`lost was what was acknowledged ${earlyMs} ms before the segment was made`);
  }
  return lost;
}

/** Whether a start says that something in the log is lost; counts of 0 say the opposite. */
function isReported(output: string): boolean {
  return /torn|lost|damage|corrupt/i.test(output.replaceAll(/"?\w+"?\s*[:=]\s*0\b/g, ''));
}

/** What the rounds showed, for people. */
export function tallyText(tally: CrashTally): string {
  const { moments, damages } = tally;
  return [
    `${tally.rounds} rounds of kill -9: at any moment ${moments.any}, while a checkpoint was ` +
      `written ${moments.checkpoint}, a block cut ${moments.cut}, blocks merged ${moments.merge}`,
    `last segment truncated ${damages.truncated}, bit flipped ${damages['bit flipped']} times: ` +
      `${tally.damagedSamples} samples lost to it in ${tally.damagedRounds} rounds, each reported ` +
      'and from that segment unless listed as a fault',
    `acknowledged samples: ${tally.acknowledgedSamples}, lost: ${tally.lostSamples}; ` +
      `slowest restart ${tally.restartMsMax.toFixed(0)} ms; faults: ${tally.faults.length}`,
    ...tally.faults.slice(0, FAULTS_SHOWN).map((fault) => `  ${fault}`),
  ].join('\n');
}
