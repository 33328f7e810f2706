import { describe, expect, it } from 'vitest';

import { snapshot } from '../src/snapshot';
import type { IRequirement } from '../src/tutorial/required';
import type { IStanding } from '../src/tutorial/standing';
import { atLength, missing, next, standings } from '../src/tutorial/standing';
import type { IKernel, IStatus } from '../src/wire';
import { KERNEL, credential, kernel, notice, status } from './answers';
import { trans } from './trans';

const NAME = 'ibm-quantum';
const OFFERED = [{ credential: NAME, vendor: NAME }];

function requirement(fields: Partial<IRequirement> = {}): IRequirement {
  return { credential: NAME, fallback: 'simulator', listed: false, ...fields };
}

interface ISaid {
  readonly one?: Partial<IRequirement>;
  readonly narrowed?: boolean;
  readonly kernel?: Partial<IKernel>;
  readonly status?: Partial<IStatus>;
}

function told(said: ISaid): readonly IStanding[] | null {
  const answer = status([kernel({ available: OFFERED, ...said.kernel })], said.status ?? {});
  const all = [requirement(said.one)];
  return standings(all, said.narrowed ?? false, snapshot(answer, 0), KERNEL);
}

function state(said: ISaid): string | undefined {
  return told(said)?.[0]?.state;
}

describe('what a notebook requires', () => {
  it('is not known before the kernel may ask for anything', () => {
    expect(standings([requirement()], false, null, KERNEL)).toBeNull();
    expect(standings([requirement()], false, snapshot(status([]), 0), KERNEL)).toBeNull();
    expect(standings([requirement()], false, snapshot(status([kernel()]), 0), null)).toBeNull();
    expect(told({ kernel: { available: [] } })).toBeNull();
    expect(told({ status: { enabled: false } })).toBeNull();
  });

  it('is ready where the kernel holds it, however long', () => {
    expect(state({ kernel: { credentials: [credential({ expires_in: 3 })] } })).toBe('ready');
    const ends = [notice({ held: true, ends_in: 9 })];
    expect(state({ kernel: { credentials: [credential()], notices: ends } })).toBe('ready');
  });

  it('is on its way where the start or the next use brings it', () => {
    expect(state({ one: { listed: true } })).toBe('coming');
    expect(state({ kernel: { notices: [notice({ code: 'lease_expired' })] } })).toBe('coming');
  });

  it('was not asked for where only a cell does that', () => {
    expect(state({})).toBe('unasked');
  });

  it('is missing for the reason that the server gives', () => {
    expect(told({ kernel: { notices: [notice({ code: 'not_stored' })] } })).toMatchObject([
      { state: 'missing', why: { code: 'not_stored' } }
    ]);
    const all = [notice({ credential: '', code: 'config' })];
    expect(told({ kernel: { available: [], notices: all } })).toMatchObject([
      { state: 'missing', why: { code: 'config' } }
    ]);
  });

  it('is left out where the notebook’s own list has others only', () => {
    const one = { credential: 'ionq' };
    expect(state({ one, narrowed: true })).toBe('left-out');
    expect(state({ one })).toBe('not-offered');
    expect(state({ one: { ...one, listed: true }, narrowed: true })).toBe('not-offered');
  });
});

describe('the next step', () => {
  const of = (code: string, storesKeys = false): string | undefined =>
    next(told({ kernel: { notices: [notice({ code })] } }) ?? [], storesKeys)?.step;

  it('follows from the reason, and from what this server can do', () => {
    expect(of('not_stored', true)).toBe('store');
    expect(of('not_stored')).toBe('ask');
    expect(of('not_entitled')).toBe('ask');
    expect(of('unknown_credential')).toBe('ask');
    expect(of('pending_approval')).toBe('again');
    expect(of('issuer_sealed')).toBe('again');
    expect(of('needs_login')).toBe('log-in');
    expect(next(told({}) ?? [], false)?.step).toBe('deliver');
    const left = told({ one: { credential: 'ionq' }, narrowed: true }) ?? [];
    expect(next(left, false)?.step).toBe('list');
  });

  it('is what a person can do alone, before what takes others', () => {
    const answer = status([
      kernel({
        available: [...OFFERED, { credential: 'ionq', vendor: 'ionq' }],
        notices: [notice({ code: 'not_entitled' })]
      })
    ]);
    const asked = [requirement(), requirement({ credential: 'ionq' })];
    const all = standings(asked, false, snapshot(answer, 0), KERNEL) ?? [];
    expect(next(all, true)).toMatchObject({ step: 'deliver', standing: { credential: 'ionq' } });
  });

  it('is none where nothing is missing', () => {
    const all = told({ kernel: { credentials: [credential()] } }) ?? [];
    expect(missing(all)).toEqual([]);
    expect(next(all, true)).toBeNull();
  });
});

describe('in words', () => {
  it('each is told with what happens in its place', () => {
    const said = (one: Partial<IRequirement>): string =>
      atLength(told({ one, kernel: { notices: [notice({ code: 'not_stored' })] } }) ?? [], trans);
    expect(said({})).toBe('ibm-quantum: no key is stored; a simulator answers.');
    expect(said({ fallback: 'none' })).toBe('ibm-quantum: no key is stored; its cells fail.');
    expect(said({ fallback: 'unknown' })).toBe('ibm-quantum: no key is stored.');
  });

  it('nothing takes the place of what is there', () => {
    const all = told({ kernel: { credentials: [credential()] } }) ?? [];
    expect(atLength(all, trans)).toBe('ibm-quantum: ready.');
  });
});
