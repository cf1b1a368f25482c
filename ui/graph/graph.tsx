import { useSignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import type { MatrixEntry } from '../api/prometheus.ts';
import { factorLabels } from '../format/labels.ts';
import { unitOfExpression } from '../format/unit.ts';
import { formatCount } from '../format/value.ts';
import type { QueryRoute } from '../state/route.ts';
import type { ResolvedRange } from '../state/time-range.ts';
import { zoomedRange } from '../state/end-time.ts';
import { alignMatrix } from './align.ts';
import { Legend } from './legend.tsx';
import { Plot } from './plot.tsx';
import { utcOffset } from './ticks.ts';

/** Beyond this many lines nothing can be told apart, and drawing begins to be felt. */
const MAX_SERIES = 100;
const NONE: ReadonlySet<number> = new Set();

interface GraphProps {
  series: readonly MatrixEntry[];
  expression: string;
  range: ResolvedRange;
  stacked: boolean;
  onChange: (change: Partial<QueryRoute>) => void;
}

/** A matrix as a graph with its legend. */
export function Graph({ series, expression, range, stacked, onChange }: GraphProps) {
  const drawAll = useSignal(false);
  const hidden = useSignal<ReadonlySet<number>>(NONE);
  const focused = useSignal<number | null>(null);
  const cursor = useSignal<number | null>(null);
  useEffect(() => {
    drawAll.value = false;
    hidden.value = NONE;
  }, [expression]);

  const all = drawAll.value;
  const view = useMemo(() => {
    const drawn = all ? series : series.slice(0, MAX_SERIES);
    const aligned = alignMatrix(drawn, range);
    const { common, distinct } = factorLabels(drawn.map(({ metric }) => metric));
    const unit = unitOfExpression(expression);
    const xRange: [number, number] = [range.start, range.end];
    const histograms = drawn.filter(({ values }) => values === undefined).length;
    return { aligned, common, distinct, unit, xRange, histograms };
  }, [series, range, expression, all]);

  if (series.length === 0) return <Empty />;
  const width = range.end - range.start;
  const zoomOut = () => {
    const endMs = Math.round(range.end + width / 2) * 1000;
    const passed = endMs >= Date.now();
    onChange({ rangeSeconds: Math.round(width * 2), endMs: passed ? null : endMs });
  };
  return (
    <div class="graph">
      {series.length > MAX_SERIES && (
        <TooMany count={series.length} all={all} onAll={() => (drawAll.value = !all)} />
      )}
      {view.histograms > 0 && (
        <p class="notice info" role="status">
          {formatCount(view.histograms)} of the series are native histograms, which have no single
          line; the table shows them.
        </p>
      )}
      <Plot
        {...view}
        labels={view.distinct}
        stacked={stacked}
        hidden={hidden.value}
        focused={focused}
        cursor={cursor}
        onZoom={(start, end) => onChange(zoomedRange(start, end))}
        onZoomOut={zoomOut}
      />
      <p class="graph-foot">
        Local time, {utcOffset(range.end * 1000)}. Drag to zoom in, double click to zoom out.
      </p>
      <Legend {...view} labels={view.distinct} hidden={hidden} focused={focused} cursor={cursor} />
    </div>
  );
}

function TooMany({ count, all, onAll }: { count: number; all: boolean; onAll: () => void }) {
  return (
    <p class="notice info with-action" role="status">
      <span>
        {all
          ? `All ${formatCount(count)} series are drawn.`
          : `The first ${MAX_SERIES} of ${formatCount(count)} series are drawn.`}
      </span>
      <button type="button" class="button" onClick={onAll}>
        {all ? `Draw the first ${MAX_SERIES}` : `Draw all ${formatCount(count)}`}
      </button>
    </p>
  );
}

/** Said by graph and table alike. */
export function Empty() {
  return (
    <div class="empty" role="status">
      <p>No series in this range.</p>
      <p class="soft">
        The expression is valid, but selects nothing here: look at the metric name, its matchers,
        and the time.
      </p>
    </div>
  );
}
