import type { AgentAnswer, CompletenessAnswer } from '../api/index.ts';
import { formatDuration } from '../model/index.ts';
import { textTable } from './text-table.ts';

/** Holes and gaps that are listed; of more it is said how many. */
const LISTED_MAX = 20;

/** Everything that is known of one agent, what is wrong first. */
export function agentReport(agent: AgentAnswer, source: CompletenessAnswer | undefined): string {
  const parts = [
    textTable(['agent', agent.id], [...identityRows(agent), ...completenessRows(source)]),
    problemsText(agent),
    ...(source === undefined ? [] : [termsText(source), holesText(agent, source)]),
    ...(source === undefined ? [] : [gapsText(source)]),
  ];
  return parts.filter((part) => part !== '').join('\n\n');
}

/** How far a clock is apart; nothing where nothing is known of it. */
export function clockText(clock: AgentAnswer['clock']): string {
  if (clock === null) return '';
  if (!clock.isApart) return 'right';
  const { aheadSeconds } = clock;
  const seconds = Math.abs(aheadSeconds);
  const apart =
    seconds < 10 ? `${seconds.toFixed(1)}s` : formatDuration(Math.round(seconds) * 1000);
  return `${apart} ${aheadSeconds > 0 ? 'ahead' : 'behind'}`;
}

function identityRows(agent: AgentAnswer): string[][] {
  const { state, transport, address, version, ring, policy } = agent;
  const way = address === '' ? '' : `, ${transport} from ${address}`;
  const held = ring === null ? [] : [['ring', ringText(ring)]];
  const clock = clockText(agent.clock);
  return [
    ['state', `${state}${way}`],
    ['version', version],
    ['last heard', agent.lastHeard],
    ...(clock === '' ? [] : [['clock', clock]]),
    ...held,
    ['policy', policy.state],
  ].filter(([, value]) => value !== '');
}

function ringText({ usedBytes, limitBytes, oldest }: NonNullable<AgentAnswer['ring']>): string {
  const mib = (sizeBytes: number): string => (sizeBytes / 2 ** 20).toPrecision(3);
  const back = oldest === null ? '' : `, back to ${oldest}`;
  return `${mib(usedBytes)} of ${mib(limitBytes)} MiB used${back}`;
}

function completenessRows(source: CompletenessAnswer | undefined): string[][] {
  if (source === undefined || source.ratios === null) return [];
  const { completeThrough, ratios, imbalance } = source;
  return [
    ['complete through', completeThrough ?? 'nothing yet'],
    ['of what was wanted', ratios.intent === null ? 'not known' : percent(ratios.intent)],
    ['of what was sent', percent(ratios.transport)],
    ...(imbalance === 0 ? [] : [['imbalance', String(imbalance)]]),
  ];
}

/** Never 100 % where something is not here. */
function percent(share: number): string {
  return `${(Math.floor(share * 1e5) / 1e3).toFixed(3)} %`;
}

function problemsText({ problems }: AgentAnswer): string {
  if (problems.length === 0) return 'Nothing is wrong with it.';
  return problems
    .map(({ text, since, advice }) => {
      return `! ${text}${since === null ? '' : `, since ${since}`}.\n  ${advice}`;
    })
    .join('\n');
}

function termsText({ terms, lost, rejections }: CompletenessAnswer): string {
  if (terms === null) return '';
  const reasons = new Map<string, string>([
    [
      'lost',
      Object.entries(lost ?? {})
        .map(([why, count]) => `${why} ${count} frames`)
        .join(', '),
    ],
    ['rejected', rejections.map(({ reason, samples }) => `${reason} ${samples}`).join(', ')],
  ]);
  const rows = Object.entries(terms).map(([term, count]) => {
    return [term, String(count), reasons.get(term) ?? ''];
  });
  return textTable(['term', 'samples', ''], rows);
}

function holesText({ groups }: AgentAnswer, { holes }: CompletenessAnswer): string {
  if (holes.length === 0) return '';
  const names = new Map(groups.map(({ group, name }) => [group, name]));
  const rows = holes.slice(-LISTED_MAX).map(({ group, start, end, state, samples, reason }) => {
    return [state, names.get(group) ?? String(group), start, end, String(samples), reason ?? ''];
  });
  const head = ['not here', 'group', 'from', 'to', 'samples', 'why'];
  return `${textTable(head, rows)}${more(holes.length, 'before')}`;
}

function gapsText({ gaps }: CompletenessAnswer): string {
  if (gaps.length === 0) return '';
  const rows = gaps.slice(0, LISTED_MAX).map(({ epoch, stream, from, to, since }) => {
    return [`${from} to ${to}`, String(stream), String(epoch), since ?? 'asked for just now'];
  });
  return `${textTable(['frames missing', 'lane', 'epoch', 'since'], rows)}${more(gaps.length, 'after')}`;
}

function more(count: number, where: string): string {
  return count <= LISTED_MAX ? '' : `\n… and ${count - LISTED_MAX} ${where} these`;
}
