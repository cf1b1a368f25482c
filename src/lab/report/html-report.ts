import type { LabResult } from '../results.ts';
import { textReport } from './text-report.ts';
export function htmlReport(result: LabResult): string {
  return `<pre>${textReport(result)}</pre>`;
}
