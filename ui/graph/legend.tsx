import { type Signal, useComputed } from '@preact/signals';
import type { Labels } from '../api/prometheus.ts';
import { LabelSet } from '../components/label-set.tsx';
import type { Unit } from '../format/unit.ts';
import { formatTimestamp, formatValue } from '../format/value.ts';
import { type Aligned, type Column, valueAt } from './align.ts';
import { seriesColor } from './colors.ts';
import { isolate, toggle } from './visibility.ts';

interface LegendProps {
  aligned: Aligned;
  common: Labels;
  labels: readonly Labels[];
  unit: Unit;
  hidden: Signal<ReadonlySet<number>>;
  focused: Signal<number | null>;
  cursor: Signal<number | null>;
}

/** Below the graph: what each line is and its value at the cursor, or its last one. */
export function Legend(props: LegendProps) {
  const { hidden, labels, aligned } = props;
  const hasCommon = Object.keys(props.common).length > 0;
  return (
    <section class="legend" aria-label="Series">
      <div class="legend-head">
        <LegendTime times={aligned.times} cursor={props.cursor} />
        {hasCommon && (
          <span class="legend-common">
            <span class="soft">all: </span>
            <LabelSet labels={props.common} />
          </span>
        )}
        {hidden.value.size > 0 && (
          <button
            type="button"
            class="link-button"
            onClick={() => {
              hidden.value = new Set();
            }}
          >
            Show all
          </button>
        )}
      </div>
      <ul class="legend-list" onPointerLeave={() => setFocus(props.focused, null)}>
        {labels.map((set, index) => (
          <LegendRow
            key={index}
            {...props}
            index={index}
            set={set}
            column={aligned.columns[index]}
          />
        ))}
      </ul>
    </section>
  );
}

function LegendTime({
  times,
  cursor,
}: {
  times: readonly number[];
  cursor: Signal<number | null>;
}) {
  const index = cursor.value;
  const time = index === null ? undefined : times[index];
  return (
    <span class="legend-time">
      {time === undefined ? 'Last value' : `At ${formatTimestamp(time)}`}
    </span>
  );
}

interface LegendRowProps extends LegendProps {
  index: number;
  set: Labels;
  column: Column | undefined;
}

function LegendRow({ index, set, column, unit, hidden, focused, cursor, labels }: LegendRowProps) {
  const isFocused = useComputed(() => focused.value === index).value;
  const isShown = !hidden.value.has(index);
  const onClick = (event: MouseEvent) => {
    const change = event.ctrlKey || event.metaKey ? toggle : isolate;
    hidden.value = change(hidden.value, index, labels.length);
  };
  return (
    <li class={isFocused ? 'legend-row focused' : 'legend-row'}>
      <button
        type="button"
        aria-pressed={isShown}
        onClick={onClick}
        onPointerEnter={() => setFocus(focused, isShown ? index : null)}
        title="Click: this one alone. Ctrl+click: hide or show."
      >
        <span class="swatch" style={{ background: seriesColor(index) }} />
        <LegendValue column={column} cursor={cursor} unit={unit} />
        <LabelSet labels={set} />
      </button>
    </li>
  );
}

/** Alone in its component: hovering redraws the values and nothing else. */
function LegendValue(props: {
  column: Column | undefined;
  cursor: Signal<number | null>;
  unit: Unit;
}) {
  const value = valueAt(props.column, props.cursor.value);
  return <span class="legend-value">{value === null ? '–' : formatValue(value, props.unit)}</span>;
}

function setFocus(focused: Signal<number | null>, index: number | null): void {
  focused.value = index;
}
