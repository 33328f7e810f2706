import { describe, expect, it } from 'vitest';

import type { IRequirement } from '../src/tutorial/required';
import { listOf, required } from '../src/tutorial/required';

const IMPORT = 'import jupyter_qcred as qcred\n';

function read(source: string, metadata: unknown = {}): readonly IRequirement[] {
  return required(metadata, [source]);
}

describe('the list in the metadata', () => {
  it('is read as the server reads it', () => {
    const asks = ['ibm-quantum', 'ionq', 'ionq', 'No Name', 5, null, '-x'];
    expect(listOf({ qcred: { requires: asks } })).toEqual(['ibm-quantum', 'ionq']);
    expect(listOf({ qcred: { requires: 'ibm-quantum' } })).toEqual([]);
  });

  it.each([undefined, null, {}, { qcred: null }, { qcred: [] }, { qcred: { requires: null } }])(
    'is none in %j',
    metadata => expect(listOf(metadata)).toBeNull()
  );

  it('has a length that counts', () => {
    const many = Array.from({ length: 100 }, (_, number) => `name-${number}`);
    expect(listOf({ qcred: { requires: many } })).toHaveLength(64);
    expect(required({ qcred: { requires: many } }, [])).toHaveLength(64);
  });
});

describe('what cells require', () => {
  it.each([
    ['qcred.requires("ibm-quantum")', 'simulator'],
    ["qcred.requires('ibm-quantum', fallback='simulator').backend()", 'simulator'],
    ['qcred.requires("ibm-quantum", vendor="ionq", timeout=5)', 'simulator'],
    ['qcred.requires("ibm-quantum", "ask")', 'ask'],
    ['qcred.requires(\n    "ibm-quantum",\n    fallback="ask",\n)', 'ask'],
    ['qcred.requires("ibm-quantum", None)', 'none'],
    ['qcred.requires("ibm-quantum", vendor=which(")"), fallback=None)', 'none'],
    ['qcred.requires("ibm-quantum", lambda: make(1, 2))', 'own'],
    ['qcred.requires("ibm-quantum", fallback=lambda: make())', 'own'],
    ['qcred.requires("ibm-quantum", fallback=mine, timeout=5)', 'own'],
    ['qcred . requires ("ibm-quantum")', null],
    ['x = qcred.requires(name="ibm-quantum")', 'simulator'],
    ['# qcred.requires("ibm-quantum")', null],
    ['other.requires("ibm-quantum")', null],
    ['my_qcred.requires("ibm-quantum")', null],
    ['my.qcred.requires("ibm-quantum")', null],
    ['qcred.requires(name)', null],
    ['qcred.requires("Not A Name")', null],
    ['qcred.requires("ibm-quantum', null]
  ])('%s', (source, fallback) => {
    expect(read(IMPORT + source).map(one => one.fallback)).toEqual(fallback ? [fallback] : []);
  });

  it('counts by the name of the import, in whichever cell that is', () => {
    const sources = ['import os, jupyter_qcred as q', 'q.requires("ionq")'];
    expect(required({}, sources)).toMatchObject([{ credential: 'ionq', listed: false }]);
    expect(required({}, ['qcred.requires("ionq")'])).toEqual([]);
    expect(read('import jupyter_qcred\njupyter_qcred.requires("ionq")')).toHaveLength(1);
    expect(read('from jupyter_qcred import get, requires\nrequires("ionq")')).toHaveLength(1);
    expect(read('from jupyter_qcred import requires as needs\nneeds("ionq")')).toHaveLength(1);
    expect(read('from jupyter_qcred import get\nrequires("ionq")')).toEqual([]);
  });

  it('keeps two calls apart, and tells each credential once', () => {
    const source =
      'qcred.requires("a")\nqcred.requires("b", fallback=None)\nqcred.requires("a", None)';
    expect(read(IMPORT + source)).toEqual([
      { credential: 'a', fallback: 'simulator', listed: false },
      { credential: 'b', fallback: 'none', listed: false }
    ]);
  });

  it('adds to the list what falls back on what', () => {
    const metadata = { qcred: { requires: ['b', 'a'] } };
    expect(read(`${IMPORT}qcred.requires("a", fallback="ask")`, metadata)).toEqual([
      { credential: 'b', fallback: 'unknown', listed: true },
      { credential: 'a', fallback: 'ask', listed: true }
    ]);
  });

  it('has a length that counts', () => {
    const cells = Array.from({ length: 100 }, (_, number) => `qcred.requires("name-${number}", (`);
    expect(required({}, [IMPORT, ...cells])).toHaveLength(64);
  });
});
