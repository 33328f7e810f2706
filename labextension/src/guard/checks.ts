import { expressions, needs } from './patterns';
import { isNovel, isRandom } from './randomness';

/* What is asked of a candidate once its shape fits, as `checks.py` of jupyter_qcred/detect asks it. */

const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const CHECKSUM = 6;
const KEY_LINE = new RegExp(expressions.keyLine);
const PRINTABLE = /^(?: |[^\p{C}\p{Z}])*$/u;

/** Kinds of characters that a key may have to hold. */
export const NEEDS: ReadonlyMap<string, RegExp> = new Map(
  Object.entries(needs).map(([name, source]) => [name, new RegExp(source)])
);

/** By their names in the rules. */
export const CHECKS: ReadonlyMap<string, (text: string) => boolean> = new Map([
  ['github', isGithub],
  ['jwt', isJwt],
  ['basic', isBasic],
  ['random', isRandom],
  ['novel', isNovel],
  ['pem', text => KEY_LINE.test(text)]
]);

/** Whether the claims of a JWT hold one of some texts. */
export function claimsHold(token: string, texts: readonly string[]): boolean {
  const claims = jsonPart(token.split('.')[1] ?? '');
  if (claims === null) {
    return false;
  }
  const said = JSON.stringify(claims);
  return texts.some(text => said.includes(text));
}

/** The last six characters are a CRC-32 in base 62. */
function isGithub(token: string): boolean {
  const body = token.slice(token.indexOf('_') + 1);
  let rest = crc32(body.slice(0, -CHECKSUM));
  let digits = '';
  while (rest > 0) {
    digits = (BASE62[rest % 62] ?? '') + digits;
    rest = Math.floor(rest / 62);
  }
  return digits.padStart(CHECKSUM, '0') === body.slice(-CHECKSUM);
}

function crc32(text: string): number {
  let crc = 0xffffffff;
  for (const byte of new TextEncoder().encode(text)) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) {
      crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
    }
  }
  return (crc ^ 0xffffffff) >>> 0;
}

/** Whether the first part is a header which names an algorithm (RFC 7515, RFC 7516). */
function isJwt(token: string): boolean {
  const at = token.indexOf('eyJ');
  const header = at < 0 ? null : jsonPart(token.slice(at).split('.')[0] ?? '');
  return typeof header?.alg === 'string';
}

function jsonPart(part: string): Record<string, unknown> | null {
  try {
    const text = decoded(part.replaceAll('-', '+').replaceAll('_', '/'));
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

/** Whether it is a name and a password in base64 (RFC 7617). */
function isBasic(text: string): boolean {
  try {
    const pair = decoded(text + '='.repeat(-text.length & 3));
    const colon = pair.indexOf(':');
    return colon >= 0 && PRINTABLE.test(pair) && Array.from(pair.slice(colon + 1)).length >= 4;
  } catch {
    return false;
  }
}

/** @throws where it is no base64, or no UTF-8. */
function decoded(base64: string): string {
  const bytes = Uint8Array.from(atob(base64), character => character.charCodeAt(0));
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
}
