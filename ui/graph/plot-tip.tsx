import type { ReadonlySignal } from '@preact/signals';
import { LabelSet } from '../components/label-set.tsx';
import { formatTimestamp, formatValue } from '../format/value.ts';
import { valueAt } from './align.ts';
import { seriesColor } from './colors.ts';
import type { PlotProps } from './plot.tsx';

interface PlotTipProps extends PlotProps {
  /** Cursor in pixels from the canvas's left and top edge; null away from it. */
  pointer: ReadonlySignal<{ left: number; top: number } | null>;
}

/** Beside the cursor: the time, and the nearest series with its value. */
export function PlotTip(props: PlotTipProps) {
  const at = props.pointer.value;
  const index = props.cursor.value;
  if (at === null || index === null) return null;
  const time = props.aligned.times[index];
  if (time === undefined) return null;
  const only = props.labels.length === 1 ? 0 : null;
  const series = props.focused.value ?? only;
  const value = series === null ? null : valueAt(props.aligned.columns[series], index);
  const right = typeof window !== 'undefined' && at.left > window.innerWidth / 2;
  const x = right ? `calc(${at.left - 14}px - 100%)` : `${at.left + 14}px`;
  return (
    <div class="tip" style={{ transform: `translate(${x}, ${Math.max(at.top - 20, 4)}px)` }}>
      <div class="tip-time">{formatTimestamp(time)}</div>
      {series !== null && (
        <div class="tip-series">
          <span class="swatch" style={{ background: seriesColor(series) }} />
          <b class="tip-value">{value === null ? 'no sample' : formatValue(value, props.unit)}</b>
          <LabelSet labels={props.labels[series] ?? {}} />
        </div>
      )}
    </div>
  );
}
