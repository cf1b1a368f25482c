import { z } from 'zod';
import { policyRuleSchema } from './policy/policy-rule.ts';

const MIB = 1 << 20;

/** Settings of the collector's end of agents' sessions. */
export const agentsOptionsSchema = z.strictObject({
  heartbeat_ms: z
    .number()
    .int()
    .min(100)
    .max(60_000)
    .default(5_000)
    .describe(
      'Milliseconds between heartbeats of an agent; silence of two and a half of them is the end ' +
        'of its session.',
    ),
  reconnect_spread_ms: z
    .number()
    .int()
    .min(0)
    .default(2_000)
    .describe('Milliseconds over which agents spread their return after a lost connection.'),
  accept_per_second: z
    .number()
    .positive()
    .default(200)
    .describe('New sessions taken in a second; more are answered 503 with Retry-After.'),
  accept_burst: z
    .number()
    .int()
    .positive()
    .default(400)
    .describe('New sessions taken at once, above that rate.'),
  max_sessions: z
    .number()
    .int()
    .positive()
    .default(10_000)
    .describe('Sessions open at a time, and agents remembered, at most.'),
  max_series_per_agent: z
    .number()
    .int()
    .positive()
    .default(100_000)
    .describe(
      'Series that one run of an agent may have at a time; samples of others are rejected.',
    ),
  max_in_flight_bytes: z
    .number()
    .int()
    .min(MIB)
    .default(128 * MIB)
    .describe(
      'Bytes of all batches received and not stored yet, unpacked; beyond it connections are not ' +
        'read from until some are stored.',
    ),
  gone_after_ms: z
    .number()
    .int()
    .min(1_000)
    .default(3_600_000)
    .describe(
      'Silence in milliseconds after which an agent is declared gone: its series end, and the ' +
        'watermark waits for it no longer.',
    ),
  clock_skew_warn_ms: z
    .number()
    .int()
    .min(0)
    .default(1_000)
    .describe(
      'Milliseconds that the clocks of an agent and of this host may be apart before the log, the ' +
        'API and the list of sources warn of it; 0: never.',
    ),
  audit_interval_ms: z
    .number()
    .int()
    .min(0)
    .default(3_600_000)
    .describe(
      'Milliseconds between two audits of an agent: count and hash of what it has are compared ' +
        'with the store, and what differs is pulled again. 0 for none.',
    ),
  audit_window_ms: z
    .number()
    .int()
    .min(1_000)
    .default(3_600_000)
    .describe('Milliseconds before now that an audit looks at.'),
  token_file: z
    .string()
    .default('')
    .describe(
      'File of bearer tokens, one a line: TOKEN, then any of agent=ID and NAME=VALUE labels. ' +
        'Without it only loopback addresses may open sessions.',
    ),
  join_token_file: z
    .string()
    .default('')
    .describe(
      'File of join tokens, one a line: TOKEN, then any of uses=N, expires=TIME, agents=PATTERN ' +
        'and NAME=VALUE labels. Beside those that `tidegauge token create` makes.',
    ),
  policies: z
    .array(policyRuleSchema)
    .default([])
    .describe(
      'What agents are to do otherwise than by themselves; rules apply in order, and what a later ' +
        "one says counts. An agent's own limits win. Taken over at a reload.",
    ),
  certificate_lifetime_ms: z
    .number()
    .int()
    .min(5_000)
    .default(2_592_000_000)
    .describe(
      'Milliseconds for which certificates of agents are valid; agents renew them when two thirds ' +
        'are over.',
    ),
});

export type AgentsOptions = z.output<typeof agentsOptionsSchema>;
