import type { Commit } from '../head/commit.ts';

/**
 * Holds back commits of old samples while a cut takes such samples out of the head: what came
 * between its look and its end would be lost. All others pass.
 */
export class CommitGate {
  #before = -Infinity;
  #opened: Promise<void> | undefined;
  #open: () => void = () => {};

  /** Holds commits with a sample before `time`. One at a time. */
  close(time: number): void {
    this.#before = time;
    this.#opened = new Promise((resolve) => {
      this.#open = resolve;
    });
  }

  open(): void {
    this.#before = -Infinity;
    this.#opened = undefined;
    this.#open();
  }

  /** Resolves when the commit may go on; undefined where that is at once. */
  wait(commit: Commit): Promise<void> | undefined {
    if (this.#opened === undefined || !this.#holds(commit)) return undefined;
    return this.#opened;
  }

  #holds({ samples, histograms }: Commit): boolean {
    const { timestamps, length } = samples;
    for (let index = 0; index < length; index++) {
      if (timestamps[index]! < this.#before) return true;
    }
    return histograms.some(({ timestamp }) => timestamp < this.#before);
  }
}
