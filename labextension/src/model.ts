import type { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';

import type { ILeaseClient } from './client';
import { QcredError } from './errors';
import { Retry } from './retry';
import { snapshot } from './snapshot';
import type { ILeaseModel, ILeaseState } from './tokens';
import type { IBegun, INews, IRedactions, IRenewal, IRevocation, Selector } from './wire';

/** Seconds that the server may wait for something new. */
export const WAIT = 25;
/** The least milliseconds between two questions, however much happens. */
export const PAUSE = 1000;

/** Lets the model wait, and know whether anybody looks. */
export interface ISurroundings {
  /** In milliseconds. */
  now(): number;
  /** Resolves after some milliseconds, or at once when `signal` is aborted. */
  sleep(milliseconds: number, signal: AbortSignal): Promise<void>;
  /** Resolves as soon as the page is visible, or when `signal` is aborted. */
  visible(signal: AbortSignal): Promise<void>;
}

/**
 * Knows what the server last told. It always has one question open there, which is answered when
 * something is new; while the page is hidden, none.
 */
export class LeaseModel implements ILeaseModel, IDisposable {
  readonly changed = new Signal<this, ILeaseState>(this);
  readonly redacted = new Signal<this, readonly string[]>(this);
  private current: ILeaseState = { snapshot: null, problem: null };
  private since = '';
  private readonly end = new AbortController();
  private wake = new AbortController();
  private readonly retry = new Retry();

  constructor(
    private readonly client: ILeaseClient,
    private readonly around: ISurroundings
  ) {}

  get state(): ILeaseState {
    return this.current;
  }

  get isDisposed(): boolean {
    return this.end.signal.aborted;
  }

  /** Follow what happens until disposed of. */
  async follow(): Promise<void> {
    while (!this.isDisposed) {
      await this.around.visible(this.end.signal);
      const went = await this.ask(WAIT, this.end.signal);
      this.wake = new AbortController();
      const signal = AbortSignal.any([this.end.signal, this.wake.signal]);
      await this.around.sleep(went ? PAUSE : this.retry.next(), signal);
    }
  }

  dispose(): void {
    this.end.abort();
    Signal.clearData(this);
  }

  async refresh(): Promise<void> {
    if (await this.ask(0, this.end.signal)) {
      this.wake.abort();
    }
  }

  redactions(path: string): Promise<IRedactions> {
    return this.client.redactions(path);
  }

  allow(fingerprint: string, reason: string): Promise<void> {
    return this.client.allow(fingerprint, reason);
  }

  deliver(kernel: string, credential: string): Promise<IRenewal> {
    return this.client.deliver(kernel, credential);
  }

  renew(leaseId: string): Promise<IRenewal> {
    return this.client.renew(leaseId);
  }

  revokeLease(leaseId: string): Promise<IRevocation> {
    return this.client.revokeLease(leaseId);
  }

  revoke(selector: Selector): Promise<IRevocation> {
    return this.client.revoke(selector);
  }

  login(): Promise<IBegun> {
    return this.client.login();
  }

  /** Ask once; return whether there was an answer. */
  private async ask(wait: number, signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) {
      return false;
    }
    try {
      const news = await this.client.news(wait === 0 ? '' : this.since, wait, signal);
      if (!this.isDisposed) {
        this.learn(news);
      }
      return true;
    } catch (error) {
      if (!this.isDisposed) {
        this.tell({ ...this.current, problem: problemOf(error) });
      }
      return false;
    }
  }

  private learn(news: INews): void {
    this.since = news.id;
    this.retry.reset();
    if (news.status !== null || this.current.problem !== null) {
      const { snapshot: earlier } = this.current;
      const latest = news.status && snapshot(news.status, this.around.now(), earlier);
      this.tell({ snapshot: latest ?? earlier, problem: null });
    }
    if (news.redactions.length > 0 || !news.resumed) {
      this.redacted.emit(news.resumed ? news.redactions : []);
    }
  }

  private tell(state: ILeaseState): void {
    this.current = state;
    this.changed.emit(state);
  }
}

function problemOf(error: unknown): QcredError {
  return error instanceof QcredError
    ? error
    : new QcredError(0, 'error', 'The answer is not what was expected');
}
