/* What the server's API answers; openapi.yaml of jupyter_qcred says what each field means. */

/** What a credential may be called, as at the server. */
export const NAME = /^[a-z0-9][a-z0-9-]{0,63}$/;

/** One credential that a kernel holds. Never a value. */
export interface ICredential {
  readonly credential: string;
  readonly vendor: string;
  readonly lease_id: string;
  readonly state: 'issued' | 'live';
  /** Seconds from the moment of the answer; null where nothing ends it. */
  readonly expires_in: number | null;
  readonly renewals: number;
  readonly renewable: boolean;
  readonly revocable: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly delivery: string;
}

/** A credential that a kernel may ask for. */
export interface IAvailable {
  readonly credential: string;
  readonly vendor: string;
}

/** Why a credential is missing, or will end. */
export interface INotice {
  /** Empty where it is about all of the kernel's. */
  readonly credential: string;
  /** `needs_login` and `not_entitled` need a person; `issuer_…` is tried again by itself. */
  readonly code: string;
  readonly reason: string;
  readonly next_step: string;
  readonly held: boolean;
  /** Seconds until it ends for this reason; null where it has ended, or never was there. */
  readonly ends_in: number | null;
  readonly since: string;
}

/** A line of a file in a kernel's folder that would lead a vendor's SDK elsewhere. */
export interface ITrap {
  readonly path: string;
  /** From 1; 0 where it is about the whole file. */
  readonly line: number;
  /** Empty where the file could not be read. */
  readonly variable: string;
  /** Empty for all. */
  readonly vendor: string;
  readonly effect: 'address' | 'account' | 'trust' | 'unread';
  readonly code: 'redirected' | 'other_account';
  readonly reason: string;
  readonly next_step: string;
}

export interface IKernel {
  readonly session: string;
  readonly kernel: string;
  readonly notebook: string;
  readonly claimed: boolean;
  readonly token_expires_in: number | null;
  readonly credentials: readonly ICredential[];
  readonly available: readonly IAvailable[];
  readonly notices: readonly INotice[];
  readonly folder: readonly ITrap[];
}

export interface IIssuer {
  readonly description: string;
  /** `ok`, `unknown` before the first request, or the code of the error that it fails with. */
  readonly health: string;
  readonly reason: string;
  readonly since: string;
  readonly next_try_in: number | null;
}

/** How a login by a person stands. */
export interface ILogin {
  /** Nothing can be issued until somebody logs in, or what is held ends unless they do. */
  readonly needed: boolean;
  readonly state: 'none' | 'begun' | 'opened' | 'finishing' | 'done' | 'failed';
  /** Names the latest one; no secret. */
  readonly handle: string;
  readonly code: string;
  readonly reason: string;
  readonly next_step: string;
}

/** A login that was begun. */
export interface IBegun {
  /** The page to open; it holds no secret. */
  readonly url: string;
  readonly login: ILogin;
}

export interface IOutstanding {
  readonly kind: string;
  readonly session: string;
  readonly kernel: string;
  readonly credentials: readonly string[];
  readonly lease_id: string;
  readonly since: string;
  readonly attempts: number;
  readonly expires_in: number | null;
  readonly reason: string;
}

export interface ILeftover {
  readonly kind: string;
  readonly session: string;
  readonly issuer: string;
  readonly known: boolean;
  readonly expires_in: number;
}

export interface IStatus {
  readonly version: string;
  readonly user: string;
  readonly enabled: boolean;
  readonly durable: boolean;
  /** Keys can be stored from here. */
  readonly stores_keys: boolean;
  readonly issuer: IIssuer;
  /** Null where the server logs in by itself. */
  readonly login: ILogin | null;
  readonly kernels: readonly IKernel[];
  readonly outstanding: readonly IOutstanding[];
  readonly leftovers: readonly ILeftover[];
}

/** What is new since an earlier answer. */
export interface INews {
  /** Names this answer. */
  readonly id: string;
  /** The present state; null where the one that was told before still holds. */
  readonly status: IStatus | null;
  /** The earlier answer was known; if not, anything may be new. */
  readonly resumed: boolean;
  /** Files in which something else is redacted now. */
  readonly redactions: readonly string[];
}

/** Something redacted in a file. */
export interface IRedaction {
  /** Number of the cell, from 1; null: the file has none, or it is in its own metadata. */
  readonly cell: number | null;
  readonly cell_id: string;
  readonly part: string;
  /** Number of the output, from 1. */
  readonly output: number | null;
  /** Name of the credential, or id of the detector. */
  readonly rule: string;
  /** What a detector finds, in words; empty for a credential. */
  readonly title: string;
  readonly count: number;
  /** Of texts that were found by their form, and may be said to be no secrets. */
  readonly fingerprints: readonly string[];
}

export interface IRedactions {
  readonly path: string;
  /** The whole file was looked into. */
  readonly complete: boolean;
  readonly redactions: readonly IRedaction[];
  /** What the last save did to it, if that redacted something. */
  readonly last_save: {
    /** Cells whose source on the disk is not what the screen shows. */
    readonly sources: readonly { readonly cell: number; readonly cell_id: string }[];
    readonly outputs_cleared: boolean;
  } | null;
}

/** What became of something at the issuer. */
export type Outcome = 'confirmed' | 'unsupported' | 'expired' | 'outstanding';

export interface IRevokedCredential {
  readonly lease_id: string;
  readonly credential: string;
  readonly outcome: Outcome;
  /** Seconds that it can live on at most; null for a static key, and when it is dead. */
  readonly expires_in: number | null;
}

export interface IRevokedSession {
  readonly session: string;
  readonly kernel: string;
  readonly outcome: Outcome;
}

export interface IRevocation {
  readonly matched: number;
  readonly credentials: readonly IRevokedCredential[];
  readonly sessions: readonly IRevokedSession[];
  readonly outstanding: boolean;
}

export interface IRenewal {
  readonly lease: ICredential | null;
  readonly outstanding: boolean;
}

/** What to revoke: one of these. */
export type Selector =
  { readonly kernel: string } | { readonly credential: string } | { readonly all: true };
