import { useSignal } from '@preact/signals';
import type { Source, SourceProblem } from '../api/contract.ts';
import { formatAgo } from '../format/duration.ts';
import { sortedLabels } from '../format/labels.ts';
import { formatCount, formatSeconds, formatTimestamp } from '../format/value.ts';
import { useApp } from '../state/app.ts';
import { isAgent, sourceTitle } from '../state/source-list.ts';
import { ChevronIcon } from './icons.tsx';
import { SourceCompleteness } from './source-completeness.tsx';
import { SourceStateBadge, TroubledSign } from './source-state.tsx';

/** Columns of the table of sources, the expanding cell included. */
const SOURCE_COLUMN_COUNT = 9;

/** One source; opened, all that is known of it. */
export function SourceRow({ source }: { source: Source }) {
  const open = useSignal(false);
  const detailsId = `source-${source.id}`;
  const title = sourceTitle(source);
  const toggle = () => {
    open.value = !open.value;
  };
  return (
    <>
      <tr class={source.lastError === '' ? 'source' : 'source failing'}>
        <td class="cell-open">
          <button
            type="button"
            class={open.value ? 'icon-button small turned' : 'icon-button small'}
            aria-expanded={open.value}
            aria-controls={detailsId}
            aria-label={`Details of ${title} at ${source.endpoint}`}
            onClick={toggle}
          >
            <ChevronIcon />
          </button>
        </td>
        <td class="cell-state">
          <SourceStateBadge state={source.state} />
        </td>
        <td class="cell-name">
          <button type="button" class="link-button" tabIndex={-1} onClick={toggle}>
            {title}
          </button>
        </td>
        <td class="cell-kind">
          <span class={`kind kind-${source.kind}`}>{source.kind}</span>
        </td>
        <td class="cell-endpoint">
          <span class="endpoint">{source.endpoint}</span>
          {source.lastError !== '' && !open.value && (
            <span class="row-error">{source.lastError}</span>
          )}
          {!open.value && <ProblemLine problems={source.problems} />}
        </td>
        <td class="cell-contact">
          <Contact at={source.lastContact} />
        </td>
        <td class="cell-interval number">{seconds(source.intervalSeconds)}</td>
        <td class="cell-samples number">{formatCount(source.samplesPerContact)}</td>
        <td class={source.rejectedTotal > 0 ? 'cell-rejected number bad' : 'cell-rejected number'}>
          {formatCount(source.rejectedTotal)}
        </td>
      </tr>
      {open.value && (
        <tr class="source-details" id={detailsId}>
          <td colSpan={SOURCE_COLUMN_COUNT}>
            <SourceDetails source={source} />
          </td>
        </tr>
      )}
    </>
  );
}

/** The first of what is wrong, and how much else there is. */
function ProblemLine({ problems }: { problems: readonly SourceProblem[] }) {
  const [first] = problems;
  if (first === undefined) return null;
  const more = problems.length > 1 ? `, and ${problems.length - 1} more` : '';
  return (
    <span class="row-problem">
      <TroubledSign />
      <span>
        {first.text}
        {more}
      </span>
    </span>
  );
}

function Problem({ problem }: { problem: SourceProblem }) {
  const { clock } = useApp();
  const { since, text, advice } = problem;
  return (
    <div class="notice warning">
      <div class="notice-title">
        {text}
        {since !== null && (
          <time class="notice-place" dateTime={since}>
            since {formatTimestamp(Date.parse(since) / 1000)},{' '}
            {formatAgo(Date.parse(since), clock.nowMs.value)}
          </time>
        )}
      </div>
      <p class="notice-text">{advice}</p>
    </div>
  );
}

function Contact({ at }: { at: string | null }) {
  const { clock } = useApp();
  if (at === null) return <span class="soft">never</span>;
  const ms = Date.parse(at);
  return (
    <time dateTime={at} title={formatTimestamp(ms / 1000)}>
      {formatAgo(ms, clock.nowMs.value)}
    </time>
  );
}

function SourceDetails({ source }: { source: Source }) {
  const labels = sortedLabels(source.labels);
  const contact = source.lastContact;
  return (
    <div class="details">
      {source.lastError !== '' && (
        <div class="notice error">
          <div class="notice-title">Last error</div>
          <p class="notice-text">{source.lastError}</p>
        </div>
      )}
      {source.problems.map((problem) => (
        <Problem key={problem.code} problem={problem} />
      ))}
      <dl class="facts">
        <Fact title="Endpoint">{source.endpoint}</Fact>
        <Fact title="Last contact">
          {contact === null ? 'never' : formatTimestamp(Date.parse(contact) / 1000)}
        </Fact>
        <Fact title="Took">{seconds(source.lastDurationSeconds)}</Fact>
        <Fact title="Interval">{seconds(source.intervalSeconds)}</Fact>
        <Fact title="Samples in all">{formatCount(source.samplesTotal)}</Fact>
        <Fact title="Refused in all">{formatCount(source.rejectedTotal)}</Fact>
      </dl>
      {isAgent(source) && <SourceCompleteness source={source} />}
      <div class="label-list" role="list" aria-label="Labels">
        {labels.length === 0 && <span class="soft">No labels of its own.</span>}
        {labels.map(([name, value]) => (
          <span key={name} class="label-chip" role="listitem">
            <span class="label-name">{name}</span>
            <span class="label-value">{value}</span>
          </span>
        ))}
      </div>
    </div>
  );
}

function Fact({ title, children }: { title: string; children: string }) {
  return (
    <div>
      <dt>{title}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function seconds(value: number | null): string {
  return value === null ? '–' : formatSeconds(value, 3);
}
