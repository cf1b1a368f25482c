import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import { postToCollector } from './connection/http-request.ts';
import type { TlsClient } from './connection/tls-client.ts';
import { CollectorRefusedError } from './errors.ts';

/** What a short job says once. The same (job, runId, seq) again stores nothing. */
export interface OneShot {
  readonly job: string;
  readonly runId: string;
  readonly seq: number;
  readonly instance: string | undefined;
  /** The last push of the run. */
  readonly final: boolean;
  /** How often the job runs, as a duration; undefined where it has no schedule. */
  readonly schedule: string | undefined;
  readonly body: Uint8Array;
  readonly contentType: string;
}

export interface OneShotOptions {
  readonly collector: string;
  readonly token: string | undefined;
  readonly userAgent: string;
  /** Of one attempt. */
  readonly timeoutMs: number;
  /** Attempts in all, while the collector is not reached or cannot take it now. */
  readonly attempts: number;
  /** Before the second attempt; doubles each time. */
  readonly pauseMs: number;
  /** Whom to trust; those that the system does where it is not given. */
  readonly tls?: TlsClient;
}

export interface OneShotResult {
  readonly duplicate: boolean;
  readonly stored: number;
  readonly rejected: number;
}

const answerSchema = z.object({
  data: z.object({ duplicate: z.boolean(), stored: z.number(), rejected: z.number() }),
});

/**
 * Sends it, again and again if need be: however often it arrives, it is stored once.
 * @throws CollectorRefusedError when it is refused, or the last attempt failed.
 */
export async function sendOneShot(shot: OneShot, options: OneShotOptions): Promise<OneShotResult> {
  const { collector, token, userAgent, timeoutMs, attempts, tls = {} } = options;
  const base = collector.endsWith('/') ? collector : `${collector}/`;
  const url = new URL('tide/v1/oneshot', base);
  url.searchParams.set('job', shot.job);
  url.searchParams.set('run_id', shot.runId);
  url.searchParams.set('seq', String(shot.seq));
  if (shot.instance !== undefined) url.searchParams.set('instance', shot.instance);
  if (shot.final) url.searchParams.set('final', 'true');
  if (shot.schedule !== undefined) url.searchParams.set('schedule', shot.schedule);
  const { body, contentType } = shot;
  const request = { url: url.href, body, contentType, token, timeoutMs, userAgent, tls };
  for (let attempt = 1; ; attempt++) {
    try {
      return answerSchema.parse(JSON.parse(await postToCollector(request))).data;
    } catch (error) {
      if (attempt >= attempts || !mayHelpToRepeat(error)) throw error;
      await wait(options.pauseMs * 2 ** (attempt - 1));
    }
  }
}

function mayHelpToRepeat(error: unknown): boolean {
  return error instanceof CollectorRefusedError && error.mayPass;
}
