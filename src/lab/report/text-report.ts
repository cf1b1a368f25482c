import type { LabResult } from '../results.ts';
import { STRATEGIES } from '../strategies.ts';
import { describeRun, rowsOf } from './rows.ts';
import { showMs } from './units.ts';

const ASPECT_WIDTH = 22;
const FIGURE_WIDTH = 30;
const CELL_WIDTH = 25;

/** The comparison as a table for a terminal. */
export function textReport(result: LabResult): string {
  const names = result.strategies.map(({ name }) => name);
  const titles = ['', '', ...names.map((name) => STRATEGIES[name].title)];
  const rule = widths(names.length)
    .map((width) => '-'.repeat(width))
    .join('-+-');
  const lines = [describeRun(result.options), '', ...tableLines(titles), rule];
  for (const [at, { aspect, figure, cells }] of rowsOf(result).entries()) {
    if (at > 0 && aspect !== '') lines.push(rule);
    lines.push(...tableLines([aspect, figure, ...names.map((name) => cells.get(name) ?? '')]));
  }
  lines.push('', `measured in ${showMs(result.elapsedMs)}, all on this machine, over loopback`);
  return lines.join('\n');
}

function widths(count: number): number[] {
  return [ASPECT_WIDTH, FIGURE_WIDTH, ...Array.from({ length: count }, () => CELL_WIDTH)];
}

function tableLines(cells: readonly string[]): string[] {
  const all = widths(cells.length - 2);
  const wrapped = cells.map((cell, at) => wrap(cell, all[at] ?? CELL_WIDTH));
  const height = Math.max(...wrapped.map(({ length }) => length));
  return Array.from({ length: height }, (_, line) =>
    wrapped
      .map((lines, at) => (lines[line] ?? '').padEnd(all[at] ?? CELL_WIDTH))
      .join(' | ')
      .trimEnd(),
  );
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/)) {
    for (let rest = word; rest !== ''; rest = rest.slice(width)) {
      const piece = rest.slice(0, width);
      if (line !== '' && line.length + 1 + piece.length > width) {
        lines.push(line);
        line = piece;
      } else {
        line = line === '' ? piece : `${line} ${piece}`;
      }
    }
  }
  return [...lines, line];
}
