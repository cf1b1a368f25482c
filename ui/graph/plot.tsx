import { type Signal, useSignal } from '@preact/signals';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import type { Labels } from '../api/prometheus.ts';
import type { Unit } from '../format/unit.ts';
import { formatTimestamp } from '../format/value.ts';
import { useApp } from '../state/app.ts';
import { type Aligned, stackColumns } from './align.ts';
import { canvasColors } from './colors.ts';
import { plotOptions } from './plot-options.ts';
import { PlotTip } from './plot-tip.tsx';

export interface PlotProps {
  aligned: Aligned;
  /** Labels that tell the series apart, one set for each column. */
  labels: readonly Labels[];
  /** Unix seconds at the edges. */
  xRange: [number, number];
  unit: Unit;
  stacked: boolean;
  hidden: ReadonlySet<number>;
  /** Series under the cursor or under the pointer in the legend. */
  focused: Signal<number | null>;
  /** Index of the time under the cursor. */
  cursor: Signal<number | null>;
  onZoom: (startSeconds: number, endSeconds: number) => void;
  onZoomOut: () => void;
}

const WIDE_HEIGHT = 380;
const NARROW_HEIGHT = 280;
const NARROW_WIDTH = 560;

/** The canvas. It is made anew when what it draws changes; refreshing is rare beside hovering. */
export function Plot(props: PlotProps) {
  const { theme } = useApp();
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const pointer = useSignal<{ left: number; top: number } | null>(null);
  const handlers = useRef(props);
  handlers.current = props;

  useLayoutEffect(() => {
    const element = place.current;
    if (element === null) return undefined;
    const made = makePlot(element, props, pointer, handlers);
    plot.current = made;
    const observer = new ResizeObserver(() => made.setSize(sizeOf(element)));
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [props.aligned, props.unit, props.stacked, props.hidden, theme.dark.value]);

  const { focused } = props;
  useEffect(
    () =>
      focused.subscribe((index) => {
        plot.current?.setSeries(index === null ? null : index + 1, { focus: true }, false);
      }),
    [focused],
  );

  const { times } = props.aligned;
  const index = props.cursor.value;
  const atSeconds = times[index ?? times.length - 1] ?? 0;
  return (
    <div class="plot">
      <div
        ref={place}
        class="plot-canvas"
        role="slider"
        tabIndex={0}
        aria-label={`Graph of ${props.labels.length} series; arrow keys move along time`}
        aria-valuemin={0}
        aria-valuemax={Math.max(times.length - 1, 0)}
        aria-valuenow={index ?? times.length - 1}
        aria-valuetext={formatTimestamp(atSeconds)}
        onDblClick={props.onZoomOut}
        onKeyDown={(event) => moveCursor(event, plot.current, props.cursor)}
        onBlur={() => plot.current?.setCursor({ left: -10, top: -10 })}
      />
      <PlotTip {...props} pointer={pointer} />
    </div>
  );
}

function sizeOf(element: HTMLElement): { width: number; height: number } {
  const width = Math.max(element.clientWidth, 200);
  return { width, height: width < NARROW_WIDTH ? NARROW_HEIGHT : WIDE_HEIGHT };
}

function makePlot(
  element: HTMLElement,
  props: PlotProps,
  pointer: Signal<{ left: number; top: number } | null>,
  handlers: { current: PlotProps },
): uPlot {
  const { aligned, hidden, stacked } = props;
  const isShown = (index: number) => !hidden.has(index);
  const columns = stacked ? stackColumns(aligned.columns, isShown) : aligned.columns;
  const options = plotOptions({
    ...sizeOf(element),
    xRange: props.xRange,
    unit: props.unit,
    stacked,
    isShown,
    seriesCount: columns.length,
    colors: canvasColors(),
    hooks: {
      // A refresh under the resting pointer keeps its cursor.
      ready: [
        (u) => {
          const at = pointer.value;
          if (at !== null) u.setCursor({ left: at.left - u.over.offsetLeft, top: at.top });
        },
      ],
      setCursor: [
        (u) => {
          const { left = -1, top = -1, idx } = u.cursor;
          const index = left >= 0 ? (idx ?? null) : null;
          handlers.current.cursor.value = index;
          pointer.value = index === null ? null : { left: left + u.over.offsetLeft, top };
        },
      ],
      setSeries: [
        (_, index) => {
          handlers.current.focused.value = index === null ? null : index - 1;
        },
      ],
      setSelect: [
        (u) => {
          const { left, width } = u.select;
          if (width === 0) return;
          const ends = [u.posToVal(left, 'x'), u.posToVal(left + width, 'x')] as const;
          u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          handlers.current.onZoom(...ends);
        },
      ],
    },
  });
  return new uPlot(options, [aligned.times, ...columns], element);
}

/** Arrow keys move the cursor by one point, with Shift by ten; Escape takes it away. */
function moveCursor(event: KeyboardEvent, u: uPlot | null, cursor: Signal<number | null>): void {
  if (u === null) return;
  const last = (u.data[0]?.length ?? 0) - 1;
  const from = cursor.value ?? last;
  const by = event.shiftKey ? 10 : 1;
  let to: number;
  if (event.key === 'ArrowLeft') to = from - by;
  else if (event.key === 'ArrowRight') to = from + by;
  else if (event.key === 'Home') to = 0;
  else if (event.key === 'End') to = last;
  else if (event.key === 'Escape') return u.setCursor({ left: -10, top: -10 });
  else return;
  event.preventDefault();
  const time = u.data[0][Math.min(Math.max(to, 0), last)];
  if (time !== undefined)
    u.setCursor({ left: u.valToPos(time, 'x'), top: u.over.clientHeight / 2 });
}
