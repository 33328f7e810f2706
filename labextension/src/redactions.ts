import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import { QcredError } from './errors';
import type { ILeaseModel } from './tokens';
import type { IRedactions } from './wire';

/** Where a person's current file is told from. */
export interface ICurrentPath {
  readonly path: string | null;
  /** Emitted when it is another one. */
  readonly changed: ISignal<unknown, void>;
}

/**
 * What is redacted in the current notebook. Asks the server only while somebody looks, and only
 * when another notebook is current, or the server said that something else is redacted in this one.
 */
export class NotebookRedactions {
  readonly changed = new Signal<this, void>(this);
  private found: IRedactions | null = null;
  private problem: QcredError | null = null;
  private looking = false;
  private asked: string | null = null;

  constructor(
    private readonly model: ILeaseModel,
    private readonly current: ICurrentPath
  ) {
    current.changed.connect(() => void this.look());
    model.redacted.connect((_, paths) => {
      if (paths.length === 0 || (this.asked !== null && paths.includes(this.asked))) {
        this.asked = null;
        void this.look();
      }
    });
  }

  /** The last answer about the current notebook; null where there is none. */
  get value(): IRedactions | null {
    return this.found;
  }

  /** Why there is no answer; null where there is one, or the file is not there yet. */
  get failure(): QcredError | null {
    return this.problem;
  }

  /** Somebody looks, or nobody does any more. */
  watch(looking: boolean): void {
    this.looking = looking;
    void this.look();
  }

  private async look(): Promise<void> {
    const { path } = this.current;
    if (!this.looking || path === this.asked) {
      return;
    }
    this.asked = path;
    let found: IRedactions | null = null;
    let problem: QcredError | null = null;
    if (path !== null) {
      try {
        found = await this.model.redactions(path);
      } catch (error) {
        problem = error instanceof QcredError && error.status !== 404 ? error : null;
      }
    }
    if (this.asked === path) {
      this.found = found;
      this.problem = problem;
      this.changed.emit(undefined);
    }
  }
}
