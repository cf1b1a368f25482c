import { excerpt, type Labels } from '../../model/index.ts';
import { UncarriedSeriesError } from '../errors.ts';

/** What a frame of the protocol carries (128 labels, with those that agent and collector add). */
const LABELS_MAX = 112;
const TEXT_BYTES_MAX = 4096;
/** So that one series always fits a frame, whatever its texts. */
const SERIES_BYTES_MAX = 16_384;

/** @throws UncarriedSeriesError that names the series, where no session can carry its labels. */
export function refuseUncarried(labels: Labels): void {
  const problem = uncarriedProblem(labels);
  if (problem !== undefined) throw new UncarriedSeriesError(`${problem}; nothing is stored`);
}

/** Why no session can carry these labels, with the series; undefined where one can. */
export function uncarriedProblem(labels: Labels): string | undefined {
  const problem = problemOf(labels);
  return problem && `${problem}, in the series ${excerpt(labels.toString())}`;
}

function problemOf(labels: Labels): string | undefined {
  if (labels.size > LABELS_MAX) return `${labels.size} labels, want at most ${LABELS_MAX}`;
  let sizeBytes = 0;
  for (const text of labels.pairs) {
    const textBytes = Buffer.byteLength(text);
    if (textBytes > TEXT_BYTES_MAX) {
      return `a label name or value of ${textBytes} bytes, want at most ${TEXT_BYTES_MAX}`;
    }
    sizeBytes += textBytes;
  }
  if (sizeBytes <= SERIES_BYTES_MAX) return undefined;
  return `labels of ${sizeBytes} bytes, want at most ${SERIES_BYTES_MAX}`;
}
