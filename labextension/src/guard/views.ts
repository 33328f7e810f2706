import { below } from './characters';
import { expressions } from './patterns';

/* The texts in which a text is searched, as `views.py` of jupyter_qcred/detect has them. */

const REDACTED = '\x01';
const BARRIERS = ['\x00', REDACTED] as const;
const OPENING = '[redacted:';
const PLACEHOLDER = /\[redacted:[\p{L}\p{N}_.@:/+-]{1,64}\]/gu;
const REAL = expressions.realColour;
const WRITTEN = expressions.writtenColour;

/** A text to search, and the way back to the text it was made from. */
export interface IView {
  readonly text: string;
  back(start: number, end: number): readonly [number, number];
}

/**
 * Without what was redacted, and where there are terminal colours once with blanks in their place and
 * once without them: a printed table has them at the borders of a value, a traceback inside.
 */
export function views(original: string): readonly IView[] {
  const text = original.includes(OPENING)
    ? original.replace(PLACEHOLDER, found => REDACTED.repeat(found.length))
    : original;
  const real = text.includes('\x1b');
  const written = text.includes('\\') && new RegExp(WRITTEN).test(text);
  if (!real && !written) {
    return [{ text, back: (start, end) => [start, end] }];
  }
  const colour = new RegExp(real && written ? `${REAL}|${WRITTEN}` : real ? REAL : WRITTEN, 'g');
  const blanked = text.replace(colour, found => ' '.repeat(found.length));
  return [{ text: blanked, back: (start, end) => [start, end] }, squeezed(text, colour)];
}

function squeezed(text: string, colour: RegExp): IView {
  const kept: number[] = [];
  const shifts = [0];
  let removed = 0;
  const without = text.replace(colour, (found: string, at: number) => {
    removed += found.length;
    kept.push(at + found.length - removed);
    shifts.push(removed);
    return '';
  });
  const shifted = (at: number): number => at + (shifts[below(kept, at + 1)] ?? 0);
  return { text: without, back: (start, end) => [shifted(start), shifted(end - 1) + 1] };
}

/** Where the part of `text` from `start` to `at` begins that no barrier cuts off from `at`. */
export function barrierBefore(text: string, start: number, at: number): number {
  const part = text.slice(start, at);
  return start + Math.max(...BARRIERS.map(barrier => part.lastIndexOf(barrier) + 1));
}

/** Where the part of `text` from `at` to `end` ends that no barrier cuts off from `at`. */
export function barrierAfter(text: string, at: number, end: number): number {
  const part = text.slice(at, end);
  const found = BARRIERS.map(barrier => part.indexOf(barrier)).filter(place => place >= 0);
  return at + Math.min(part.length, ...found);
}

/** What parts of a text are joined by that have nothing to do with each other. */
export const BARRIER = BARRIERS[0];
