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

  /** Whether it may be taken when it is sent again. */
  get mayPass(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

/** The ring cannot take more without losing what the collector does not have: nothing was taken. */
export class RingFullError extends TidegaugeError {
  readonly code = 'ring_full';
}

/** The disk of the ring cannot be written. */
export class RingFailedError extends TidegaugeError {
  readonly code = 'ring_failed';
}

/** A series that was pushed has more or longer labels than a session can carry. */
export class UncarriedSeriesError extends TidegaugeError {
  readonly code = 'series_uncarried';
}
