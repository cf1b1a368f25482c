import type { SelectHints } from '../api.ts';
import { SelectLimitError } from '../errors.ts';

/** A time and a value. */
const SAMPLE_BYTES = 2 * Float64Array.BYTES_PER_ELEMENT;

/** Makes sure that so many samples may be held beside other bytes. @throws SelectLimitError */
export function requireRoom(
  samples: number,
  { maxBytes = Infinity }: Pick<SelectHints, 'maxBytes'>,
  otherBytes = 0,
): void {
  if (SAMPLE_BYTES * samples + otherBytes > maxBytes) throw new SelectLimitError('bytes', maxBytes);
}
