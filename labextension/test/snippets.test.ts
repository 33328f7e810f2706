import { describe, expect, it, vi } from 'vitest';

// What opens dialogs and changes notebooks needs a page; the words need none.
vi.mock('@jupyterlab/apputils', () => ({}));
vi.mock('@jupyterlab/notebook', () => ({}));

import { snapshot } from '../src/snapshot';
import { KINDS, namesFor, snippet } from '../src/snippets';
import { KERNEL, kernel, status } from './answers';

describe('a snippet', () => {
  it('imports the package once', () => {
    expect(snippet('get', 'ionq', false)).toBe(
      'import jupyter_qcred as qcred\n\ncred = qcred.get("ionq")'
    );
    expect(snippet('get', 'ionq', true)).toBe('cred = qcred.get("ionq")');
  });

  it.each(KINDS)('names the credential and holds no value: %s', kind => {
    expect(snippet(kind, 'ionq', true)).toContain(`qcred.${kind}("ionq")`);
  });

  it('offers what the kernel may ask for, and nothing without a kernel', () => {
    const available = ['iqm', 'ionq'].map(name => ({ credential: name, vendor: name }));
    const told = snapshot(status([kernel({ available })]), 0);
    expect(namesFor(told, KERNEL)).toEqual(['ionq', 'iqm']);
    expect(namesFor(told, 'another')).toEqual([]);
    expect(namesFor(told, null)).toEqual([]);
    expect(namesFor(null, KERNEL)).toEqual([]);
  });
});
