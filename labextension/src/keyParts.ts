import known from './fields.json';

/** What a key consists of, by the names under which it is stored. */
export interface IParts {
  readonly secret: readonly string[];
  /** Settings that belong to it, and may be left out. */
  readonly plain: readonly string[];
}

/** The part that a key of one part is called by. */
export const MAIN = 'value';

const KNOWN: ReadonlyMap<string, IParts> = new Map(Object.entries(known));

/** The parts of a credential's key; those of vendors with several are in `fields.json`. */
export function partsOf(credential: string): IParts {
  const { secret, plain } = KNOWN.get(credential) ?? { secret: [], plain: [] };
  return { secret: secret.length > 0 ? secret : [MAIN], plain };
}
