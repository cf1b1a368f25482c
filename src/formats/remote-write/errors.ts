import { TidegaugeError } from '../../model/index.ts';

/** Bytes that are not a remote write message. */
export class RemoteWriteError extends TidegaugeError {
  readonly code = 'remote_write_invalid';
  /** Offset of the fault in the bytes that were read (decompressed). */
  readonly offset: number;

  constructor(offset: number, problem: string) {
    super(`bad remote write message at byte ${offset}: ${problem}`);
    this.offset = offset;
  }
}

export function remoteWriteFault(offset: number, problem: string): RemoteWriteError {
  return new RemoteWriteError(offset, problem);
}
