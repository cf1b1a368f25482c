import { TidegaugeError } from '../model/index.ts';

/** A part of the lab did not come up, or did not answer. */
export class LabError extends TidegaugeError {
  readonly code = 'lab';
}
