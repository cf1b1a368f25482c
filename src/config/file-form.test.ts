import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { fileOptions, fileSchema, formatDefault } from './file-form.ts';

const component = z.strictObject({
  retentionMs: z
    .int()
    .min(1000)
    .default(15 * 86_400_000),
  walSegmentBytes: z.int().default(32 * 1024 * 1024),
  retry_after_seconds: z.int().default(5),
  maxSeries: z.int().default(0),
  fsync: z.enum(['group', 'none']).default('group'),
});

describe('the file form of options', () => {
  it('fills in defaults', () => {
    const want = component.parse({});
    expect(fileSchema(component).parse({})).toEqual(want);
    expect(fileSchema(component).parse(undefined)).toEqual(want);
  });

  it('takes durations, sizes and plain values', () => {
    const text = { retention: '1h30m', wal_segment_size: '1MB', retry_after: '2m', max_series: 7 };
    expect(fileSchema(component).parse(text)).toEqual({
      retentionMs: 5_400_000,
      walSegmentBytes: 1_048_576,
      retry_after_seconds: 120,
      maxSeries: 7,
      fsync: 'group',
    });
  });

  it('refuses what is no duration, what breaks the bounds, and unknown keys', () => {
    const issues = (value: unknown) => fileSchema(component).safeParse(value).error?.issues ?? [];
    expect(issues({ retention: '5 fortnights' })[0]?.message).toBe(
      '"5 fortnights" is not a duration, want one such as 30s',
    );
    expect(issues({ retention: '1ms' })[0]?.path).toEqual(['retention']);
    expect(issues({ retention_ms: 1 })[0]?.code).toBe('unrecognized_keys');
  });

  it('writes defaults as one would in the file', () => {
    const values = component.parse({}) as Record<string, unknown>;
    const written = fileOptions(component).map(
      (o) => `${o.key}: ${formatDefault(o, values[o.option])}`,
    );
    expect(written).toEqual([
      'retention: 15d',
      'wal_segment_size: 32MB',
      'retry_after: 5s',
      'max_series: 0',
      'fsync: group',
    ]);
  });
});
