const DIGITS = 8;
const SEGMENT = /^\d{8,}$/;
const CHECKPOINT = /^checkpoint-(\d{8,})$/;
const PART = /^part-\d{4,}$/;

/** What is made and not finished; removed when the store is opened. */
export const TEMPORARY_SUFFIX = '.tmp';

export function segmentName(sequence: number): string {
  return String(sequence).padStart(DIGITS, '0');
}

/** Folder of the checkpoint that holds all of the log up to and including this segment. */
export function checkpointName(sequence: number): string {
  return `checkpoint-${segmentName(sequence)}`;
}

export function partName(index: number): string {
  return `part-${String(index).padStart(4, '0')}`;
}

/** Sequence numbers of the segments among the names, ascending. */
export function segmentSequences(names: readonly string[]): number[] {
  return names
    .filter((name) => SEGMENT.test(name))
    .map(Number)
    .sort((a, b) => a - b);
}

/** Sequence numbers of the checkpoints among the names, ascending. */
export function checkpointSequences(names: readonly string[]): number[] {
  return names
    .map((name) => CHECKPOINT.exec(name)?.[1])
    .filter((digits) => digits !== undefined)
    .map(Number)
    .sort((a, b) => a - b);
}

/** Parts of a checkpoint among the names, in order. */
export function partNames(names: readonly string[]): string[] {
  return names
    .filter((name) => PART.test(name))
    .sort((a, b) => a.length - b.length || (a < b ? -1 : 1));
}
