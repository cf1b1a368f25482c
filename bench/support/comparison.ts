import { median } from './statistics.ts';
import { SERVER_NAMES, type ServerName } from './servers.ts';

/** A line of the comparison: what was measured, and the most that it is to be. */
export interface Line {
  readonly title: string;
  readonly unit: string;
  readonly digits: number;
  /** The goal for Tidegauge; met when its figure is not above. */
  readonly targetMax?: number;
  /** What the figure says of its conditions, printed below the table. */
  readonly note?: string;
}

interface Measured {
  readonly line: Line;
  readonly values: Map<ServerName, number[]>;
}

interface Cell {
  readonly server: ServerName;
  readonly median: number;
  /** The peer's figure over Tidegauge's: above 1, Tidegauge has the smaller one. */
  readonly ratio: number;
  readonly runs: readonly number[];
}

/** Figures of several servers and runs, smaller ones the better, and their table. */
export class Comparison {
  readonly #lines = new Map<string, Measured>();

  add(line: Line, server: ServerName, value: number): void {
    let measured = this.#lines.get(line.title);
    if (measured === undefined) {
      measured = { line, values: new Map() };
      this.#lines.set(line.title, measured);
    }
    const values = measured.values.get(server);
    if (values === undefined) measured.values.set(server, [value]);
    else values.push(value);
  }

  /** The medians as text: each peer's with its ratio, and whether the target is met. */
  table(): string {
    const servers = SERVER_NAMES.filter((name) =>
      [...this.#lines.values()].some(({ values }) => values.has(name)),
    );
    const rows = [['', 'unit', ...servers.flatMap((name) => headOf(name)), 'target', '']];
    const notes: string[] = [];
    for (const measured of this.#lines.values()) {
      const cells = cellsOf(measured);
      const { line } = measured;
      const texts = servers.flatMap((name) => textsOf(name, line, cells));
      const mark = line.note === undefined ? '' : ` [${notes.push(line.note)}]`;
      rows.push([`${line.title}${mark}`, line.unit, ...texts, ...targetOf(line, cells)]);
    }
    return [
      aligned(rows),
      '',
      'x: the peer over Tidegauge; above 1, Tidegauge has the smaller figure. Medians of the runs.',
      ...notes.map((note, index) => `[${index + 1}] ${note}`),
    ].join('\n');
  }

  toJson(): unknown {
    return [...this.#lines.values()].map((measured) => {
      const { title, unit, targetMax, note } = measured.line;
      const cells = cellsOf(measured);
      return { title, unit, targetMax, met: isMet(measured.line, cells), note, servers: cells };
    });
  }
}

function cellsOf({ values }: Measured): Cell[] {
  const own = median(values.get('tidegauge') ?? []);
  return [...values].map(([server, runs]) => {
    const figure = median(runs);
    return { server, median: figure, ratio: figure / own, runs };
  });
}

function isMet({ targetMax }: Line, cells: readonly Cell[]): boolean | undefined {
  const own = cells.find(({ server }) => server === 'tidegauge');
  return targetMax === undefined || own === undefined ? undefined : own.median <= targetMax;
}

function headOf(name: ServerName): string[] {
  return name === 'tidegauge' ? [name] : [name, 'x'];
}

function textsOf(name: ServerName, line: Line, cells: readonly Cell[]): string[] {
  const cell = cells.find(({ server }) => server === name);
  const figure = cell === undefined ? '-' : cell.median.toFixed(line.digits);
  if (name === 'tidegauge') return [figure];
  return [figure, cell === undefined || Number.isNaN(cell.ratio) ? '-' : cell.ratio.toFixed(2)];
}

function targetOf(line: Line, cells: readonly Cell[]): string[] {
  const met = isMet(line, cells);
  const target = line.targetMax === undefined ? '' : `<= ${line.targetMax}`;
  return [target, met === undefined ? '' : met ? 'met' : 'MISSED'];
}

/** Columns as wide as their longest cell, the first two to the left. */
export function aligned(rows: readonly (readonly string[])[]): string {
  const columns = Math.max(...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows
    .map((row) =>
      row
        .map((cell, column) => {
          const width = widths[column] ?? 0;
          return column < 2 ? cell.padEnd(width) : cell.padStart(width);
        })
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
