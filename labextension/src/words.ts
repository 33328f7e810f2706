import type { TranslationBundle } from '@jupyterlab/translation';

import type { IIssuerHealth, ILease } from './snapshot';

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86400;

/** A duration in its one largest unit, such as `12 min`: stands still while a minute passes. */
export function roughly(seconds: number, trans: TranslationBundle): string {
  if (seconds < MINUTE) {
    return trans.__('%1 s', Math.floor(seconds));
  }
  if (seconds < 2 * HOUR) {
    return trans.__('%1 min', Math.floor(seconds / MINUTE));
  }
  return seconds < 2 * DAY
    ? trans.__('%1 h', Math.floor(seconds / HOUR))
    : trans.__('%1 days', Math.floor(seconds / DAY));
}

/** A duration to the second, such as `12 min 04 s`, for countdowns. */
export function exactly(seconds: number, trans: TranslationBundle): string {
  const whole = Math.floor(seconds);
  if (whole < MINUTE) {
    return trans.__('%1 s', whole);
  }
  if (whole < HOUR) {
    return trans.__('%1 min %2 s', Math.floor(whole / MINUTE), padded(whole % MINUTE));
  }
  if (whole < 2 * DAY) {
    return trans.__('%1 h %2 min', Math.floor(whole / HOUR), padded((whole % HOUR) / MINUTE));
  }
  return roughly(seconds, trans);
}

function padded(count: number): string {
  return String(Math.floor(count)).padStart(2, '0');
}

/** A moment as the clock on the wall shows it; with the date where that is another day. */
export function clock(moment: number, now: number, locale?: string): string {
  const date = new Date(moment);
  const today = date.toDateString() === new Date(now).toDateString();
  return date.toLocaleString(locale, {
    ...(!today && { month: 'short', day: 'numeric' }),
    hour: '2-digit',
    minute: '2-digit'
  });
}

/** The name of a file; our own word where a kernel has none. */
export function notebookName(path: string, trans: TranslationBundle): string {
  const name = path.split(/[\\/]/).pop();
  return name === undefined || name === '' ? trans.__('a kernel without a notebook') : name;
}

/** Names as a sentence has them: `a`, `a and b`, `a, b and 2 more`. */
export function names(all: readonly string[], trans: TranslationBundle): string {
  const [first = '', second = ''] = all;
  if (all.length < 2) {
    return first;
  }
  return all.length === 2
    ? trans.__('%1 and %2', first, second)
    : trans.__('%1, %2 and %3 more', first, second, all.length - 2);
}

/** What is wrong with an issuer, as a sentence: the server tells the predicate. */
export function complaint(
  { description, reason }: Pick<IIssuerHealth, 'description' | 'reason'>,
  trans: TranslationBundle
): string {
  return trans.__('%1 %2', description, reason === '' ? trans.__('fails') : reason);
}

/** The label that the issuer gives to values which outlive their lease. */
export const STATIC = 'static-key';

/** How its life can be ended before its time. */
export function ending(lease: ILease, now: number, trans: TranslationBundle): string {
  if (STATIC in lease.labels) {
    return trans.__('Revoking takes it from the kernel; the key itself stays valid at its vendor');
  }
  if (lease.revocable) {
    return trans.__('The issuer ends it when asked, or with the kernel');
  }
  return lease.endsAt === null
    ? trans.__('Revoking takes it from the kernel; its vendor cannot end it')
    : trans.__(
        'Revoking takes it from the kernel; at its vendor it dies at %1',
        clock(lease.endsAt, now)
      );
}

/** Texts as sentences, each with one full stop. */
export function sentences(...texts: readonly string[]): string {
  return texts
    .filter(text => text !== '')
    .map(text => (text.endsWith('.') ? text : `${text}.`))
    .join(' ');
}
