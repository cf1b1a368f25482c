/** Runs tasks one after another, each when those before it have ended, well or not. */
export class OneByOne {
  /** Resolves when the last task given has ended; undefined while there is none. Never rejects. */
  pending: Promise<void> | undefined;

  run<T>(task: () => Promise<T>): Promise<T> {
    const running = (this.pending ?? Promise.resolve()).then(task);
    const settled = running.then(
      () => {},
      () => {},
    );
    this.pending = settled;
    void settled.then(() => {
      if (this.pending === settled) this.pending = undefined;
    });
    return running;
  }
}
