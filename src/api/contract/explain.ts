import { z } from 'zod';

const ms = z.number().describe('Milliseconds.');

const measured = z.strictObject({
  ownMs: ms.describe('Milliseconds, without the nodes below.'),
  totalMs: ms,
  series: z.number().describe('Of the result.'),
  samples: z.number().describe('Of the result.'),
  seriesRead: z.number().describe('From storage, the nodes below included.'),
  samplesRead: z.number().describe('From storage, the nodes below included.'),
});

/** A node of a plan with those below it. */
export const planNode = z
  .strictObject({
    operator: z.string(),
    detail: z.string().describe("The operator's own name and arguments."),
    start: z.number().describe('Where it stands in the text, in UTF-16 units.'),
    end: z.number().describe('Exclusive.'),
    isInvariant: z.boolean().describe('The same at every step, so evaluated once.'),
    steps: z.number(),
    measured: measured.optional().describe('Only of an analysis.'),
    get children() {
      return z.array(planNode);
    },
  })
  .meta({ id: 'PlanNode' });

export const analysis = z.strictObject({
  plan: planNode,
  stats: z.record(z.string(), z.number()).describe('Of the whole query; times in milliseconds.'),
});
