import { TidegaugeError } from '../../model/index.ts';

/** Bytes that are not a remote read request. */
export class RemoteReadError extends TidegaugeError {
  readonly code = 'remote_read_invalid';
  /** Offset of the fault in the bytes that were read (decompressed). */
  readonly offset: number;

  constructor(offset: number, problem: string) {
    super(`bad remote read request at byte ${offset}: ${problem}`);
    this.offset = offset;
  }
}

export function remoteReadFault(offset: number, problem: string): RemoteReadError {
  return new RemoteReadError(offset, problem);
}
