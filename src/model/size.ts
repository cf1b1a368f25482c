const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  B: 1,
  KB: 1024,
  KIB: 1024,
  MB: 1024 ** 2,
  MIB: 1024 ** 2,
  GB: 1024 ** 3,
  GIB: 1024 ** 3,
  TB: 1024 ** 4,
  TIB: 1024 ** 4,
  PB: 1024 ** 5,
  PIB: 1024 ** 5,
};

const SIZE = /^(\d+(?:\.\d+)?)([a-zA-Z]*)$/;

/**
 * Parses `512MB`, `1.5GiB`, `100`; units are powers of 1024 in both spellings, as Prometheus has
 * them. Returns whole bytes, or undefined where the text is not a size.
 */
export function parseSize(text: string): number | undefined {
  const match = SIZE.exec(text);
  const unit = UNITS[(match?.[2] ?? '').toUpperCase()];
  if (match?.[1] === undefined || unit === undefined) return undefined;
  const bytes = Math.floor(Number(match[1]) * unit);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** The shortest exact form: `32MB`, `1500B`. */
export function formatSize(bytes: number): string {
  for (const unit of ['PB', 'TB', 'GB', 'MB', 'KB']) {
    const size = UNITS[unit] ?? 1;
    if (bytes >= size && bytes % size === 0) return `${bytes / size}${unit}`;
  }
  return `${bytes}B`;
}
