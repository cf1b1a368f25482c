import { z } from 'zod';

/** Settings of the source registry. */
export const sourcesOptionsSchema = z.strictObject({
  max_push_sources: z
    .number()
    .int()
    .min(1)
    .default(10_000)
    .describe(
      'Pushing sources (remote address and protocol) remembered at most; the one that ended, or ' +
        'was silent, longest makes room for a new one.',
    ),
});
