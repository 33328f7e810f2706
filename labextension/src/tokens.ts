import { Token } from '@lumino/coreutils';
import type { ISignal } from '@lumino/signaling';

import type { QcredError } from './errors';
import type { ISnapshot } from './snapshot';
import type { IBegun, IRedactions, IRenewal, IRevocation, Selector } from './wire';

/** What is known at the moment. */
export interface ILeaseState {
  /** The last answer; null before the first. */
  readonly snapshot: ISnapshot | null;
  /** Why there is no newer one; null where all is well. */
  readonly problem: QcredError | null;
}

/** The leases of all kernels of this server. Metadata: a credential never reaches the browser. */
export interface ILeaseModel {
  readonly state: ILeaseState;
  /** Emitted after each answer. */
  readonly changed: ISignal<ILeaseModel, ILeaseState>;
  /** Emitted with the paths of files in which something else is redacted now; empty: any may be. */
  readonly redacted: ISignal<ILeaseModel, readonly string[]>;
  /** Ask the server now; resolves when it answered, and never rejects: see `state.problem`. */
  refresh(): Promise<void>;
  /**
   * Ask what is redacted in a file, and where.
   *
   * @throws QcredError: the server refused.
   */
  redactions(path: string): Promise<IRedactions>;
  /**
   * Say that a text which was redacted by its form is no secret; it counts from the next save on.
   *
   * @throws QcredError: the server refused.
   */
  allow(fingerprint: string, reason: string): Promise<void>;
  /**
   * Have a credential delivered to a kernel that may ask for it; the value goes there alone.
   *
   * @throws QcredError: the server or the issuer refused.
   */
  deliver(kernel: string, credential: string): Promise<IRenewal>;
  /**
   * Extend a credential's life, or replace its value.
   *
   * @throws QcredError: the server or the issuer refused.
   */
  renew(leaseId: string): Promise<IRenewal>;
  /**
   * Take one credential from its kernel, and revoke it.
   *
   * @throws QcredError: the server refused.
   */
  revokeLease(leaseId: string): Promise<IRevocation>;
  /**
   * Revoke all of a kernel, one credential of every kernel, or all.
   *
   * @throws QcredError: the server refused.
   */
  revoke(selector: Selector): Promise<IRevocation>;
  /**
   * Begin a login by a person; its page is to be opened in this browser.
   *
   * @throws QcredError: the server logs in by itself, or a login is being finished.
   */
  login(): Promise<IBegun>;
}

/** The token by which other extensions get the leases. */
export const ILeaseModel = new Token<ILeaseModel>(
  'jupyter-qcred:ILeaseModel',
  'The credentials that kernels of this server hold: what, for how long, and how to end it.'
);
