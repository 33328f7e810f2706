/* The rules count characters, JavaScript counts halves of those beyond U+FFFF: here both are one. */

const BEYOND = /[\u{10000}-\u{10ffff}]/gu;
// eslint-disable-next-line no-control-regex -- all of ASCII
const ASCII = /^[\x00-\x7f]*$/;
const WORD = /[\p{L}\p{N}]/u;
/** Stand for all others of their kind, in no class of any rule: a letter, and what is none. */
const LETTER = '\u2c60';
const OTHER = '\u2b1a';

/** A text whose every character is one, and the way back to the text it was made from. */
export interface ICounted {
  readonly text: string;
  /** Where a place in `text` is in the original. */
  back(at: number): number;
}

/** Count the characters of a text as the rules do. */
export function counted(original: string): ICounted {
  const longer: number[] = [];
  const text = original.replace(BEYOND, (found: string, at: number) => {
    longer.push(at - longer.length);
    return WORD.test(found) ? LETTER : OTHER;
  });
  return { text, back: at => at + below(longer, at) };
}

/** How many of some numbers, which are in order, are less than `limit`. */
export function below(numbers: readonly number[], limit: number): number {
  let low = 0;
  let high = numbers.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((numbers[middle] ?? 0) < limit) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

/** Whether a character is a letter or a digit of any script. */
export function isWord(character: string): boolean {
  return WORD.test(character);
}

/** In lower case where it is ASCII: everything stays in its place. */
export function lowered(text: string): string {
  return ASCII.test(text)
    ? text.toLowerCase()
    : text.replace(/[A-Z]+/g, found => found.toLowerCase());
}
