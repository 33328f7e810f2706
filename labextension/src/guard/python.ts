/** A string literal of Python, by places in the source. */
export interface ILiteral {
  /** Of the prefix, or of the quote where there is none. */
  readonly start: number;
  readonly end: number;
  /** In lower case, such as `rb`. */
  readonly prefix: string;
  /** Where what is quoted begins and ends. */
  readonly from: number;
  readonly to: number;
}

const PREFIX = /(?<![\w\x80-\uffff])(?:[rbuft]|[bft]r|r[bft])$/i;
/** Magics of a whole cell below which Python stands. */
const PYTHON_BELOW = /^%%(?:time|timeit|capture|prun|qcred|debug|python3?)\b/;
const LINE_MAGIC = /^[ \t]*[%!]/;
const BETWEEN = /^(?:[ \t\f\r\n\\]|#[^\n]*(?:\n|$))*$/;

/**
 * Where the string literals of a cell are. Lines that IPython takes for itself (`%`, `!`) have none, and
 * of a cell that it takes as a whole (`%%bash`) no line has.
 */
export function literals(source: string): readonly ILiteral[] {
  const found: ILiteral[] = [];
  if (source.startsWith('%%') && !PYTHON_BELOW.test(source)) {
    return found;
  }
  let at = 0;
  let begins = true;
  while (at < source.length) {
    const character = source[at] ?? '';
    if (character === '#' || (begins && LINE_MAGIC.test(source.slice(at, lineEnd(source, at))))) {
      at = lineEnd(source, at);
    } else if (character === '"' || character === "'") {
      const one = literal(source, at);
      if (one.closed) {
        found.push(one);
      }
      at = one.end;
    } else {
      at += 1;
    }
    begins = source[at - 1] === '\n';
  }
  return found;
}

function lineEnd(source: string, at: number): number {
  const end = source.indexOf('\n', at);
  return end < 0 ? source.length : end;
}

function literal(source: string, at: number): ILiteral & { readonly closed: boolean } {
  const one = source.slice(at, at + 1);
  const quote = source.startsWith(one.repeat(3), at) ? one.repeat(3) : one;
  const prefix = PREFIX.exec(source.slice(Math.max(0, at - 3), at))?.[0] ?? '';
  const from = at + quote.length;
  let to = from;
  while (to < source.length && !source.startsWith(quote, to)) {
    if (source[to] === '\n' && quote.length === 1) {
      break;
    }
    to += source[to] === '\\' ? 2 : 1;
  }
  const closed = source.startsWith(quote, to);
  const end = Math.min(source.length, closed ? to + quote.length : to);
  return { start: at - prefix.length, end, prefix: prefix.toLowerCase(), from, to, closed };
}

/**
 * The literal which is nothing but what stands from `start` to `end`, but for blanks; null where it is a
 * part of something else, or where Python joins the literal to the one beside it.
 */
export function alone(
  source: string,
  all: readonly ILiteral[],
  start: number,
  end: number
): ILiteral | null {
  const number = all.findIndex(one => one.from <= start && end <= one.to);
  const one = all[number];
  if (one === undefined) {
    return null;
  }
  const rest = source.slice(one.from, start) + source.slice(end, one.to);
  if (!/^(?:\s|\\[nrt])*$/.test(rest)) {
    return null;
  }
  const before = all[number - 1];
  const after = all[number + 1];
  const joined =
    (before !== undefined && BETWEEN.test(source.slice(before.end, one.start))) ||
    (after !== undefined && BETWEEN.test(source.slice(one.end, after.start)));
  return joined ? null : one;
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };

/** What a literal's text means; only the escapes that keys have: line ends, quotes, backslashes. */
export function meaning(text: string, prefix: string): string {
  return prefix.includes('r')
    ? text
    : text.replace(/\\([nrt"'\\])/g, (_, letter: string) => ESCAPES[letter] ?? letter);
}
