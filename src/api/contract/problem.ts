import { z } from 'zod';
import { rfc3339 } from './time.ts';

/** What is wrong with a source, for people. */
export const problem = z.strictObject({
  code: z
    .string()
    .describe('Such as `away`, `clock`, `missing`, `lost_evicted`, `rejected_limit`.'),
  since: rfc3339.nullable().describe('Null where nobody knows.'),
  text: z.string(),
  advice: z.string().describe('What to do.'),
});
