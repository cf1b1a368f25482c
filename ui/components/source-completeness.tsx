import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { CompletenessHole, CompletenessSource, Source } from '../api/contract.ts';
import { formatCount, formatTimestamp } from '../format/value.ts';
import { useApp } from '../state/app.ts';
import { formatShare, termRows } from '../state/completeness.ts';

/** Holes from this long ago on are listed. */
const HOLES_SECONDS = 86_400;
/** What was due so short a time ago is on its way. */
const ON_ITS_WAY_MS = 15_000;
/** The newest of them. */
const MAX_HOLES = 8;

/** What of an agent's samples is here, read while it is shown, as often as the list of sources. */
export function SourceCompleteness({ source }: { source: Source }) {
  const { client, sources } = useApp();
  const found = useSignal<CompletenessSource | null>(null);
  const agent = source.labels['agent'] ?? '';
  const reading = sources.sources.value;
  useEffect(() => {
    let isShown = true;
    const start = Math.floor(Date.now() / 1000) - HOLES_SECONDS;
    client.completeness(agent, start).then(
      (data) => {
        if (isShown) found.value = data.sources.find(({ id }) => id === source.id) ?? null;
      },
      () => {
        // What was read before stays; that the collector does not answer is said elsewhere.
      },
    );
    return () => {
      isShown = false;
    };
  }, [agent, reading]);
  const { ratios, terms, completeThrough, holes } = found.value ?? {};
  if (found.value === null || ratios == null || terms == null) return null;
  return (
    <section class="completeness" aria-label="Completeness">
      <h3>Completeness</h3>
      <dl class="facts">
        <div>
          <dt>Of what was wanted</dt>
          <dd>{ratios.intent === null ? 'not known' : formatShare(ratios.intent)}</dd>
        </div>
        <div>
          <dt>Of what was sent</dt>
          <dd>{formatShare(ratios.transport)}</dd>
        </div>
        <div>
          <dt>Complete through</dt>
          <dd>{completeThrough == null ? 'nothing yet' : timeText(completeThrough)}</dd>
        </div>
        {termRows(terms).map(({ term, title, count, isBad }) => (
          <div key={term}>
            <dt>{title}</dt>
            <dd class={isBad ? 'bad' : ''}>{formatCount(count)}</dd>
          </div>
        ))}
      </dl>
      {holes !== undefined && <Holes holes={holes} />}
    </section>
  );
}

function Holes({ holes }: { holes: readonly CompletenessHole[] }) {
  const settled = holes.filter(({ state, start }) => {
    return state !== 'MISSING' || Date.parse(start) < Date.now() - ON_ITS_WAY_MS;
  });
  const shown = settled.slice(-MAX_HOLES).reverse();
  if (shown.length === 0) return null;
  return (
    <ul class="hole-list">
      {shown.map(({ group, start, end, state, samples, reason }) => (
        <li key={`${group} ${start}`}>
          <b>{reason === null ? state.toLowerCase() : `lost: ${reason.toLowerCase()}`}</b>{' '}
          {formatCount(samples)} samples of group {group}, {timeText(start)}
          {start !== end && ` to ${timeText(end)}`}
        </li>
      ))}
      {settled.length > shown.length && (
        <li class="soft">and {formatCount(settled.length - shown.length)} more within a day</li>
      )}
    </ul>
  );
}

function timeText(time: string): string {
  return formatTimestamp(Date.parse(time) / 1000);
}
