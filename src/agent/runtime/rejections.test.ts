import { expect, test } from 'vitest';
import type { Rejection } from '../../formats/tide/index.ts';
import { silentLogger } from '../../telemetry/index.ts';
import { Rejections } from './rejections.ts';

test('what is rejected is counted by why, and said once for each with what to do', () => {
  const said: { fields: Record<string, unknown>; text: string }[] = [];
  const warn = (fields: Record<string, unknown>, text: string): void => {
    said.push({ fields, text });
  };
  const rejections = new Rejections();
  const logger = { ...silentLogger, warn };
  const late: Rejection = { stream: 1, seq: 7, reason: 'OUT_OF_ORDER', samples: 5 };
  rejections.take([late, { ...late, seq: 9, samples: 2 }], logger);
  rejections.take([{ stream: 1, seq: 10, reason: 'FORMAT', samples: 0 }, late], logger);
  expect(rejections.samples).toMatchObject({ OUT_OF_ORDER: 12, FORMAT: 0, CONFLICT: 0 });
  expect(rejections.frames).toBe(1);
  expect(said.map(({ fields }) => fields['reason'])).toEqual(['OUT_OF_ORDER', 'FORMAT']);
  expect(said[0]).toMatchObject({
    fields: { samples: 5, want: expect.stringContaining('out_of_order_window') as unknown },
    text: expect.stringContaining('never store samples') as unknown,
  });
  expect(said[1]?.text).toContain('never store a frame');
});
