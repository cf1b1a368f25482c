import { useEffect } from 'preact/hooks';
import { formatCount, formatLongDuration, formatNumber } from '../format/value.ts';
import { useApp } from '../state/app.ts';
import { every } from '../state/clock.ts';
import { DEFAULT_SOURCES } from '../state/route.ts';
import { countStates } from '../state/source-list.ts';
import { Link } from './link.tsx';

const STATUS_INTERVAL_MS = 15_000;
const SOURCES_INTERVAL_MS = 5000;

/** At the foot of every page: is the collector there, which, since when, and how much it takes. */
export function StatusStrip() {
  const { status, sources, clock } = useApp();
  useEffect(() => {
    const readStatus = () => {
      void status.refresh();
      void status.refreshFigures();
    };
    const readSources = () => void sources.refresh();
    readStatus();
    readSources();
    const stops = [every(STATUS_INTERVAL_MS, readStatus), every(SOURCES_INTERVAL_MS, readSources)];
    return () => stops.forEach((stop) => stop());
  }, []);

  const startedMs = Date.parse(status.runtime.value?.startTime ?? '');
  const uptimeSeconds = Math.max(0, (clock.nowMs.value - startedMs) / 1000);
  const series = Number(status.runtime.value?.['timeSeriesCount']);
  const rate = sources.rate.value;
  return (
    <footer class="strip" aria-label="Collector status">
      <Reach />
      {Number.isFinite(uptimeSeconds) && (
        <Item title="up">{formatLongDuration(uptimeSeconds)}</Item>
      )}
      <SourcesItem />
      {Number.isFinite(series) && <Item title="series">{formatCount(series)}</Item>}
      {rate !== null && <Item title="samples/s">{formatNumber(rate, 3)}</Item>}
    </footer>
  );
}

function Reach() {
  const { status } = useApp();
  const version = status.build.value?.version;
  if (status.reachable.value === false) {
    return (
      <span class="strip-item strip-away" role="alert">
        Collector does not answer
      </span>
    );
  }
  return (
    <Link route={{ page: 'status' }} class="strip-item">
      Tidegauge{version === undefined ? '' : ` ${version}`}
    </Link>
  );
}

function SourcesItem() {
  const { sources } = useApp();
  const list = sources.sources.value;
  if (list === null) return null;
  const counts = countStates(list);
  const trouble = counts.late + counts.silent;
  return (
    <Link route={DEFAULT_SOURCES} class="strip-item">
      <span class="strip-title">sources</span> <b>{formatCount(counts.live)}</b> live
      {trouble > 0 && (
        <span class="strip-trouble">
          , <b>{formatCount(trouble)}</b> late or silent
        </span>
      )}
    </Link>
  );
}

function Item({ title, children }: { title: string; children: string }) {
  return (
    <span class="strip-item">
      <span class="strip-title">{title}</span> <b>{children}</b>
    </span>
  );
}
