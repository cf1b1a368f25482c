import type { Connect, TransportEvents } from '../agent/runtime/index.ts';
import { messageOf } from '../model/index.ts';
import type { LogFields, Logger } from '../telemetry/index.ts';
import { type Clock, setLongTimer } from '../util/index.ts';
import type { ClientWarning } from './types.ts';

type Listener = (warning: ClientWarning) => void;

/** Where everything ends that must not reach the program: counted, and told to who listens. */
export class Guard {
  readonly #listeners = new Set<Listener>();
  errors = 0;

  add(listener: Listener): void {
    this.#listeners.add(listener);
  }

  remove(listener: Listener): void {
    this.#listeners.delete(listener);
  }

  warn(message: string, details: LogFields): void {
    this.errors++;
    for (const listener of this.#listeners) {
      try {
        listener({ message, details });
      } catch {
        this.errors++;
      }
    }
  }

  /** Calls `act`; what it throws becomes a warning. */
  run(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.warn('a fault in the client', { err: messageOf(error) });
    }
  }

  /** As `run`, for what is awaited. */
  async settle(act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (error) {
      this.warn('a fault in the client', { err: messageOf(error) });
    }
  }

  /** Warnings and errors of the parts, as warnings to the program. */
  logger(): Logger {
    const warn = (fields: LogFields, message: string): void => this.warn(message, fields);
    const logger: Logger = {
      debug() {},
      info() {},
      warn,
      error: warn,
      child: () => logger,
    };
    return logger;
  }

  /** The time, with timers that keep no process alive and whose callbacks cannot throw. */
  clock(): Clock {
    return {
      now: () => Date.now(),
      monotonic: () => performance.now(),
      setTimer: (delayMs, callback) => {
        return setLongTimer(
          delayMs,
          () => this.run(callback),
          (timer) => timer.unref(),
        );
      },
    };
  }

  /** Connections whose events cannot throw into the program. */
  connect(connect: Connect): Connect {
    return (kind, events) => {
      const guarded: TransportEvents = {
        opened: () => this.run(() => events.opened()),
        frames: (bytes) => this.run(() => events.frames(bytes)),
        closed: (end) => this.run(() => events.closed(end)),
      };
      return connect(kind, guarded);
    };
  }
}
