import { YNotebook } from '@jupyter/ydoc';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import type { INotice } from '../src/guard/cells';
import { GuardedCells } from '../src/guard/cells';
import { keep, parts, proposed } from '../src/guard/keep';
import { Memory } from '../src/guard/memory';
import { DELAY, REACH } from '../src/guard/watch';

/* Made here, so that no file holds what a scanner would take for a key. */
const LETTERS = 'Zq7Rk2Wm9Xc4Vb8Nt3Lp6Jd1Hf5Gs0';
const KEY = `${LETTERS}Qy`;
const OTHER = `Qy${LETTERS.slice(9)}${LETTERS.slice(0, 9)}`;
const ACCESS = ['AKIA', 'Q7ZK3XW2PMVR5TLD'].join('');
const SECRET = `${LETTERS}aB3dE/gHiJ`;

let notebook: YNotebook;
let memory: Memory;
let guarded: GuardedCells;
let python = true;

/** Let what was noticed be looked at. */
async function look(): Promise<void> {
  await vi.advanceTimersByTimeAsync(4 * DELAY);
}

function sources(): string[] {
  return notebook.cells.map(cell => cell.source);
}

function add(source: string, cell_type: 'code' | 'markdown' = 'code'): void {
  notebook.addCell({ cell_type, source });
}

/** One that was noticed. */
function noticed(number = 0): INotice {
  const notice = guarded.notices[number];
  if (notice === undefined) {
    throw new Error(`only ${guarded.notices.length} were noticed`);
  }
  return notice;
}

/** What a person does in an editor: it can be undone. */
function type(cell: number, text: string, at = notebook.getCell(cell).source.length): void {
  notebook.getCell(cell).updateSource(at, at, text);
}

beforeEach(() => {
  // Yjs complains of how its own notebooks make cells.
  vi.spyOn(console, 'warn').mockImplementation(() => undefined);
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  notebook = YNotebook.create({ disableDocumentWideUndoRedo: true });
  memory = new Memory();
  python = true;
  add('# already here');
  guarded = new GuardedCells(notebook, memory, () => python);
});

afterEach(() => {
  guarded.dispose();
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe('what is noticed', () => {
  it('is a key that comes into a cell, with its rule and its place', async () => {
    add('1 + 1');
    type(1, `\nIonQProvider("${KEY}")`);
    await look();
    expect(noticed().rule.id).toBe('ionq');
    expect(guarded.numberOf(noticed().cell)).toBe(2);
    expect(guarded.notices).toHaveLength(1);
  });

  it('is a key that is typed, letter by letter, as soon as it is whole', async () => {
    for (const letter of `\nIonQProvider("${KEY}")`) {
      type(0, letter);
      await vi.advanceTimersByTimeAsync(20);
    }
    await look();
    expect(guarded.notices.map(one => one.secret)).toEqual([KEY]);
  });

  it('is a key in prose, and in a cell that is pasted as a whole', async () => {
    add(`My key of IonQ: ${KEY}`, 'markdown');
    await look();
    expect(guarded.notices.map(one => one.secret)).toEqual([KEY]);
  });

  it('is nothing any more when it is taken out, or its cell is deleted', async () => {
    type(0, `\nIonQProvider("${KEY}")`);
    add(`IonQProvider("${OTHER}")`);
    await look();
    expect(guarded.notices).toHaveLength(2);
    notebook.getCell(0).setSource('nothing');
    await look();
    expect(guarded.notices.map(one => one.secret)).toEqual([OTHER]);
    notebook.deleteCell(1);
    expect(guarded.notices).toEqual([]);
  });

  it('is not what was there before, nor what only ran', async () => {
    guarded.dispose();
    add(`IonQProvider("${KEY}")`);
    guarded = new GuardedCells(notebook, memory, () => true);
    await look();
    expect(guarded.notices).toEqual([]);
  });

  it('is the same in a very long cell, near a change', async () => {
    const filler = 'x = 1  # nothing\n'.repeat((4 * REACH) / 16);
    type(0, filler);
    await look();
    type(0, `\nIonQProvider("${KEY}")\n`, 2 * REACH);
    await look();
    expect(guarded.notices.map(one => one.secret)).toEqual([KEY]);
    type(0, 'y = 2\n', 0);
    await look();
    expect(guarded.notices.map(one => one.secret)).toEqual([KEY]);
    const at = notebook.getCell(0).source.indexOf(KEY);
    notebook.getCell(0).updateSource(at, at + 4, '');
    await look();
    expect(guarded.notices).toEqual([]);
  });

  it('is not mentioned again once it is ignored, wherever it stands', async () => {
    type(0, `\nIonQProvider("${KEY}")`);
    await look();
    memory.ignore(KEY);
    expect(guarded.notices).toEqual([]);
    add(`IonQProvider("${KEY}")`);
    await look();
    expect(guarded.notices).toEqual([]);
    const kept = Object.values(memory).flatMap(one =>
      one instanceof Set ? [...(one as Set<string>)] : []
    );
    expect(kept).toHaveLength(1);
    expect(String(kept)).not.toContain(KEY);
  });
});

describe('what is stored', () => {
  const asked: unknown[] = [];
  const client = {
    store: (name: string, key: ReadonlyMap<string, string>, replace: boolean): Promise<void> => {
      asked.push([name, Object.fromEntries(key), replace]);
      return Promise.resolve();
    }
  };
  beforeEach(() => {
    asked.length = 0;
  });

  it('goes to the server once, and out of every cell', async () => {
    type(0, `\nIonQProvider("${KEY}")`);
    add(`again = '${KEY}'`);
    add(`It is ${KEY}.`, 'markdown');
    await look();
    expect(proposed(noticed(), memory)).toEqual({ name: 'ionq', field: '' });
    const done = await keep(client, guarded, memory, [noticed()], 'ionq', false);
    expect(asked).toEqual([['ionq', { '': KEY }, false]]);
    expect(done).toEqual({ cells: 3, placeholders: 0 });
    expect(sources()).toEqual([
      '# already here\nimport jupyter_qcred as qcred\n\nIonQProvider(qcred.get("ionq").reveal())',
      'again = qcred.get("ionq").reveal()',
      'It is qcred.get("ionq").'
    ]);
    expect(guarded.notices).toEqual([]);
  });

  it('cannot be brought back by undo; what comes after can be undone', async () => {
    type(0, `\nIonQProvider("${KEY}")`);
    await look();
    await keep(client, guarded, memory, guarded.notices, 'ionq', false);
    const cell = notebook.getCell(0);
    const after = cell.source;
    cell.undo();
    expect(cell.source).toBe(after);
    type(0, '\nmore = 1');
    cell.undo();
    expect(cell.source).toBe(after);
    cell.redo();
    expect(cell.source).toBe(`${after}\nmore = 1`);
  });

  it('is known when it comes up again: nothing is sent a second time', async () => {
    type(0, `\nIonQProvider("${KEY}")`);
    await look();
    await keep(client, guarded, memory, guarded.notices, 'my-ionq', false);
    add(`IonQProvider("${KEY}")`);
    await look();
    expect(memory.storedAs(noticed().secret)).toEqual({ name: 'my-ionq', field: '' });
    expect(proposed(noticed(), memory).name).toBe('my-ionq');
  });

  it('stays in the notebook where the server refuses', async () => {
    type(0, `\nIonQProvider("${KEY}")`);
    await look();
    const before = sources();
    const refusing = { store: () => Promise.reject(new Error('no')) };
    const keeping = keep(refusing, guarded, memory, guarded.notices, 'ionq', false);
    await expect(keeping).rejects.toThrow('no');
    expect(sources()).toEqual(before);
    expect(guarded.notices).toHaveLength(1);
  });

  it('is one credential where it has several parts', async () => {
    add(`Session(aws_access_key_id="${ACCESS}", aws_secret_access_key="${SECRET}")`);
    await look();
    const all = guarded.notices;
    expect(all.map(({ rule }) => rule.id)).toEqual(['aws-access-key-id', 'aws-secret-key']);
    const together = parts(noticed(1), all);
    await keep(client, guarded, memory, together, 'amazon-braket', true);
    expect(asked).toEqual([['amazon-braket', { access_key: ACCESS, secret_key: SECRET }, true]]);
    expect(sources()[1]).toBe(
      'import jupyter_qcred as qcred\n\n' +
        'Session(aws_access_key_id=qcred.get("amazon-braket").reveal("access_key"), ' +
        'aws_secret_access_key=qcred.get("amazon-braket").reveal("secret_key"))'
    );
  });

  it('is what a literal means, and imported where the line runs', async () => {
    const lines = Array.from({ length: 3 }, () => KEY + OTHER);
    const [begin, end] = ['BEGIN', 'END'].map(word => `-----${word} PRIVATE KEY-----`);
    const pem = [begin, ...lines, end].join('\n');
    add(`pem = "${pem.replaceAll('\n', '\\n')}\\n"`);
    add('import jupyter_qcred as qcred');
    await look();
    await keep(client, guarded, memory, guarded.notices, 'key', false);
    expect(asked).toEqual([['key', { '': pem }, false]]);
    expect(sources()[1]).toBe('import jupyter_qcred as qcred\n\npem = qcred.get("key").reveal()');
  });

  it('leaves a placeholder in the code of other languages', async () => {
    python = false;
    add(`token <- "${KEY}" # ionq`);
    await look();
    const done = await keep(client, guarded, memory, guarded.notices, 'ionq', false);
    expect(done.placeholders).toBe(1);
    expect(sources()[1]).toBe('token <- "[redacted:ionq]" # ionq');
  });
});
