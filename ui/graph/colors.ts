/** Number of series colours that the style sheet defines as `--series-0` and so on. */
const COLOR_COUNT = 10;

/** The colour of the n-th series as a CSS value; colours repeat after ten. */
export function seriesColor(index: number): string {
  return `var(--series-${index % COLOR_COUNT})`;
}

/** Colours for a canvas, which knows no CSS variables. */
export interface CanvasColors {
  series: (index: number) => string;
  axis: string;
  grid: string;
}

/** Reads the colours in force from the style sheet; wrong after the scheme changes. */
export function canvasColors(): CanvasColors {
  const style = getComputedStyle(document.documentElement);
  const read = (name: string) => style.getPropertyValue(name).trim();
  const palette = Array.from({ length: COLOR_COUNT }, (_, index) => read(`--series-${index}`));
  return {
    series: (index) => palette[index % COLOR_COUNT] ?? read('--ink'),
    axis: read('--ink-soft'),
    grid: read('--grid'),
  };
}
