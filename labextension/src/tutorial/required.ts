/* What a notebook says that it needs: in its metadata, as the server reads it, and in its cells. */

import { NAME } from '../wire';

/** What takes a credential's place: the `fallback` of `qcred.requires`. */
export type Fallback =
  /** A simulator. */
  | 'simulator'
  /** A prompt for a key. */
  | 'ask'
  /** Something of the notebook's own. */
  | 'own'
  /** Nothing: the cell fails. */
  | 'none'
  /** No cell tells. */
  | 'unknown';

export interface IRequirement {
  readonly credential: string;
  readonly fallback: Fallback;
  /** The notebook's metadata name it, so that the server delivers it with the kernel's start. */
  readonly listed: boolean;
}

/** Longest list that counts, as at the server (`MAX_REQUIRES`). */
const MOST = 64;
/** Characters of a call, and of the line before it, that are looked at. */
const LONGEST = 600;
const CALL = /(?<![\w.])((?:\w+\.)?\w+)\s*\(\s*(?:name\s*=\s*)?(['"])([a-z0-9][a-z0-9-]{0,63})\2/g;
const MODULE = /^\s*import\s+(?:.*,\s*)?jupyter_qcred(?:\s+as\s+(\w+))?/gm;
const MEMBER =
  /^\s*from\s+jupyter_qcred\s+import\s+(?:[^#\n]*,\s*|\(\s*)?requires\b(?:\s+as\s+(\w+))?/gm;

/**
 * Return what a notebook requires, in the order of its list and then of its cells.
 *
 * @param metadata the notebook's own
 * @param sources of its code cells
 */
export function required(metadata: unknown, sources: readonly string[]): readonly IRequirement[] {
  const list = listOf(metadata) ?? [];
  const found = new Map<string, IRequirement>();
  for (const credential of list) {
    found.set(credential, { credential, fallback: 'unknown', listed: true });
  }
  for (const [credential, fallback] of calls(sources)) {
    const known = found.get(credential);
    if (known === undefined || known.fallback === 'unknown') {
      found.set(credential, { credential, fallback, listed: known?.listed ?? false });
    }
  }
  return [...found.values()].slice(0, MOST);
}

/** The names in `qcred.requires` of a notebook's metadata; null where there is no such list. */
export function listOf(metadata: unknown): readonly string[] | null {
  const ours = member(metadata, 'qcred');
  const list = member(ours, 'requires');
  if (list === undefined || list === null) {
    return null;
  }
  const entries: readonly unknown[] = Array.isArray(list) ? list.slice(0, MOST) : [];
  const names = entries.filter((one): one is string => typeof one === 'string' && NAME.test(one));
  return [...new Set(names)];
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;
}

function* calls(sources: readonly string[]): Generator<[string, Fallback]> {
  const ways = waysToCall(sources);
  if (ways.size === 0) {
    return;
  }
  for (const source of sources) {
    for (const match of source.matchAll(CALL)) {
      const [whole, way = '', , credential = ''] = match;
      if (ways.has(way) && !isComment(source, match.index)) {
        const rest = source.slice(match.index + whole.length).slice(0, LONGEST);
        yield [credential, fallbackOf(rest)];
      }
    }
  }
}

/** How the notebook calls it, by what it imports: `qcred.requires`, or `requires` alone. */
function waysToCall(sources: readonly string[]): ReadonlySet<string> {
  const ways = new Set<string>();
  for (const source of sources) {
    if (source.includes('jupyter_qcred')) {
      for (const [, name] of source.matchAll(MODULE)) {
        ways.add(`${name ?? 'jupyter_qcred'}.requires`);
      }
      for (const [, name] of source.matchAll(MEMBER)) {
        ways.add(name ?? 'requires');
      }
    }
  }
  return ways;
}

function isComment(source: string, at: number): boolean {
  const before = source.slice(Math.max(0, at - LONGEST), at);
  return before.slice(before.lastIndexOf('\n') + 1).includes('#');
}

/** Read what follows the name in a call. */
function fallbackOf(rest: string): Fallback {
  const [, ...all] = argumentsOf(rest);
  const named = all.find(one => /^fallback\s*=/.test(one));
  const second = all[0] !== undefined && !/^\w+\s*=(?!=)/.test(all[0]) ? all[0] : '';
  const value = (named ?? second).replace(/^fallback\s*=\s*/, '');
  if (value === '' || /^(['"])simulator\1$/.test(value)) {
    return 'simulator';
  }
  if (/^(['"])ask\1$/.test(value)) {
    return 'ask';
  }
  return value === 'None' ? 'none' : 'own';
}

/** Split what stands in a call by its commas, up to the end of the call. */
function argumentsOf(rest: string): readonly string[] {
  const found: string[] = [];
  let depth = 0;
  let quote = '';
  let from = 0;
  for (let at = 0; at < rest.length; at++) {
    const letter = rest.charAt(at);
    if (quote !== '') {
      if (letter === '\\') {
        at++;
      } else if (letter === quote) {
        quote = '';
      }
    } else if (letter === '"' || letter === "'") {
      quote = letter;
    } else if ('([{'.includes(letter)) {
      depth++;
    } else if (')]}'.includes(letter)) {
      depth--;
    }
    if (depth < 0 || (depth === 0 && quote === '' && letter === ',')) {
      found.push(rest.slice(from, at).trim());
      from = at + 1;
    }
    if (depth < 0) {
      break;
    }
  }
  return found.filter((one, number) => number === 0 || one !== '');
}
