import type { INotebookModel } from '@jupyterlab/notebook';
import type { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';

import { ruleOf } from './finder';
import type { Memory } from './memory';
import type { IEdit, ITaken, Kind } from './replace';
import { imports, replacement, valueOf } from './replace';
import type { IRule } from './rule';
import type { ISeen } from './watch';
import { Watch } from './watch';

/** A notebook's cells, as Jupyter shares them. */
export type Cells = INotebookModel['sharedModel'];
type Cell = Cells['cells'][number];
type Changes = Parameters<Parameters<Cell['changed']['connect']>[0]>[1];

/** A key that a person was not asked about yet. */
export interface INotice {
  /** Of the first cell that has it. */
  readonly cell: string;
  readonly secret: string;
  readonly rule: IRule;
}

/** What became of the text. */
export interface IReplaced {
  readonly cells: number;
  /** Places at which a placeholder stands, since no call could. */
  readonly placeholders: number;
}

/** The keys in one notebook: notices them as they come, and takes them out. */
export class GuardedCells implements IDisposable {
  readonly changed = new Signal<this, void>(this);
  private readonly watch: Watch;
  private readonly watched = new Map<string, Cell>();

  /**
   * @param cells the notebook's
   * @param memory what was said about keys
   * @param isPython whether its code is Python
   */
  constructor(
    private readonly cells: Cells,
    private readonly memory: Memory,
    private readonly isPython: () => boolean
  ) {
    this.watch = new Watch(id => this.watched.get(id)?.source ?? null);
    this.watch.changed.connect(this.tell);
    memory.changed.connect(this.tell);
    cells.changed.connect(this.cellsChanged);
    cells.cells.forEach(cell => this.follow(cell));
  }

  get isDisposed(): boolean {
    return this.watch.isDisposed;
  }

  dispose(): void {
    this.watch.dispose();
    this.memory.changed.disconnect(this.tell);
    this.cells.changed.disconnect(this.cellsChanged);
    this.watched.forEach(cell => cell.changed.disconnect(this.cellChanged));
    this.watched.clear();
    Signal.clearData(this);
  }

  /** In the order of the cells. */
  get notices(): readonly INotice[] {
    const order = new Map(this.cells.cells.map((cell, number) => [cell.id, number]));
    const place = (seen: ISeen): number => order.get(seen.cell) ?? Infinity;
    const found = new Map<string, INotice>();
    for (const seen of [...this.watch.seen].sort((one, other) => place(one) - place(other))) {
      const { cell, secret } = seen;
      if (!found.has(secret) && !this.memory.isIgnored(secret)) {
        found.set(secret, { cell, secret, rule: ruleOf(seen.rule) });
      }
    }
    return [...found.values()];
  }

  /** The number of a cell, from 1; 0 where it is gone. */
  numberOf(cell: string): number {
    return this.cells.cells.findIndex(one => one.id === cell) + 1;
  }

  /** The key itself: where it is written with escapes, what they mean. */
  valueOf({ cell, secret }: INotice): string {
    const found = this.watched.get(cell);
    const start = found?.source.indexOf(secret) ?? -1;
    return found === undefined || start < 0
      ? secret
      : valueOf(found.source, start, start + secret.length, this.kindOf(found));
  }

  /**
   * Take a key out of every cell that has it.
   *
   * What could be undone in such a cell is forgotten: it would bring the key back.
   */
  replace(taken: ITaken): IReplaced {
    let count = 0;
    let placeholders = 0;
    let imported = false;
    for (const cell of this.cells.cells) {
      const kind = this.kindOf(cell);
      if (cell.source.includes(taken.secret)) {
        const made = replacement(cell.source, taken, kind, imported);
        apply(cell, made.edits);
        cell.clearUndoHistory();
        count += 1;
        placeholders += made.placeholders;
      }
      imported ||= kind === 'python' && imports(cell.source);
    }
    this.watch.drop(taken.secret);
    return { cells: count, placeholders };
  }

  private kindOf(cell: Cell): Kind {
    return cell.cell_type !== 'code' ? 'prose' : this.isPython() ? 'python' : 'other';
  }

  private follow(cell: Cell): void {
    this.watched.set(cell.id, cell);
    cell.changed.connect(this.cellChanged);
  }

  private readonly cellChanged = (cell: Cell, { sourceChange }: Changes): void => {
    if (sourceChange) {
      let at = 0;
      let from = Infinity;
      let to = 0;
      for (const { retain, insert } of sourceChange) {
        at += retain ?? 0;
        if (retain === undefined) {
          from = Math.min(from, at);
          at += insert?.length ?? 0;
          to = at;
        }
      }
      this.watch.touch(cell.id, Math.min(from, at), to);
    }
  };

  private readonly cellsChanged = (_: Cells, { cellsChange }: { cellsChange?: unknown }): void => {
    if (cellsChange === undefined) {
      return;
    }
    const present = new Set(this.cells.cells);
    for (const [id, cell] of this.watched) {
      if (!present.has(cell)) {
        cell.changed.disconnect(this.cellChanged);
        this.watched.delete(id);
        this.watch.forget(id);
      }
    }
    for (const cell of present) {
      if (!this.watched.has(cell.id)) {
        this.follow(cell);
        this.watch.touch(cell.id, 0, cell.source.length);
      }
    }
  };

  private readonly tell = (): void => {
    this.changed.emit(undefined);
  };
}

function apply(cell: Cell, edits: readonly IEdit[]): void {
  cell.transact(() => {
    for (const { start, end, text } of [...edits].reverse()) {
      cell.updateSource(start, end, text);
    }
  });
}
