import { TidegaugeError } from '../model/index.ts';

/** The agent cannot begin: what it was told is wrong or does not go together. */
export class AgentSetupError extends TidegaugeError {
  readonly code = 'agent_setup';
}

/** The collector did not take what a short job had to say, or did not enroll the agent. */
export class CollectorRefusedError extends TidegaugeError {
  readonly code = 'collector_refused';
  /** 0 where there was no answer. */
  readonly status: number;

  constructor(message: string, status: number, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
  }
}
