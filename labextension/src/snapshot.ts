import type {
  IAvailable,
  ICredential,
  IIssuer,
  IKernel,
  ILeftover,
  ILogin,
  INotice,
  IOutstanding,
  IStatus,
  ITrap
} from './wire';

/** A lease as the page shows it. Moments are milliseconds of this browser's clock. */
export interface ILease {
  readonly id: string;
  readonly credential: string;
  readonly vendor: string;
  readonly kernel: string;
  /** The notebook's file at the server; empty where the kernel has none. */
  readonly notebook: string;
  /** When the kernel loses it unless it is renewed; null where nothing ends it. */
  readonly endsAt: number | null;
  /** The longest life it was seen to have since its last renewal, in seconds. */
  readonly life: number | null;
  readonly renewals: number;
  readonly renewable: boolean;
  readonly revocable: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly delivery: string;
}

/** Why a credential of a kernel is missing, or will end. */
export interface IWarning extends Omit<INotice, 'ends_in'> {
  readonly kernel: string;
  readonly endsAt: number | null;
}

export interface IDebt extends Omit<IOutstanding, 'expires_in'> {
  /** When it has certainly died by itself; null where it has no end. */
  readonly endsAt: number | null;
}

export interface IIssuerHealth extends Omit<IIssuer, 'next_try_in'> {
  readonly failing: boolean;
  readonly nextTryAt: number | null;
}

/** Everything that one answer told. */
export interface ISnapshot {
  readonly at: number;
  readonly version: string;
  readonly user: string;
  readonly enabled: boolean;
  /** The server stores keys that a browser gives it. */
  readonly storesKeys: boolean;
  readonly issuer: IIssuerHealth;
  /** How a login by a person stands; null where the server logs in by itself. */
  readonly login: ILogin | null;
  readonly leases: readonly ILease[];
  readonly warnings: readonly IWarning[];
  /** What each kernel may ask for, by its id. */
  readonly available: ReadonlyMap<string, readonly IAvailable[]>;
  /** What was found in the folder of each kernel, by its id. */
  readonly folders: ReadonlyMap<string, readonly ITrap[]>;
  readonly outstanding: readonly IDebt[];
  readonly leftovers: readonly ILeftover[];
}

/** Answers arrive late by some moments, each by others: a countdown must not jump for that. */
const JITTER = 1500;

/**
 * Read an answer.
 *
 * The server tells seconds from now on, so that its clock and the browser's may differ as they like.
 *
 * @param status the answer
 * @param at when it arrived
 * @param earlier the snapshot before
 */
export function snapshot(status: IStatus, at: number, earlier: ISnapshot | null = null): ISnapshot {
  const known = new Map(earlier?.leases.map(lease => [lease.id, lease]));
  const { issuer } = status;
  return {
    at,
    version: status.version,
    user: status.user,
    enabled: status.enabled,
    storesKeys: status.stores_keys,
    issuer: {
      description: issuer.description,
      health: issuer.health,
      reason: issuer.reason,
      since: issuer.since,
      failing: issuer.health !== 'ok' && issuer.health !== 'unknown',
      nextTryAt: moment(issuer.next_try_in, at)
    },
    login: status.login,
    leases: status.kernels.flatMap(kernel =>
      kernel.credentials.map(one => lease(kernel, one, at, known.get(one.lease_id)))
    ),
    warnings: status.kernels.flatMap(({ kernel, notices }) =>
      notices.map(({ ends_in, ...notice }) => ({ ...notice, kernel, endsAt: moment(ends_in, at) }))
    ),
    available: new Map(status.kernels.map(({ kernel, available }) => [kernel, available])),
    folders: new Map(status.kernels.map(({ kernel, folder }) => [kernel, folder])),
    outstanding: status.outstanding.map(({ expires_in, ...debt }) => ({
      ...debt,
      endsAt: moment(expires_in, at)
    })),
    leftovers: status.leftovers
  };
}

function lease(kernel: IKernel, one: ICredential, at: number, before?: ILease): ILease {
  const same = before?.renewals === one.renewals ? before : undefined;
  let endsAt = moment(one.expires_in, at);
  if (endsAt !== null && same?.endsAt != null) {
    endsAt = Math.abs(endsAt - same.endsAt) < JITTER ? same.endsAt : endsAt;
  }
  return {
    id: one.lease_id,
    credential: one.credential,
    vendor: one.vendor,
    kernel: kernel.kernel,
    notebook: kernel.notebook,
    endsAt,
    life: one.expires_in === null ? null : Math.max(one.expires_in, same?.life ?? 0),
    renewals: one.renewals,
    renewable: one.renewable,
    revocable: one.revocable,
    labels: one.labels,
    delivery: one.delivery
  };
}

function moment(seconds: number | null, at: number): number | null {
  return seconds === null ? null : at + seconds * 1000;
}

/** Seconds until a moment, not negative; null for one that never comes. */
export function secondsUntil(at: number | null, now: number): number | null {
  return at === null ? null : Math.max(0, (at - now) / 1000);
}
