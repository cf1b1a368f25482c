import { PushRefusedError } from './errors.ts';

/**
 * The budget of bytes that all pushes under way may hold together. It is asked before a body is
 * read, so overload costs the collector a header, not memory.
 */
export class Admission {
  readonly maxInFlightBytes: number;
  #inFlightBytes = 0;

  constructor(maxInFlightBytes: number) {
    this.maxInFlightBytes = maxInFlightBytes;
  }

  get inFlightBytes(): number {
    return this.#inFlightBytes;
  }

  /** An empty share for one request; release it when the request is over, however it ends. */
  open(): AdmissionTicket {
    let heldBytes = 0;
    let open = true;
    const expect = (sizeBytes: number): void => {
      // The largest request alone always fits, whatever the settings.
      const fits = this.#inFlightBytes + sizeBytes <= this.maxInFlightBytes;
      if (!open || (!fits && this.#inFlightBytes > heldBytes)) throw overloaded(this);
    };
    return {
      expect,
      reserve: (sizeBytes) => {
        expect(sizeBytes);
        this.#inFlightBytes += sizeBytes;
        heldBytes += sizeBytes;
      },
      release: () => {
        open = false;
        this.#inFlightBytes -= heldBytes;
        heldBytes = 0;
      },
    };
  }
}

/** One request's share of the budget. */
export interface AdmissionTicket {
  /** Asks whether `sizeBytes` more would fit now; holds nothing. @throws PushRefusedError (503) */
  expect(sizeBytes: number): void;
  /** @throws PushRefusedError (503) when the budget is spent; what was reserved before stays. */
  reserve(sizeBytes: number): void;
  /** Gives everything back; more than once does no harm. */
  release(): void;
}

function overloaded(admission: Admission): PushRefusedError {
  const text =
    `the collector handles ${admission.inFlightBytes} bytes of pushes already, ` +
    `of ${admission.maxInFlightBytes} at most: try again later`;
  return new PushRefusedError(503, 'overloaded', text);
}
