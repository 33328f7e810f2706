import type { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';

import { search } from './finder';
import type { IFinding } from './rule';

/** Milliseconds from a change to the look at it. */
export const DELAY = 300;
/** Milliseconds of work after which the page has its turn. */
const SLICE = 8;
/** Characters before and after a change that are looked at with it; a text that is no longer, is looked at whole. */
export const REACH = 16_384;
/** Characters at the ends of what was looked at that may be pieces of something. */
const EDGE = 4096;

/** A key in a cell. */
export interface ISeen {
  readonly cell: string;
  readonly secret: string;
  /** Id of the rule that it was found by. */
  readonly rule: string;
}

interface IRange {
  readonly from: number;
  readonly to: number;
}

/**
 * Looks at texts after they have changed, a little later and in slices, so that typing never waits: what
 * changed, and what is near it.
 */
export class Watch implements IDisposable {
  readonly changed = new Signal<this, void>(this);
  private readonly touched = new Map<string, IRange>();
  private readonly cells = new Map<string, readonly ISeen[]>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private looking = false;
  private disposed = false;

  /** @param text the present text of a cell; null where it is gone */
  constructor(private readonly text: (cell: string) => string | null) {}

  get isDisposed(): boolean {
    return this.disposed;
  }

  dispose(): void {
    this.disposed = true;
    clearTimeout(this.timer);
    this.cells.clear();
    Signal.clearData(this);
  }

  /** What is in the cells, as far as they were looked at. */
  get seen(): readonly ISeen[] {
    return [...this.cells.values()].flat();
  }

  /** Something in a cell is other than it was: from one place to another, of the present text. */
  touch(cell: string, from: number, to: number): void {
    const earlier = this.touched.get(cell);
    // How far a change before it has moved is not asked: at most by as much as there is now.
    const range = earlier
      ? { from: Math.min(earlier.from, from), to: Math.max(earlier.to + to - from, to) }
      : { from, to };
    this.touched.set(cell, range);
    this.timer ??= setTimeout(() => void this.look(), DELAY);
  }

  /** A cell is gone. */
  forget(cell: string): void {
    this.touched.delete(cell);
    if (this.cells.delete(cell)) {
      this.changed.emit(undefined);
    }
  }

  /** A text was taken out of all cells. */
  drop(secret: string): void {
    for (const [cell, seen] of this.cells) {
      this.keep(
        cell,
        seen.filter(one => one.secret !== secret)
      );
    }
  }

  private async look(): Promise<void> {
    if (this.looking) {
      return;
    }
    this.looking = true;
    try {
      for (const [cell, range] of [...this.touched]) {
        this.touched.delete(cell);
        await this.lookAt(cell, range);
      }
    } finally {
      this.looking = false;
      this.timer = undefined;
      this.again();
    }
  }

  private again(): void {
    if (!this.disposed && this.touched.size > 0) {
      this.timer = setTimeout(() => void this.look(), DELAY);
    }
  }

  private async lookAt(cell: string, { from, to }: IRange): Promise<void> {
    const text = this.text(cell);
    if (text === null) {
      return;
    }
    const start = text.length <= 2 * REACH ? 0 : Math.max(0, from - REACH);
    const end = text.length <= 2 * REACH ? text.length : Math.min(text.length, to + REACH);
    const searching = search(text.slice(start, end));
    for (;;) {
      const until = performance.now() + SLICE;
      let step = searching.next();
      while (!step.done && performance.now() < until) {
        step = searching.next();
      }
      if (step.done) {
        this.learn(cell, text, { from: start, to: end }, step.value);
        return;
      }
      await new Promise(resolve => setTimeout(resolve));
      // Changed meanwhile: then this look would be of another text.
      if (this.disposed || this.touched.has(cell)) {
        const { from: again, to: until } = this.touched.get(cell) ?? { from, to };
        this.touched.set(cell, { from: Math.min(from, again), to: Math.max(to, until) });
        return;
      }
    }
  }

  private learn(cell: string, text: string, at: IRange, found: readonly IFinding[]): void {
    const first = at.from === 0 ? 0 : at.from + EDGE;
    const last = at.to === text.length ? text.length : at.to - EDGE;
    const now = found
      .map(({ start, end, rule }) => ({ start: start + at.from, end: end + at.from, rule }))
      .filter(({ start, end }) => start >= first && end <= last)
      .map(({ start, end, rule }) => ({ cell, secret: text.slice(start, end), rule }));
    const outside = `${text.slice(0, first)}\0${text.slice(last)}`;
    const earlier = (this.cells.get(cell) ?? []).filter(({ secret }) => outside.includes(secret));
    this.keep(cell, distinct([...earlier, ...now]));
  }

  private keep(cell: string, seen: readonly ISeen[]): void {
    if (JSON.stringify(seen) === JSON.stringify(this.cells.get(cell) ?? [])) {
      return;
    }
    if (seen.length > 0) {
      this.cells.set(cell, seen);
    } else {
      this.cells.delete(cell);
    }
    this.changed.emit(undefined);
  }
}

function distinct(seen: readonly ISeen[]): readonly ISeen[] {
  return [...new Map(seen.map(one => [one.secret, one])).values()];
}
