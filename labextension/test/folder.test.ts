import { describe, expect, it } from 'vitest';

import { byWeight, deedOf, placeOf } from '../src/folder';
import { snapshot } from '../src/snapshot';
import { KERNEL, kernel, status, trap } from './answers';
import { trans } from './trans';

describe('a line of a file in the kernel’s folder', () => {
  it('is told by the file’s name and the line', () => {
    expect(placeOf(trap(), trans)).toBe('.env, line 3');
    expect(placeOf(trap({ path: '/a/dwave.conf', line: 0 }), trans)).toBe('dwave.conf');
  });

  it('is told without its place a second time', () => {
    expect(deedOf(trap())).toBe('leads qiskit-ionq to evil.example');
    const unread = trap({
      path: '/a/dwave.conf',
      line: 0,
      variable: '',
      effect: 'unread',
      reason: '/a/dwave.conf is no ordinary file, and dwave-cloud-client would read it'
    });
    expect(deedOf(unread)).toBe('is no ordinary file, and dwave-cloud-client would read it');
    expect(deedOf(trap({ reason: 'In other words' }))).toBe('In other words');
  });

  it('comes first where it sends keys elsewhere', () => {
    const account = trap({ code: 'other_account', line: 1 });
    expect(byWeight([account, trap(), trap({ line: 9 })]).map(one => one.line)).toEqual([3, 9, 1]);
  });

  it('belongs to one kernel', () => {
    const answer = status([kernel({ folder: [trap()] }), kernel({ kernel: 'another' })]);
    const { folders } = snapshot(answer, 0);
    expect([folders.get(KERNEL)?.length, folders.get('another')?.length]).toEqual([1, 0]);
  });
});
