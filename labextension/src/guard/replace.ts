import type { ILiteral } from './python';
import { alone, literals, meaning } from './python';

/** What a cell's text is: lines of Python, of another language, or prose. */
export type Kind = 'python' | 'other' | 'prose';

/** A key to take out of a text, and the credential that takes its place. */
export interface ITaken {
  readonly secret: string;
  readonly name: string;
  /** Which part of the credential; empty for the one that is the credential itself. */
  readonly field: string;
}

export interface IEdit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

export interface IReplacement {
  /** In order, none overlapping another. */
  readonly edits: readonly IEdit[];
  /** Places at which no expression could stand, and a placeholder is. */
  readonly placeholders: number;
}

const IMPORT = 'import jupyter_qcred as qcred';
const IMPORTED = /^[ \t]*import[ \t]+jupyter_qcred[ \t]+as[ \t]+qcred\b/m;
/** Lines that stay above an import. */
const ABOVE = /^(?:[ \t]*(?:[#%!][^\n]*)?\n|from __future__[^\n]*\n)*/;

/** Whether a cell imports the package under the name that we write. */
export function imports(source: string): boolean {
  return IMPORTED.test(source);
}

/** The value of a key that stands in a text: of a literal what it means, else as it is. */
export function valueOf(source: string, start: number, end: number, kind: Kind): string {
  const secret = source.slice(start, end);
  const literal = kind === 'python' ? alone(source, literals(source), start, end) : null;
  return literal === null ? secret : meaning(secret, literal.prefix);
}

/**
 * Take a key out of a cell's text, wherever it stands there.
 *
 * Where it is a string literal of its own, the literal becomes the call that returns the stored value.
 * Elsewhere a call would be no code: there is the placeholder that a save would write.
 *
 * @param imported the package is imported at this cell already
 */
export function replacement(
  source: string,
  taken: ITaken,
  kind: Kind,
  imported: boolean
): IReplacement {
  const all = kind === 'python' ? literals(source) : [];
  const { secret } = taken;
  const edits: IEdit[] = [];
  let placeholders = 0;
  let calls = 0;
  for (let at = source.indexOf(secret); at >= 0; at = source.indexOf(secret, at + secret.length)) {
    const end = at + secret.length;
    const literal = alone(source, all, at, end);
    if (literal !== null) {
      edits.push({ start: literal.start, end: literal.end, text: call(taken, literal) });
      calls += 1;
    } else {
      edits.push({ start: at, end, text: elsewhere(taken, kind) });
      placeholders += kind === 'prose' ? 0 : 1;
    }
  }
  if (calls > 0 && !imported && !imports(source)) {
    const at = ABOVE.exec(source)?.[0].length ?? 0;
    edits.push({ start: at, end: at, text: `${IMPORT}\n\n` });
  }
  return { edits: edits.sort((one, other) => one.start - other.start), placeholders };
}

function call({ name, field }: ITaken, { prefix }: ILiteral): string {
  const part = field === '' ? '' : `"${field}"`;
  const text = `qcred.get("${name}").reveal(${part})`;
  return prefix.includes('b') ? `${text}.encode()` : text;
}

function elsewhere({ name }: ITaken, kind: Kind): string {
  return kind === 'prose' ? `qcred.get("${name}")` : `[redacted:${name}]`;
}
