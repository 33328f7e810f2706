import type { TranslationBundle } from '@jupyterlab/translation';

import type { ITrap } from './wire';

/** Where it stands, in a few words: the file's name and the line. */
export function placeOf({ path, line }: ITrap, trans: TranslationBundle): string {
  const name = path.split('/').pop() ?? path;
  return line > 0 ? trans.__('%1, line %2', name, line) : name;
}

/** What it does: the server's sentence without the place, which is shown beside it. */
export function deedOf({ path, line, variable, reason }: ITrap): string {
  const place = line > 0 ? `${path}, line ${line}: ${variable} ` : `${path} `;
  return reason.startsWith(place) ? reason.slice(place.length) : reason;
}

/** Those that send keys elsewhere first; the order of the files otherwise. */
export function byWeight(traps: readonly ITrap[]): readonly ITrap[] {
  return [
    ...traps.filter(trap => trap.code === 'redirected'),
    ...traps.filter(trap => trap.code !== 'redirected')
  ];
}
