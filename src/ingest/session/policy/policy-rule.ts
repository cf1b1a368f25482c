import { z } from 'zod';
import { compileAnchored, messageOf, parseDuration } from '../../../model/index.ts';

const LABEL_NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

function durationOf(minMs: number) {
  return z.union([z.string(), z.number()]).transform((value, context) => {
    const durationMs = parseDuration(String(value));
    if (durationMs !== undefined && durationMs >= minMs) return durationMs;
    const text = `${JSON.stringify(value)}, want a duration of ${minMs}ms or more, such as 10s`;
    context.addIssue({ code: 'custom', message: text });
    return z.NEVER;
  });
}

const expression = z.string().superRefine((source, context) => {
  try {
    compileAnchored(source);
  } catch (error) {
    context.addIssue({ code: 'custom', message: messageOf(error) });
  }
});

const priority = z.enum(['A', 'B', 'C']);

/** One rule of `policies`: which groups of which agents, and what of them is to be otherwise. */
export const policyRuleSchema = z.strictObject({
  match: z
    .record(z.string().regex(LABEL_NAME, 'want a label name'), expression)
    .default({})
    .describe(
      'Labels of the agent, each with an RE2 expression, anchored on both sides: `agent` is its ' +
        'id, the others are those of its token or certificate. All must match; without any, all ' +
        'agents do.',
    ),
  groups: expression
    .default('.*')
    .describe('RE2 expression, anchored, of names of groups: host, agent, scrape/JOB/INSTANCE.'),
  interval: durationOf(50).optional().describe('Time between two readings.'),
  mode: z
    .enum(['sample', 'on_change'])
    .optional()
    .describe('Whether a tick sends every series, or those that changed.'),
  tolerance: z
    .strictObject({
      kind: z
        .enum(['absolute', 'relative', 'quantum'])
        .describe('How the value is meant: as a difference, as a part of it, or as a step.'),
      value: z.number().min(0).describe('A gauge that moved by no more is not sent.'),
    })
    .optional()
    .describe('On change: what is near enough.'),
  sync: durationOf(1).optional().describe('On change: time between ticks that send everything.'),
  dampening: durationOf(0)
    .optional()
    .describe('On change: least time between two values of a series.'),
  priority: priority
    .optional()
    .describe('Class: A is sent at once and shed last, C waits and is shed first.'),
  batch_ticks: z.int().min(1).max(60).optional().describe('Ticks gathered in one batch.'),
  shed_order: z
    .array(priority)
    .max(3)
    .optional()
    .describe('Classes in the order in which they are shed under load, for the whole agent.'),
});

export type PolicyRule = z.output<typeof policyRuleSchema>;
