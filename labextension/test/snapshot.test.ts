import { describe, expect, it } from 'vitest';

import { secondsUntil, snapshot } from '../src/snapshot';
import { credential, kernel, status } from './answers';

const holding = (fields: Parameters<typeof credential>[0]): ReturnType<typeof status> =>
  status([kernel({ credentials: [credential(fields)] })]);

describe('a snapshot', () => {
  it('counts down by the browser alone, however wrong its clock is', () => {
    for (const now of [0, 1e12, 4e12]) {
      const [lease] = snapshot(holding({ expires_in: 60 }), now).leases;
      expect(secondsUntil(lease?.endsAt ?? null, now + 45_000)).toBe(15);
    }
  });

  it('has no end where nothing ends it', () => {
    const [lease] = snapshot(holding({ expires_in: null }), 1000).leases;
    expect(lease?.endsAt).toBeNull();
    expect(secondsUntil(null, 0)).toBeNull();
  });

  it('never counts below zero', () => {
    expect(secondsUntil(1000, 5000)).toBe(0);
  });

  it('does not let a countdown jump because an answer was late', () => {
    const first = snapshot(holding({ expires_in: 60 }), 0);
    const second = snapshot(holding({ expires_in: 50 }), 10_900, first);
    expect(second.leases[0]?.endsAt).toBe(60_000);
  });

  it('follows a renewal, and a life that was cut short', () => {
    const first = snapshot(holding({ expires_in: 60 }), 0);
    const renewed = snapshot(holding({ expires_in: 60, renewals: 1 }), 1000, first);
    expect(renewed.leases[0]?.endsAt).toBe(61_000);
    const cut = snapshot(holding({ expires_in: 20 }), 1000, first);
    expect(cut.leases[0]?.endsAt).toBe(21_000);
  });

  it('remembers how long a life was, until it is renewed', () => {
    const first = snapshot(holding({ expires_in: 60 }), 0);
    const later = snapshot(holding({ expires_in: 20 }), 40_000, first);
    expect(later.leases[0]?.life).toBe(60);
    const renewed = snapshot(holding({ expires_in: 30, renewals: 1 }), 41_000, later);
    expect(renewed.leases[0]?.life).toBe(30);
  });

  it('calls an issuer failing only where it was asked and failed', () => {
    const of = (health: string): boolean =>
      snapshot(
        status([], {
          issuer: { description: '', health, reason: '', since: '', next_try_in: 4 }
        }),
        0
      ).issuer.failing;
    expect([of('ok'), of('unknown'), of('issuer_sealed')]).toEqual([false, false, true]);
  });
});
