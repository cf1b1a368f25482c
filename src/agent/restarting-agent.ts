import { messageOf } from '../model/index.ts';
import type { Logger } from '../telemetry/index.ts';
import type { Agent } from './agent.ts';

/** One run of an agent: it ends with its epoch. */
export interface AgentRun extends Agent {
  readonly epoch: number;
}

export interface RestartingOptions {
  readonly logger: Logger;
  /**
   * Starts a run of an epoch later than `afterEpoch`; the run calls `again` where another has to
   * take over.
   */
  start(afterEpoch: number, again: () => void): Promise<AgentRun>;
  /** No other run could be started. */
  onFailed(reason: string): void;
  /** The last run has ended. */
  onStopped?(): Promise<void>;
}

/** An agent that goes on with a new run where the one before cannot go on. */
export async function restartingAgent(options: RestartingOptions): Promise<Agent> {
  let isStopped = false;
  let restarted = Promise.resolve();
  const again = (): void => {
    restarted = restarted.then(restart).catch((error: unknown) => {
      options.logger.error({ err: messageOf(error) }, 'the agent could not begin anew');
      options.onFailed(messageOf(error));
    });
  };
  const restart = async (): Promise<void> => {
    if (isStopped) return;
    await run.stop();
    if (isStopped) return;
    options.logger.info({ afterEpoch: run.epoch }, 'sampling begins anew');
    run = await options.start(run.epoch, again);
  };
  let run = await options.start(0, again);
  return {
    get agentId() {
      return run.agentId;
    },
    get groups() {
      return run.groups;
    },
    get receiverUrl() {
      return run.receiverUrl;
    },
    get problems() {
      return run.problems;
    },
    status: () => run.status(),
    async stop() {
      isStopped = true;
      await restarted;
      try {
        await run.stop();
      } finally {
        await options.onStopped?.();
      }
    },
  };
}
