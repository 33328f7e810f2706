import { describe, expect, it } from 'vitest';

import { snapshot } from '../src/snapshot';
import {
  STATIC,
  clock,
  ending,
  exactly,
  names,
  notebookName,
  roughly,
  sentences
} from '../src/words';
import { credential, kernel, status } from './answers';
import { trans } from './trans';

describe('durations', () => {
  it.each([
    [0.9, '0 s'],
    [59.9, '59 s'],
    [60, '1 min'],
    [7199, '119 min'],
    [7200, '2 h'],
    [172_800, '2 days']
  ])('are rough in a line: %d', (seconds, text) => {
    expect(roughly(seconds, trans)).toBe(text);
  });

  it.each([
    [59, '59 s'],
    [724, '12 min 04 s'],
    [7500, '2 h 05 min'],
    [200_000, '2 days']
  ])('are exact in a countdown: %d', (seconds, text) => {
    expect(exactly(seconds, trans)).toBe(text);
  });
});

describe('moments', () => {
  const noon = new Date(2026, 4, 1, 12, 0).getTime();

  it('are a time today, and have a date on another day', () => {
    expect(clock(noon + 2 * 60_000, noon, 'en-GB')).toBe('12:02');
    expect(clock(noon + 86_400_000, noon, 'en-GB')).toContain('2 May');
  });
});

describe('how something ends', () => {
  const words = (fields: Parameters<typeof credential>[0]): string => {
    const [lease] = snapshot(status([kernel({ credentials: [credential(fields)] })]), 0).leases;
    return lease ? ending(lease, 0, trans) : '';
  };

  it('calls nothing revocable that is not', () => {
    expect(words({ revocable: true })).toBe('The issuer ends it when asked, or with the kernel');
    expect(words({ revocable: false })).toMatch(/at its vendor it dies at \d/);
    expect(words({ revocable: false, expires_in: null })).toMatch(/cannot end it/);
    expect(words({ revocable: true, labels: { [STATIC]: 'x' } })).toMatch(/stays valid/);
  });
});

describe('texts', () => {
  it('end with one full stop each', () => {
    expect(sentences('One', '', 'Two.')).toBe('One. Two.');
  });

  it('name some, and count the rest', () => {
    expect(names([], trans)).toBe('');
    expect(names(['a'], trans)).toBe('a');
    expect(names(['a', 'b'], trans)).toBe('a and b');
    expect(names(['a', 'b', 'c', 'd'], trans)).toBe('a, b and 2 more');
  });

  it('name a notebook by its file', () => {
    expect(notebookName('/home/ada/work.ipynb', trans)).toBe('work.ipynb');
    expect(notebookName('C:\\work\\a.ipynb', trans)).toBe('a.ipynb');
    expect(notebookName('', trans)).toBe('a kernel without a notebook');
  });
});
