import { formatCount, formatLongDuration, formatNumber, formatValue } from '../format/value.ts';
import { useApp } from '../state/app.ts';
import { countStates } from '../state/source-list.ts';
import { FIGURES } from '../state/status.ts';

/** What runs here, since when, and how it does. */
export function StatusPage() {
  const { status } = useApp();
  return (
    <main class="page">
      <div class="page-head">
        <h1>Status</h1>
        <p class="soft">The collector that serves this page.</p>
      </div>
      {status.reachable.value === false && (
        <div class="notice error" role="alert">
          <div class="notice-title">The collector does not answer</div>
          <p class="notice-text">What stands here was read before.</p>
        </div>
      )}
      <Tiles />
      <div class="columns">
        <Facts title="Build" facts={status.build.value} />
        <Facts title="Runtime" facts={status.runtime.value} />
      </div>
    </main>
  );
}

function Tiles() {
  const { status, sources, clock } = useApp();
  const startedMs = Date.parse(status.runtime.value?.startTime ?? '');
  const counts = countStates(sources.sources.value ?? []);
  const rate = sources.rate.value;
  const series = Number(status.runtime.value?.['timeSeriesCount']);
  return (
    <section class="tiles" aria-label="Figures">
      {Number.isFinite(startedMs) && (
        <Tile title="Up for">
          {formatLongDuration(Math.max(0, (clock.nowMs.value - startedMs) / 1000))}
        </Tile>
      )}
      {sources.sources.value !== null && (
        <Tile title="Live sources">
          {`${formatCount(counts.live)} of ${formatCount(sources.sources.value.length)}`}
        </Tile>
      )}
      {rate !== null && <Tile title="Samples per second">{formatNumber(rate, 3)}</Tile>}
      {Number.isFinite(series) && <Tile title="Series">{formatCount(series)}</Tile>}
      {FIGURES.map(({ title, unit }) => {
        const value = status.figures.value.get(title);
        if (value === undefined) return null;
        return (
          <Tile key={title} title={title}>
            {formatValue(value, unit, 3)}
          </Tile>
        );
      })}
    </section>
  );
}

function Tile({ title, children }: { title: string; children: string }) {
  return (
    <div class="card tile">
      <div class="tile-value">{children}</div>
      <div class="tile-title">{title}</div>
    </div>
  );
}

interface FactsProps {
  title: string;
  facts: Readonly<Record<string, string | number | boolean | undefined>> | null;
}

/** The settings of Go that the API gives for its clients' sake mean nothing here. */
function Facts({ title, facts }: FactsProps) {
  if (facts === null) return null;
  const rows = Object.entries(facts).filter(
    ([name, value]) => value !== undefined && value !== '' && !/^GO|^go/.test(name),
  );
  return (
    <section class="card" aria-label={title}>
      <h2>{title}</h2>
      <dl class="facts list">
        {rows.map(([name, value]) => (
          <div key={name}>
            <dt>{words(name)}</dt>
            <dd>{String(value)}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

/** `lastConfigTime` as `Last config time`; all-capital names stay as they are. */
function words(name: string): string {
  if (/^[A-Z0-9]+$/.test(name)) return name;
  const text = name.replace(/([a-z])([A-Z])/g, '$1 $2').toLowerCase();
  return text.charAt(0).toUpperCase() + text.slice(1);
}
