import { isWord } from './characters';
import { CHECKS, claimsHold, NEEDS } from './checks';
import { examples, numbers, readers } from './patterns';
import { entropy } from './randomness';
import type { IRule } from './rule';
import { BARRIER, barrierAfter, barrierBefore } from './views';

/** A pause, after which the search goes on, or a span in which a key is. */
export type Step = readonly [number, number] | undefined;

/** Starts and ends of words, in order: each in one number, since there may be very many. */
export type Places = Float64Array;
const LONGEST_WORD = 64;

export function placed(start: number, length: number): number {
  return start * LONGEST_WORD + length;
}

/** Characters in which a place for a match is looked for without a pause. */
const STRETCH = 16_384;
/** How many words are worked on without a pause. */
export const AT_ONCE = 256;

/** Finds the keys of one rule near given places, as `probe.py` of jupyter_qcred/detect does. */
export class Probe {
  private compiled: RegExp | null = null;
  private led: RegExp | null = null;

  constructor(readonly rule: IRule) {}

  /**
   * Yield where keys are, and between two attempts nothing.
   *
   * @param text what is searched
   * @param anchors of this rule
   */
  *spans(text: string, anchors: Places): Generator<Step> {
    if (this.rule.near.length > 0) {
      for (const [first, last] of yield* this.windows(text, anchors)) {
        yield* this.search(text, first, last);
      }
      return;
    }
    let done = 0;
    for (const anchor of anchors) {
      const start = Math.floor(anchor / LONGEST_WORD);
      const found = start >= done ? this.match(text, start) : null;
      if (found !== null && this.accepts(text, found)) {
        done = found.end;
        yield found.secret;
      }
      yield undefined;
    }
  }

  /** The first and last places of the stretches in which a match may begin. */
  private *windows(
    text: string,
    anchors: Places
  ): Generator<undefined, readonly (readonly [number, number])[]> {
    const [before = 0, after = 0] = this.rule.near;
    const windows: [number, number][] = [];
    for (const [number, anchor] of anchors.entries()) {
      if (number % AT_ONCE === 0) {
        yield;
      }
      const start = Math.floor(anchor / LONGEST_WORD);
      const end = start + (anchor % LONGEST_WORD);
      if (after > 0 && inWord(text, start)) {
        continue;
      }
      const first = barrierBefore(text, Math.max(0, start - before), start);
      const last = barrierAfter(text, end, Math.min(text.length, end + after));
      const latest = windows[windows.length - 1];
      if (latest !== undefined && first <= latest[1]) {
        latest[1] = Math.max(last, latest[1]);
      } else {
        windows.push([first, last]);
      }
    }
    return windows;
  }

  private *search(text: string, first: number, last: number): Generator<Step> {
    const lead = (this.led ??= new RegExp(this.rule.lead, 'g'));
    let at = first;
    while (at <= last) {
      const until = Math.min(last, at + STRETCH);
      lead.lastIndex = at;
      const place = lead.exec(text.slice(0, until + numbers.longestAhead))?.index ?? Infinity;
      if (place > until) {
        at = until + 1;
        yield undefined;
        continue;
      }
      at = place + 1;
      const found = this.match(text, place);
      if (found !== null && this.accepts(text, found)) {
        at = Math.max(at, found.end);
        yield found.secret;
      }
      yield undefined;
    }
  }

  private match(text: string, at: number): IMatch | null {
    const regex = (this.compiled ??= new RegExp(this.rule.regex, 'dy'));
    regex.lastIndex = at;
    const found = regex.exec(text);
    const secret = found?.indices?.groups?.secret ?? found?.indices?.groups?.bare;
    return found && secret ? { start: at, end: at + found[0].length, secret } : null;
  }

  private accepts(text: string, found: IMatch): boolean {
    const { rule } = this;
    const secret = text.slice(...found.secret);
    const small = secret.toLowerCase();
    return (
      this.inContext(text, found) &&
      rule.needs.every(name => NEEDS.get(name)?.test(secret)) &&
      !holds(small, examples) &&
      !holds(small, rule.stop) &&
      (rule.entropy === 0 || entropy(secret) >= rule.entropy) &&
      rule.checks.every(name => CHECKS.get(name)?.(secret)) &&
      (rule.payload.length === 0 || claimsHold(secret, rule.payload))
    );
  }

  private inContext(text: string, found: IMatch): boolean {
    const { unless, context, context_reach: reach } = this.rule;
    const [start, end] = found.secret;
    const just = barrierBefore(text, Math.max(0, start - numbers.justBefore), start);
    const before = text.slice(just, start).toLowerCase();
    const name = before.replace(/[\\"'` ]+$/, '');
    if (holds(before, unless) || readers.some(reader => name.endsWith(reader))) {
      return false;
    }
    if (context.length === 0) {
      return true;
    }
    const first = barrierBefore(text, Math.max(0, found.start - reach), start);
    const last = barrierAfter(text, end, Math.min(text.length, found.end + reach));
    // What the key itself holds by chance is no context.
    const around = text.slice(first, start) + BARRIER + text.slice(end, last);
    return holds(around.toLowerCase(), context);
  }
}

interface IMatch {
  readonly start: number;
  readonly end: number;
  readonly secret: [number, number];
}

/** Whether what begins at `at` goes on with a word, or with base64, of which images are. */
function inWord(text: string, at: number): boolean {
  const before = text.slice(Math.max(0, at - 2), at);
  const last = before.slice(-1);
  return (isWord(last) && !before.startsWith('\\')) || last === '+' || last === '/';
}

function holds(text: string, words: readonly string[]): boolean {
  return words.some(word => text.includes(word));
}
