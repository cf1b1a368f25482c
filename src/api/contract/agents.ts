import { z } from 'zod';
import { problem } from './problem.ts';
import { histogramPoint, labelSet } from './query.ts';
import { rfc3339 } from './time.ts';

const counts = {
  scheduled: z.number(),
  stored: z.number(),
  suppressed: z.number().describe('Within the tolerance of what was sent before.'),
  shed: z.number(),
  failed: z.number().describe('At the source.'),
  rejected: z.number().describe('Refused by the store, or unreadable.'),
  missing: z.number().describe('Not here, and not given up.'),
  degraded: z.number(),
  lost: z.number(),
  down: z.number().describe('The process that should have taken them was not running.'),
  inFlight: z.number(),
};

const leaseState = z.enum(['ACTIVE', 'REFUSED', 'ENDED']);
const leaseExtent = {
  intervalSeconds: z.number().describe("What the agent's limits left of what was asked for."),
  seriesCount: z.number(),
};

export const agentList = z.strictObject({
  agents: z.array(
    z.strictObject({
      id: z.string(),
      labels: labelSet,
      state: z.enum(['connected', 'disconnected', 'left', 'gone']),
      epoch: z.number(),
      transport: z.string(),
      address: z.string(),
      version: z.string(),
      bootReason: z.string(),
      capabilities: z.array(z.string()),
      lastHeard: rfc3339,
      clock: z
        .strictObject({
          aheadSeconds: z.number().describe("Before this collector's; behind where negative."),
          errorSeconds: z
            .number()
            .nullable()
            .describe('It can be off by so much; null: ahead by that or more.'),
          isApart: z.boolean().describe('By more than `clock_skew_warn_ms`.'),
        })
        .nullable()
        .describe('Null until something is known of it.'),
      groups: z.array(
        z.strictObject({ group: z.number(), name: z.string(), intervalSeconds: z.number() }),
      ),
      policy: z.strictObject({
        state: z
          .enum(['own', 'pending', 'applied', 'limited'])
          .describe("Limited: the agent's own limits kept it from doing all that was asked."),
        version: z.number().describe('Of the policy in force, as the agent says.'),
      }),
      ring: z
        .strictObject({
          usedBytes: z.number(),
          limitBytes: z.number(),
          oldest: rfc3339.nullable(),
        })
        .nullable()
        .describe('Null until the first heartbeat.'),
      leases: z.array(
        z.strictObject({
          ...{ id: z.number(), state: leaseState, remainingSeconds: z.number(), ...leaseExtent },
          reason: z.string().describe('Why it was refused; else empty.'),
        }),
      ),
      cpuSeconds: z.number().nullable(),
      rssBytes: z.number().nullable(),
      problems: z.array(problem).describe('What is wrong now or was within a day.'),
    }),
  ),
});

export const readAnswer = z.strictObject({
  status: z.string().describe('OK, or why the agent gave less, or nothing.'),
  message: z.string(),
  time: rfc3339.describe('By the clock of the agent.'),
  contentType: z.string().optional(),
  text: z.string().optional().describe('An exposition.'),
  json: z.unknown().optional().describe('The answer of a function.'),
  series: z
    .array(
      z.strictObject({
        metric: labelSet,
        values: z.array(z.tuple([z.number(), z.string()])).optional(),
        histograms: z.array(histogramPoint).optional(),
      }),
    )
    .optional(),
});

const tickCounts = {
  scheduled: z.number(),
  covered: z.number().describe('A stored batch accounts for them, whatever it says.'),
  missing: z.number(),
  degraded: z.number(),
  rejected: z.number(),
  lost: z.number(),
  down: z.number(),
};

export const completeness = z.strictObject({
  completeThrough: rfc3339
    .nullable()
    .describe('Up to here everything in scope is stored, explained or declared lost.'),
  sources: z.array(
    z.strictObject({
      id: z.string(),
      kind: z.string(),
      name: z.string(),
      labels: labelSet,
      class: z
        .enum(['exact', 'declared', 'inferred', 'none'])
        .describe('What the figures rest on: a ledger, a schedule, a cadence that was learnt.'),
      state: z.string(),
      completeThrough: rfc3339.nullable(),
      ratios: z
        .strictObject({ intent: z.number().nullable(), transport: z.number() })
        .nullable()
        .describe(
          'Shares of what was wanted, and of what was sent, that are here: of agents by the ledger; of ' +
            'targets of scrapes that went well, and of samples that were not refused; of other ' +
            "senders it is not known what was wanted. Since the collector's start, but for agents.",
        ),
      contacts: z
        .strictObject({ total: z.number(), failed: z.number() })
        .nullable()
        .describe("Scrapes or pushes since the collector's start."),
      terms: z
        .strictObject(counts)
        .nullable()
        .describe('In samples, since the source was first heard of; they add up to `scheduled`.'),
      imbalance: z.number().nullable().describe('What the terms cannot explain: always 0.'),
      frames: z
        .strictObject({
          sealed: z.number(),
          durable: z.number(),
          repaired: z.number(),
          missing: z.number(),
          degraded: z.number(),
          rejected: z.number(),
          lost: z.number(),
          duplicate: z.number(),
        })
        .nullable(),
      window: z.strictObject(tickCounts).nullable().describe('From `start` to `end`.'),
      holes: z.array(
        z.strictObject({
          epoch: z.number(),
          group: z.number(),
          start: rfc3339,
          end: rfc3339,
          state: z.string(),
          samples: z.number(),
          reason: z.string().nullable().describe('Why they are lost; null for other states.'),
        }),
      ),
      gaps: z.array(
        z.strictObject({
          epoch: z.number(),
          stream: z.number(),
          from: z.number(),
          to: z.number(),
          since: rfc3339.nullable().describe('Null: asked for, the answer is on its way.'),
        }),
      ),
      lost: z.record(z.string(), z.number()).nullable().describe('Frames that are lost, by why.'),
      rejections: z
        .array(
          z.strictObject({
            reason: z.string(),
            samples: z.number(),
            frames: z.number().describe('Refused as a whole, beside those samples.'),
            ...{ first: rfc3339, last: rfc3339 },
          }),
        )
        .describe("Why samples were refused, since the collector's start."),
      samplesTotal: z.number(),
      rejectedTotal: z.number(),
    }),
  ),
});

export const leaseAnswer = z.strictObject({
  leaseId: z.number(),
  state: leaseState,
  ttlSeconds: z.number(),
  ...leaseExtent,
});

/** An agent, and what is known of its completeness, as the API answers them. */
export type AgentAnswer = z.output<typeof agentList>['agents'][number];
export type CompletenessAnswer = z.output<typeof completeness>['sources'][number];
