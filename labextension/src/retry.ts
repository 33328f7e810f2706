const FIRST = 2000;
const LONGEST = 60_000;

/** How long to wait after each failure: twice as long as the time before, with some jitter. */
export class Retry {
  private failures = 0;

  /** @param random from 0 to 1, so that many pages do not ask at once */
  constructor(private readonly random: () => number = Math.random) {}

  /** Milliseconds until the next attempt. */
  next(): number {
    const wait = Math.min(LONGEST, FIRST * 2 ** this.failures);
    this.failures = Math.min(this.failures + 1, 16);
    return wait * (0.75 + this.random() / 4);
  }

  /** Something succeeded. */
  reset(): void {
    this.failures = 0;
  }
}
