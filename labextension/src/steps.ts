/* What a person can do about a credential that is missing, by the code of the server's reason. */

import type { INotice } from './wire';

export type Step =
  /** Store a key here. */
  | 'store'
  /** Log in at the issuer. */
  | 'log-in'
  /** Have it delivered to the kernel. */
  | 'deliver'
  /** Ask the issuer once more. */
  | 'again'
  /** Add it to the notebook's own list. */
  | 'list'
  /** Ask the operator. */
  | 'ask';

/**
 * Return the step that helps against an error.
 *
 * @param code of the package's errors
 * @param storesKeys whether this server stores keys for browsers
 */
export function stepFor(code: string, storesKeys: boolean): Step {
  switch (code) {
    case 'needs_login':
      return 'log-in';
    case 'not_stored':
      return storesKeys ? 'store' : 'ask';
    case 'not_entitled':
    case 'unknown_credential':
    case 'config':
      return 'ask';
    default:
      return 'again';
  }
}

/**
 * Return what the panel offers beside the server's words; null where waiting is all, where the next
 * use helps, or where the login has its own place.
 */
export function actionFor(
  { code, credential, held }: Pick<INotice, 'code' | 'credential' | 'held'>,
  storesKeys: boolean
): 'store' | 'again' | 'ask' | null {
  const byItself = code.startsWith('issuer_') || code === 'lease_expired';
  const step = stepFor(code, storesKeys);
  if (held || byItself) {
    return null;
  }
  if (step === 'ask') {
    return 'ask';
  }
  return credential !== '' && (step === 'store' || step === 'again') ? step : null;
}
