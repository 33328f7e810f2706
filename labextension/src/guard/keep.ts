import type { LeaseClient } from '../client';
import type { GuardedCells, INotice, IReplaced } from './cells';
import type { IStored, Memory } from './memory';

/** The name that is offered for a key: what its rule says, or what it was stored as. */
export function proposed({ rule, secret }: INotice, memory: Memory): IStored {
  return memory.storedAs(secret) ?? { name: rule.credential, field: rule.field };
}

/**
 * A key, and others of the same notebook that are other parts of the same credential: an access key
 * of AWS is two or three texts, which are stored together or are worth nothing.
 */
export function parts(notice: INotice, all: readonly INotice[]): readonly INotice[] {
  const { credential, field } = notice.rule;
  if (field === '') {
    return [notice];
  }
  const found = new Map([[field, notice]]);
  for (const other of all.filter(({ rule }) => rule.credential === credential)) {
    if (other.rule.field !== '' && !found.has(other.rule.field)) {
      found.set(other.rule.field, other);
    }
  }
  return [...found.values()];
}

/**
 * Store keys as one credential, and take them out of the notebook. What cannot be stored stays.
 *
 * @param notices the parts of one credential
 * @param replace a credential of this name may be there already, and goes
 * @throws QcredError: the server refused; the notebook is as it was
 */
export async function keep(
  client: Pick<LeaseClient, 'store'>,
  cells: GuardedCells,
  memory: Memory,
  notices: readonly INotice[],
  name: string,
  replace: boolean
): Promise<IReplaced> {
  const key = new Map(notices.map(one => [one.rule.field, cells.valueOf(one)]));
  await client.store(name, key, replace);
  let all: IReplaced = { cells: 0, placeholders: 0 };
  for (const { secret, rule } of notices) {
    memory.store(secret, { name, field: rule.field });
    const { cells: count, placeholders } = cells.replace({ secret, name, field: rule.field });
    all = { cells: all.cells + count, placeholders: all.placeholders + placeholders };
  }
  return all;
}
