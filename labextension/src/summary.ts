/* What a glance should tell. The first of these that is true is told:
 *
 * 1. The server does not answer: nothing can be said.
 * 2. Something needs a person (a login, a permission): red, with the next step. A login that would
 *    be needed for the first credential is told of before one is asked for. An approval that was
 *    asked for is waited for: a warning.
 * 3. The issuer fails: red, with when it is asked again.
 * 4. A credential ends soon, and the server says why it cannot be renewed: a warning.
 * 5. A credential ends soon, although it should have been renewed by now: a warning.
 * 6. Something was revoked, and the issuer has not confirmed it: a warning.
 * 7. Credentials are held: calm, with the earliest end.
 * 8. None is held: calm, and pale.
 */

import type { TranslationBundle } from '@jupyterlab/translation';

import type { ILease, ISnapshot, IWarning } from './snapshot';
import { secondsUntil } from './snapshot';
import type { ILeaseState } from './tokens';
import { clock, complaint, names, roughly, sentences } from './words';

/** How much attention it asks for; `none`: there is nothing to show. */
export type Level = 'none' | 'idle' | 'calm' | 'warning' | 'error';

export interface ISummary {
  readonly level: Level;
  /** A few words. */
  readonly text: string;
  /** Sentences: the cause and the next step. */
  readonly details: string;
}

/** Renewals come at two thirds of a life, and tell of failures soon after. */
const OVERDUE = 0.25;
/** Seconds in which nobody could do anything any more. */
const LAST = 5;

/**
 * Tell about one kernel.
 *
 * @param state what is known
 * @param kernel its id; null where there is no kernel
 * @param now a moment of this browser's clock
 * @param warnBefore seconds before an end from which on it may be warned of
 */
export function summarize(
  state: ILeaseState,
  kernel: string | null,
  now: number,
  warnBefore: number,
  trans: TranslationBundle
): ISummary {
  const { snapshot, problem } = state;
  if (kernel === null || snapshot?.enabled === false || problem?.status === 404) {
    return { level: 'none', text: '', details: '' };
  }
  if (problem !== null) {
    return { level: 'warning', text: trans.__('Credentials: no answer'), details: problem.message };
  }
  if (snapshot === null) {
    return { level: 'idle', text: trans.__('Credentials'), details: trans.__('Asking the server') };
  }
  const leases = snapshot.leases.filter(lease => lease.kernel === kernel).sort(byEnd);
  const warnings = snapshot.warnings
    .filter(warning => warning.kernel === kernel && !isOver(warning))
    .sort(byEnd);
  const absent = warnings.filter(warning => !warning.held && !isIssuers(warning));
  const missing = absent.find(warning => !isPending(warning)) ?? absent[0];
  if (missing !== undefined) {
    return warned(isPending(missing) ? 'warning' : 'error', missing, now, trans);
  }
  if (snapshot.login?.needed && leases.length === 0) {
    return needingLogin(trans);
  }
  if (snapshot.issuer.failing) {
    return failing(snapshot, leases, now, trans);
  }
  const [warning] = warnings;
  if (warning !== undefined) {
    return warned(warning.held ? 'warning' : 'error', warning, now, trans);
  }
  const soon = leases.filter(lease => endsUnrenewed(lease, now, warnBefore));
  if (soon.length > 0) {
    return ending(soon, now, trans);
  }
  const owed = snapshot.outstanding.filter(debt => debt.kernel === kernel && debt.attempts > 1);
  if (owed.length > 0) {
    return {
      level: 'warning',
      text: trans._n('%1 revocation outstanding', '%1 revocations outstanding', owed.length),
      details: trans.__('No kernel has it any more. The issuer is asked until it confirms.')
    };
  }
  return leases.length > 0 ? holding(leases, now, trans) : holdingNothing(trans);
}

/** Whether a lease is closer to its end than one that is renewed in time ever gets. */
export function endsUnrenewed(lease: ILease, now: number, warnBefore: number): boolean {
  const left = secondsUntil(lease.endsAt, now);
  if (left === null || lease.life === null || left > warnBefore) {
    return false;
  }
  return left < Math.max(lease.life * OVERDUE, LAST);
}

/** Whether it tells of an end only, such as after a revocation: the next use asks for a new one. */
export function isOver(warning: IWarning): boolean {
  return warning.code === 'lease_expired' && !warning.held;
}

/** Whether somebody else has to do something, and was asked to. */
export function isPending(warning: IWarning): boolean {
  return warning.code === 'pending_approval';
}

/** Whether the issuer is the cause: it is asked again without anybody's help. */
function isIssuers(warning: IWarning): boolean {
  return warning.code.startsWith('issuer_');
}

function warned(level: Level, warning: IWarning, now: number, trans: TranslationBundle): ISummary {
  const which = warning.credential || trans.__('Credentials');
  const left = secondsUntil(warning.endsAt, now);
  let text = trans.__('%1: %2', which, shortly(warning, trans));
  if (warning.held && left !== null) {
    text = trans.__('%1 ends in %2', which, roughly(left, trans));
  }
  return { level, text, details: sentences(warning.reason, warning.next_step) };
}

/** What is wrong, in two or three words. */
export function shortly({ code }: Pick<IWarning, 'code'>, trans: TranslationBundle): string {
  switch (code) {
    case 'needs_login':
      return trans.__('needs a login');
    case 'not_entitled':
      return trans.__('not permitted');
    case 'pending_approval':
      return trans.__('waits for approval');
    case 'not_stored':
      return trans.__('no key is stored');
    case 'unknown_credential':
      return trans.__('not offered here');
    case 'lease_expired':
      return trans.__('has ended');
    default:
      return trans.__('not available');
  }
}

function byEnd(one: { endsAt: number | null }, other: { endsAt: number | null }): number {
  return (one.endsAt ?? Infinity) - (other.endsAt ?? Infinity) || 0;
}

function failing(
  { issuer }: ISnapshot,
  leases: readonly ILease[],
  now: number,
  trans: TranslationBundle
): ISummary {
  const next = secondsUntil(issuer.nextTryAt, now);
  const end = leases[0]?.endsAt ?? null;
  return {
    level: 'error',
    text:
      next === null || next < 1
        ? trans.__('Issuer unavailable · asking again')
        : trans.__('Issuer unavailable · again in %1', roughly(next, trans)),
    details: sentences(
      complaint(issuer, trans),
      end === null ? '' : trans.__('What this kernel holds works until %1', clock(end, now)),
      trans.__('It is asked again by itself; if it lasts, tell whoever runs it')
    )
  };
}

function ending(soon: readonly ILease[], now: number, trans: TranslationBundle): ISummary {
  const left = secondsUntil(soon[0]?.endsAt ?? null, now) ?? 0;
  const which = names(
    soon.map(lease => lease.credential),
    trans
  );
  return left > 0
    ? {
        level: 'warning',
        text: trans.__('%1 ends in %2', which, roughly(left, trans)),
        details: trans.__('%1 was not renewed in time. Renew it in the panel.', which)
      }
    : {
        level: 'error',
        text: trans.__('%1 has ended', which),
        details: trans.__('%1 was not renewed. The next use in a cell asks for it anew.', which)
      };
}

function holding(leases: readonly ILease[], now: number, trans: TranslationBundle): ISummary {
  const left = secondsUntil(leases[0]?.endsAt ?? null, now);
  const which =
    leases.length === 1
      ? (leases[0]?.credential ?? '')
      : trans._n('%1 credential', '%1 credentials', leases.length);
  const all = leases.map(lease => lease.credential).join(', ');
  return left === null
    ? {
        level: 'calm',
        text: trans.__('%1 · until the kernel ends', which),
        details: trans.__('This kernel holds %1.', all)
      }
    : {
        level: 'calm',
        text: trans.__('%1 · %2, renewing', which, roughly(left, trans)),
        details: trans.__('This kernel holds %1. It is renewed by itself.', all)
      };
}

function needingLogin(trans: TranslationBundle): ISummary {
  return {
    level: 'error',
    text: trans.__('Credentials: %1', shortly({ code: 'needs_login' }, trans)),
    details: trans.__('Somebody has to log in at the issuer before a cell can get a credential.')
  };
}

function holdingNothing(trans: TranslationBundle): ISummary {
  return {
    level: 'idle',
    text: trans.__('No credentials'),
    details: trans.__('This kernel holds no credential. A cell asks for one by qcred.get(…).')
  };
}
