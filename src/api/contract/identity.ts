import { z } from 'zod';
import { labelSet } from './query.ts';

const time = z.string().meta({ format: 'date-time' });

const joinToken = {
  id: z.string().describe('What the token begins with, before the full stop.'),
  created: time,
  expires: time.nullable().describe('Null: never.'),
  uses: z.number(),
  maxUses: z.number(),
  agents: z.string().describe('Ids that it is for; `*` stands for any characters.'),
  labels: labelSet,
  revoked: z.boolean(),
};

export const joinTokenList = z.strictObject({ joinTokens: z.array(z.strictObject(joinToken)) });

export const madeJoinToken = z.strictObject({
  ...joinToken,
  token: z.string().describe('Told this once; the collector keeps its hash.'),
  collectors: z.array(z.string()).describe('URLs at which agents may reach this collector.'),
  caHash: z.string().nullable().describe('Pin of the authority; null without TLS.'),
});

export const revocationList = z.strictObject({
  revoked: z.array(z.strictObject({ id: z.string(), since: time })),
});
