/** A line through points, or a bar's value, under a name. */
export interface PlotLine {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

/** A stretch of x that is shaded. */
export interface PlotSpan {
  readonly from: number;
  readonly to: number;
  readonly name: string;
}

export interface LinePlot {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly lines: readonly PlotLine[];
  readonly spans?: readonly PlotSpan[];
  /** Default: from the points. */
  readonly yMax?: number;
  /** x as its decimal logarithm; x must be above 0. */
  readonly isLogX?: boolean;
}

export interface BarPlot {
  readonly title: string;
  readonly bars: readonly { readonly name: string; readonly value: number }[];
  readonly show: (value: number) => string;
}

const WIDTH = 720;
const HEIGHT = 260;
const LEFT = 56;
const RIGHT = 12;
const TOP = 18;
const BOTTOM = 40;
const BAR_HEIGHT = 26;
const BAR_LEFT = 170;
const BAR_RIGHT = 90;
const TICKS = 5;
/** Lines differ in colour and in dashes: not everybody sees both. */
const DASHES = ['', '7 3', '2 3', '9 3 2 3'];

/** A plot of lines as an SVG element; colours come from the page's classes `line-0` and so on. */
export function linePlotSvg(plot: LinePlot): string {
  const scale = scaleOf(plot);
  const parts = [
    ...(plot.spans ?? []).map((span) => spanSvg(span, scale)),
    ...axesSvg(plot, scale),
    ...plot.lines.map(({ points }, index) => lineSvg(points, index, scale)),
  ];
  const legend = plot.lines.map(({ name }, index) => legendSvg(name, index));
  const size = `viewBox="0 0 ${WIDTH} ${HEIGHT + 24}"`;
  return figure(plot.title, `<svg ${size} role="img">${[...parts, ...legend].join('')}</svg>`);
}

/** Bars beside each other, longest as wide as the plot. */
export function barPlotSvg({ title, bars, show }: BarPlot): string {
  const most = Math.max(...bars.map(({ value }) => value), Number.MIN_VALUE);
  const parts = bars.map(({ name, value }, index) => {
    const y = 6 + index * BAR_HEIGHT;
    const width = ((WIDTH - BAR_LEFT - BAR_RIGHT) * value) / most;
    const middle = y + BAR_HEIGHT / 2 + 1;
    return [
      `<text x="${BAR_LEFT - 8}" y="${middle}" text-anchor="end">${escapeHtml(name)}</text>`,
      `<rect class="bar-${index}" x="${BAR_LEFT}" y="${y}" width="${width.toFixed(1)}" height="18"/>`,
      `<text x="${(BAR_LEFT + width + 6).toFixed(1)}" y="${middle}">${escapeHtml(show(value))}</text>`,
    ].join('');
  });
  const size = `viewBox="0 0 ${WIDTH} ${bars.length * BAR_HEIGHT + 10}"`;
  return figure(title, `<svg ${size} role="img">${parts.join('')}</svg>`);
}

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`);
}

interface Scale {
  x(value: number): number;
  y(value: number): number;
  readonly xMin: number;
  readonly xMax: number;
  readonly yMax: number;
  readonly isLogX: boolean;
}

function scaleOf({ lines, yMax, isLogX = false }: LinePlot): Scale {
  const points = lines.flatMap((line) => line.points);
  const xs = points.map(([x]) => (isLogX ? Math.log10(x) : x));
  const [low, high] = [Math.min(...xs), Math.max(...xs)];
  const xMin = xs.length === 0 ? 0 : low;
  const xMax = xs.length === 0 || high === low ? xMin + 1 : high;
  const top = yMax ?? Math.max(...points.map(([, y]) => y), Number.MIN_VALUE) * 1.05;
  return {
    x: (value) => {
      const at = ((isLogX ? Math.log10(value) : value) - xMin) / (xMax - xMin);
      return LEFT + at * (WIDTH - LEFT - RIGHT);
    },
    y: (value) => HEIGHT - BOTTOM - (value / top) * (HEIGHT - TOP - BOTTOM),
    ...{ xMin, xMax, yMax: top, isLogX },
  };
}

function axesSvg({ xLabel, yLabel }: LinePlot, scale: Scale): string[] {
  const parts: string[] = [];
  for (let tick = 0; tick <= TICKS; tick++) {
    const yValue = (scale.yMax * tick) / TICKS;
    const y = scale.y(yValue).toFixed(1);
    parts.push(`<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y}" y2="${y}"/>`);
    parts.push(`<text x="${LEFT - 6}" y="${y}" dy="4" text-anchor="end">${short(yValue)}</text>`);
    const at = scale.xMin + ((scale.xMax - scale.xMin) * tick) / TICKS;
    const xValue = scale.isLogX ? 10 ** at : at;
    const x = scale.x(xValue).toFixed(1);
    const under = HEIGHT - BOTTOM + 16;
    parts.push(`<text x="${x}" y="${under}" text-anchor="middle">${short(xValue)}</text>`);
  }
  const middle = (LEFT + WIDTH - RIGHT) / 2;
  const below = HEIGHT - BOTTOM + 32;
  parts.push(`<text x="${middle}" y="${below}" text-anchor="middle">${escapeHtml(xLabel)}</text>`);
  parts.push(`<text x="4" y="11">${escapeHtml(yLabel)}</text>`);
  return parts;
}

function lineSvg(
  points: readonly (readonly [number, number])[],
  index: number,
  scale: Scale,
): string {
  const path = points.map(([x, y]) => `${scale.x(x).toFixed(1)},${scale.y(y).toFixed(1)}`);
  const dashes = DASHES[index % DASHES.length] ?? '';
  return `<polyline class="line-${index}" stroke-dasharray="${dashes}" points="${path.join(' ')}"/>`;
}

function spanSvg({ from, to, name }: PlotSpan, scale: Scale): string {
  const [left, right] = [scale.x(from), scale.x(to)];
  const box = `x="${left.toFixed(1)}" width="${Math.max(1, right - left).toFixed(1)}"`;
  const label = `<text x="${(left + 4).toFixed(1)}" y="${TOP + 10}">${escapeHtml(name)}</text>`;
  return `<rect class="span" ${box} y="${TOP}" height="${HEIGHT - TOP - BOTTOM}"/>${label}`;
}

function legendSvg(name: string, index: number): string {
  const x = LEFT + index * 160;
  const y = HEIGHT + 10;
  const dashes = DASHES[index % DASHES.length] ?? '';
  const line = `<line class="line-${index}" stroke-dasharray="${dashes}" x1="${x}" x2="${x + 26}" y1="${y}" y2="${y}"/>`;
  return `${line}<text x="${x + 32}" y="${y}" dy="4">${escapeHtml(name)}</text>`;
}

function figure(title: string, svg: string): string {
  return `<figure><figcaption>${escapeHtml(title)}</figcaption>${svg}</figure>`;
}

function short(value: number): string {
  return String(Number(value.toPrecision(value >= 100 ? 4 : 2)));
}
