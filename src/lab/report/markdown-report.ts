import type { LabResult } from '../results.ts';
import { STRATEGIES } from '../strategies.ts';
import { describeRun, rowsOf } from './rows.ts';

/** The comparison as a table for documents. */
export function markdownReport(result: LabResult): string {
  const names = result.strategies.map(({ name }) => name);
  const line = (cells: readonly string[]): string => `| ${cells.map(escapeCell).join(' | ')} |`;
  const rows = rowsOf(result).map(({ aspect, figure, cells }) => {
    return line([aspect, figure, ...names.map((name) => cells.get(name) ?? '')]);
  });
  const titles = ['', '', ...names.map((name) => STRATEGIES[name].title)];
  return [
    `${describeRun(result.options)}, all on one machine:`,
    '',
    line(titles),
    `|${titles.map(() => '---').join('|')}|`,
    ...rows,
    '',
  ].join('\n');
}

function escapeCell(text: string): string {
  return text.replaceAll('|', String.raw`\|`).replaceAll('<', '&lt;');
}
