import { Signal } from '@lumino/signaling';

import { fingerprint } from './fingerprint';

/** The credential, and the part of it, that a key is stored as. */
export interface IStored {
  readonly name: string;
  readonly field: string;
}

/** What was said about keys while this page lives: by their fingerprints, in memory only. */
export class Memory {
  readonly changed = new Signal<this, void>(this);
  private readonly ignored = new Set<string>();
  private readonly stored = new Map<string, IStored>();

  /** It is no key, or may stay. */
  ignore(secret: string): void {
    this.ignored.add(fingerprint(secret));
    this.changed.emit(undefined);
  }

  isIgnored(secret: string): boolean {
    return this.ignored.has(fingerprint(secret));
  }

  /** It is stored now: where it comes up again, only the text has to be replaced. */
  store(secret: string, as: IStored): void {
    this.stored.set(fingerprint(secret), as);
    this.changed.emit(undefined);
  }

  storedAs(secret: string): IStored | null {
    return this.stored.get(fingerprint(secret)) ?? null;
  }
}
