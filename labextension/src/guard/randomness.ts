import { expressions, numbers, pairs } from './patterns';

/* Whether a text was drawn by chance or made up by people, as `randomness.py` tells it. */

const WORD = new RegExp(expressions.word, 'g');
const HEX = whole(expressions.hex);
const WELL_KNOWN = whole(expressions.wellKnown);
const COMMON = new Set(pairs);
const LETTERS = /^\p{L}+$/u;

function whole(source: string): RegExp {
  return new RegExp(`^(?:${source})$`);
}

/** Shannon's entropy in bits a character. */
export function entropy(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text) {
    counts.set(character, (counts.get(character) ?? 0) + 1);
  }
  let bits = 0;
  for (const count of counts.values()) {
    bits -= (count / text.length) * Math.log2(count / text.length);
  }
  return bits;
}

/** Whether nobody made it up of words: no slug, class name, file name or sentence. */
export function isRandom(text: string): boolean {
  if (HEX.test(text)) {
    return true;
  }
  const words = text.match(WORD) ?? [];
  if (words.length === 0) {
    return false;
  }
  if (words.join('').length < numbers.wordLength * words.length) {
    return true;
  }
  const found = words
    .flatMap(word => Array.from(word.slice(1), (_, at) => word.slice(at, at + 2).toLowerCase()))
    .filter(pair => LETTERS.test(pair));
  const common = found.filter(pair => COMMON.has(pair)).length;
  return common < numbers.commonShare * found.length;
}

/** Whether it has none of the well-known forms: UUID, time, digest, version, URL. */
export function isNovel(text: string): boolean {
  return !WELL_KNOWN.test(text);
}
