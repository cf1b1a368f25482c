import { excerpt, type Labels } from '../../model/index.ts';
import { PushRefusedError } from './errors.ts';

/**
 * What a label set pushed by anybody may be at most. Far above what any real sender has (the
 * largest of the usual services allow 30 labels of 2 KiB), and low enough that a sender gone wrong
 * cannot make one series cost megabytes. Scrapes have limits of their own in the configuration.
 */
const LABELS_MAX = 256;
const NAME_LENGTH_MAX = 1024;
const VALUE_LENGTH_MAX = 16_384;

/** What is too large about a label set, in words; undefined where nothing is. */
export function labelBoundProblem(labels: Labels): string | undefined {
  if (labels.size > LABELS_MAX) return `${labels.size} labels, want at most ${LABELS_MAX}`;
  const { pairs } = labels;
  for (let index = 0; index < pairs.length; index += 2) {
    const name = pairs[index] ?? '';
    const valueLength = pairs[index + 1]?.length ?? 0;
    if (name.length > NAME_LENGTH_MAX) {
      return `a label name of ${name.length} characters, want at most ${NAME_LENGTH_MAX}`;
    }
    if (valueLength > VALUE_LENGTH_MAX) {
      return `the label ${name} has ${valueLength} characters, want at most ${VALUE_LENGTH_MAX}`;
    }
  }
  return undefined;
}

/** @throws PushRefusedError (400) that names the series, where its labels are too large. */
export function refuseTooLarge(labels: Labels): void {
  const problem = labelBoundProblem(labels);
  if (problem === undefined) return;
  const series = excerpt(labels.toString());
  const message = `${problem}, in the series ${series}; nothing is stored`;
  throw new PushRefusedError(400, 'malformed', message);
}
