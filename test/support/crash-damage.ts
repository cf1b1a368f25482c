import { readdirSync, statSync } from 'node:fs';
import { open, truncate } from 'node:fs/promises';
import { join } from 'node:path';

export interface Damage {
  readonly kind: 'truncated' | 'bit flipped';
  readonly file: string;
  /** Position of the first byte that is not as it was. */
  readonly positionBytes: number;
  readonly sizeBytes: number;
  /** When the file was made: what was acknowledged before is not in it. */
  readonly madeAtMs: number;
}

/** Headers are no records. */
const HEADER_BYTES = 64;
/** How far from its end a file is damaged at most. */
const TAIL_BYTES = 8 * 1024;

/** Damages the end of the last segment of a log; undefined where it has nothing but a header. */
export async function damageLastSegment(
  walDir: string,
  kind: Damage['kind'],
  random: () => number,
): Promise<Damage | undefined> {
  const name = readdirSync(walDir, { withFileTypes: true })
    .filter((entry) => entry.isFile() && /^\d+$/.test(entry.name))
    .map((entry) => entry.name)
    .sort((a, b) => Number(a) - Number(b))
    .at(-1);
  if (name === undefined) throw new Error(`${walDir} has no segment`);
  const file = join(walDir, name);
  const { size: sizeBytes, birthtimeMs } = statSync(file);
  const span = Math.min(TAIL_BYTES, sizeBytes - HEADER_BYTES);
  if (span <= 0) return undefined;
  const positionBytes = sizeBytes - 1 - Math.floor(random() * span);
  if (kind === 'truncated') await truncate(file, positionBytes);
  else await flipBit(file, positionBytes, Math.floor(random() * 8));
  return { kind, file, positionBytes, sizeBytes, madeAtMs: birthtimeMs };
}

async function flipBit(file: string, positionBytes: number, bit: number): Promise<void> {
  const handle = await open(file, 'r+');
  try {
    const byte = Buffer.alloc(1);
    await handle.read(byte, 0, 1, positionBytes);
    byte[0] = (byte[0] ?? 0) ^ (1 << bit);
    await handle.write(byte, 0, 1, positionBytes);
  } finally {
    await handle.close();
  }
}
