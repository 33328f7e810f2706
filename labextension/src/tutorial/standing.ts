/* How what a notebook requires stands for the kernel of that notebook. */

import type { TranslationBundle } from '@jupyterlab/translation';

import type { ISnapshot, IWarning } from '../snapshot';
import type { Step } from '../steps';
import { stepFor } from '../steps';
import { isOver, shortly } from '../summary';
import { sentences } from '../words';
import type { Fallback, IRequirement } from './required';

/** How one of them stands; `missing`: for the reason that the server gave. */
export type State = 'ready' | 'coming' | 'unasked' | 'left-out' | 'not-offered' | 'missing';

export interface IStanding {
  readonly credential: string;
  readonly state: State;
  readonly fallback: Fallback;
  /** The server's reason; null where it gave none. */
  readonly why: IWarning | null;
}

/** What the one button does: what a person can do alone comes first. */
export interface INext {
  readonly step: Step;
  readonly standing: IStanding;
}

const ORDER: readonly Step[] = ['store', 'log-in', 'deliver', 'again', 'list', 'ask'];

/**
 * Tell how each stands; null while that is not known yet.
 *
 * @param requirements of the notebook
 * @param narrowed the notebook's metadata have a list, and what is not on it reaches no kernel
 * @param kernel the notebook's
 */
export function standings(
  requirements: readonly IRequirement[],
  narrowed: boolean,
  snapshot: ISnapshot | null,
  kernel: string | null
): readonly IStanding[] | null {
  const available = kernel === null ? undefined : snapshot?.available.get(kernel);
  if (snapshot?.enabled !== true || available === undefined) {
    return null;
  }
  const warnings = snapshot.warnings.filter(one => one.kernel === kernel && !isOver(one));
  const held = new Set(
    snapshot.leases.filter(one => one.kernel === kernel).map(one => one.credential)
  );
  const general = warnings.find(one => one.credential === '') ?? null;
  if (available.length === 0 && warnings.length === 0) {
    return null; // the server is still making its choice
  }
  const offered = new Set(available.map(one => one.credential));
  return requirements.map(({ credential, fallback, listed }) => {
    const why = warnings.find(one => one.credential === credential) ?? general;
    const state = held.has(credential)
      ? 'ready'
      : why !== null
        ? 'missing'
        : offered.has(credential)
          ? isAwaited(credential, listed, snapshot, kernel)
            ? 'coming'
            : 'unasked'
          : narrowed && !listed
            ? 'left-out'
            : 'not-offered';
    return { credential, state, fallback, why: state === 'missing' ? why : null };
  });
}

/** Whether it arrives without anybody's help: with the start, or with the next use. */
function isAwaited(
  credential: string,
  listed: boolean,
  snapshot: ISnapshot,
  kernel: string | null
): boolean {
  const over = snapshot.warnings.some(
    one => one.kernel === kernel && one.credential === credential && isOver(one)
  );
  return listed || over;
}

/** Those that a cell would ask for in vain, or that nobody has asked for yet. */
export function missing(all: readonly IStanding[]): readonly IStanding[] {
  return all.filter(one => one.state !== 'ready' && one.state !== 'coming');
}

/** What helps first; null where nothing is missing. */
export function next(all: readonly IStanding[], storesKeys: boolean): INext | null {
  const steps = missing(all).map(standing => ({ step: stepOf(standing, storesKeys), standing }));
  for (const step of ORDER) {
    const found = steps.find(one => one.step === step);
    if (found !== undefined) {
      return { step, standing: found.standing };
    }
  }
  return null;
}

function stepOf({ state, why }: IStanding, storesKeys: boolean): Step {
  switch (state) {
    case 'unasked':
      return 'deliver';
    case 'left-out':
      return 'list';
    case 'not-offered':
      return 'ask';
    default:
      return stepFor(why?.code ?? '', storesKeys);
  }
}

/** How it stands, in a few words. */
export function inShort({ state, why }: IStanding, trans: TranslationBundle): string {
  switch (state) {
    case 'ready':
      return trans.__('ready');
    case 'coming':
      return trans.__('on its way');
    case 'unasked':
      return trans.__('not asked for yet');
    case 'left-out':
      return trans.__('left out by this notebook’s own list');
    case 'not-offered':
      return trans.__('not offered on this server');
    case 'missing':
      return why === null ? trans.__('not available') : shortly(why, trans);
  }
}

/** What happens in its place, in a few words; empty where nobody knows. */
export function instead({ fallback }: IStanding, trans: TranslationBundle): string {
  switch (fallback) {
    case 'simulator':
      return trans.__('a simulator answers');
    case 'ask':
      return trans.__('a cell asks you for a key');
    case 'own':
      return trans.__('the notebook has a stand-in');
    case 'none':
      return trans.__('its cells fail');
    case 'unknown':
      return '';
  }
}

/** All of it in sentences, for who hears a page and for who rests the mouse on it. */
export function atLength(all: readonly IStanding[], trans: TranslationBundle): string {
  return sentences(
    ...all.map(one => {
      const said = trans.__('%1: %2', one.credential, inShort(one, trans));
      const place = missing([one]).length > 0 ? instead(one, trans) : '';
      return place === '' ? said : trans.__('%1; %2', said, place);
    })
  );
}
