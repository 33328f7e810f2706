import { describe, expect, it } from 'vitest';

import { search } from '../src/guard/finder';
import { rules } from '../src/guard/patterns';
import type { IFinding } from '../src/guard/rule';
import { examples } from './examples.mjs';

/** Search without a pause. */
function found(text: string): readonly IFinding[] {
  const searching = search(text);
  for (;;) {
    const { done, value } = searching.next();
    if (done) {
      return value;
    }
  }
}

/** The least milliseconds of some searches: what others do on the machine does not count. */
function milliseconds(text: string, times = 2): number {
  const each = Array.from({ length: times }, () => {
    const began = performance.now();
    found(text);
    return performance.now() - began;
  });
  return Math.min(...each);
}

describe('the search', () => {
  it('finds what the server finds, in each of its examples', { timeout: 120_000 }, () => {
    const all = examples();
    expect(all.length).toBeGreaterThan(1000);
    expect(new Set(all.flatMap(one => one.found.map(({ rule }) => rule))).size).toBe(rules.length);
    const others = all.filter(one => JSON.stringify(found(one.text)) !== JSON.stringify(one.found));
    expect(others.slice(0, 3).map(one => ({ ...one, here: found(one.text) }))).toEqual([]);
  });

  it('takes time as the text grows, whatever stands in it', { timeout: 120_000 }, () => {
    const pieces = ['', ' ', '="', '-', '/+', 'aA0'.repeat(20), '://a:', 'eyJhbGciOiJIUzI1NiJ9.'];
    const anchors = [...new Set(rules.map(({ anchors: [...all] }) => all.sort(longest)[0] ?? ''))];
    for (const anchor of [...anchors, 'eyJ', '-----BEGIN PRIVATE KEY-----']) {
      for (const piece of pieces) {
        const [short = '', long = ''] = [4_000, 16_000].map(size =>
          (anchor + piece).repeat(size).slice(0, size)
        );
        const once = milliseconds(short);
        if (once > 2 && milliseconds(long) > 10 * once) {
          const slowest = Math.max(once, milliseconds(short, 5));
          expect(milliseconds(long, 5), `${anchor}${piece}`).toBeLessThan(10 * slowest);
        }
      }
    }
  });
});

function longest(one: string, other: string): number {
  return other.length - one.length;
}
