import type { CommitResult } from './api.ts';
import type { CommitGate } from './compact/commit-gate.ts';
import { StorageFullError } from './errors.ts';
import { CommitRoom } from './head/commit-room.ts';
import type { Commit } from './head/commit.ts';
import { isLarge, SERIES_AT_ONCE } from './head/commit.ts';
import type { Head } from './head/head.ts';
import { OneByOne } from './one-by-one.ts';
import { nextTurn } from './pacer.ts';
import { prepareCommit } from './prepare-commit.ts';
import type { Checkpointer } from './wal/checkpointer.ts';
import type { EncodeRecord, LogWriter } from './wal/log-writer.ts';

interface CommitPathParts {
  readonly head: Head;
  readonly log: LogWriter;
  readonly checkpointer: Checkpointer;
  readonly gate: CommitGate;
}

/**
 * The way of everything that changes the head: made ready where it is large, past the gate that a
 * cut may hold closed, given its room in memory, written to the log, applied.
 */
export class CommitPath {
  readonly #head: Head;
  readonly #log: LogWriter;
  readonly #checkpointer: Checkpointer;
  readonly #gate: CommitGate;
  readonly #room: CommitRoom;
  /** Large commits are made ready for the log; those after them wait for them. */
  readonly #preparing = new OneByOne();

  constructor({ head, log, checkpointer, gate }: CommitPathParts) {
    this.#head = head;
    this.#log = log;
    this.#checkpointer = checkpointer;
    this.#gate = gate;
    this.#room = new CommitRoom(head);
  }

  /** Commits for which there was no memory. */
  get refusedCount(): number {
    return this.#room.refusedCount;
  }

  /** Resolves when what was being made ready is on its way to the log; undefined: nothing is. */
  get pending(): Promise<void> | undefined {
    return this.#preparing.pending;
  }

  /** Resolves when the commit is in the log and visible. @throws StorageError, StorageFullError */
  commit(commit: Commit): Promise<CommitResult> {
    if (this.#preparing.pending === undefined && commit.series.length <= SERIES_AT_ONCE) {
      return this.#passGate(commit);
    }
    return this.#preparing
      .run(() => prepareCommit(commit))
      .then((prepared) => this.#passGate(prepared));
  }

  /**
   * Writes a record; when it is in the log, applies it and resolves with the result.
   * @throws StorageError
   */
  logged<T>(encode: EncodeRecord, apply: () => T | Promise<T>, sampleCount = 0): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const done = (result: T): void => {
        resolve(result);
        this.#checkpointer.logGrew();
      };
      const entry = {
        apply: (): void | Promise<void> => {
          const result = apply();
          if (result instanceof Promise) return result.then(done);
          done(result);
        },
        reject,
      };
      this.#log.append(encode, entry, sampleCount);
    });
  }

  #passGate(commit: Commit): Promise<CommitResult> {
    const waiting = this.#gate.wait(commit);
    return waiting === undefined ? this.#write(commit) : waiting.then(() => this.#write(commit));
  }

  #write(commit: Commit): Promise<CommitResult> {
    const release = this.#room.reserve(commit);
    if (release === undefined) {
      const text = 'the memory for new samples (head_memory_size) is full';
      return Promise.reject(new StorageFullError(text));
    }
    const head = this.#head;
    const committing = this.logged(
      (writer, commits) => commits.encode(writer, commit),
      () => (isLarge(commit) ? head.applyInSlices(commit, nextTurn) : head.apply(commit)),
      commit.samples.length,
    );
    committing.then(release, release);
    return committing;
  }
}
