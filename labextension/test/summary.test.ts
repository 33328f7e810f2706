import { describe, expect, it } from 'vitest';

import { QcredError } from '../src/errors';
import { snapshot } from '../src/snapshot';
import type { ISummary } from '../src/summary';
import { summarize } from '../src/summary';
import type { IStatus } from '../src/wire';
import { KERNEL, credential, kernel, login, notice, status } from './answers';
import { trans } from './trans';

function told(answer: IStatus | null, after = 0, problem: QcredError | null = null): ISummary {
  const state = { snapshot: answer && snapshot(answer, 0), problem };
  return summarize(state, KERNEL, after * 1000, 120, trans);
}

const failing = {
  description: 'OpenBao',
  health: 'issuer_sealed',
  reason: 'is sealed',
  since: '',
  next_try_in: 8
};

describe('a glance', () => {
  it('is calm while a credential is renewed in time', () => {
    const answer = status([kernel({ credentials: [credential()] })]);
    expect(told(answer)).toMatchObject({
      level: 'calm',
      text: 'ibm-quantum · 12 min, renewing'
    });
  });

  it('tells of many by their number and the earliest end', () => {
    const credentials = [
      credential({ expires_in: null, lease_id: '1' }),
      credential({ credential: 'ionq', expires_in: 300, lease_id: '2' }),
      credential({ credential: 'iqm', expires_in: 500, lease_id: '3' })
    ];
    expect(told(status([kernel({ credentials })])).text).toBe('3 credentials · 5 min, renewing');
  });

  it('tells of a login that is needed before a cell asks for anything', () => {
    expect(told(status([kernel()], { login: login() }))).toMatchObject({
      level: 'error',
      text: 'Credentials: needs a login'
    });
    expect(told(status([kernel()], { login: login({ needed: false, state: 'done' }) })).level).toBe(
      'idle'
    );
  });

  it('lets what is held count while it works, whoever has to log in', () => {
    const answer = status([kernel({ credentials: [credential()] })], { login: login() });
    expect(told(answer).level).toBe('calm');
  });

  it('names no end where there is none', () => {
    const credentials = [credential({ expires_in: null })];
    expect(told(status([kernel({ credentials })])).text).toBe(
      'ibm-quantum · until the kernel ends'
    );
  });

  it('is pale where the kernel holds nothing, whatever others hold', () => {
    const others = kernel({ kernel: 'another', credentials: [credential()], notices: [notice()] });
    expect(told(status([others]))).toMatchObject({ level: 'idle', text: 'No credentials' });
  });

  it('warns when a renewal is overdue, and not while it is only due', () => {
    const answer = status([kernel({ credentials: [credential({ expires_in: 100 })] })]);
    expect(told(answer, 70).level).toBe('calm');
    expect(told(answer, 80)).toMatchObject({ level: 'warning', text: 'ibm-quantum ends in 20 s' });
    expect(told(answer, 101)).toMatchObject({ level: 'error', text: 'ibm-quantum has ended' });
  });

  it('does not warn long before an end', () => {
    const answer = status([kernel({ credentials: [credential({ expires_in: 36_000 })] })]);
    expect(told(answer, 35_000).level).toBe('calm');
  });

  it('warns of an end that the server announces, with its cause and the next step', () => {
    const notices = [notice({ held: true, ends_in: 90 })];
    const answer = status([kernel({ credentials: [credential()], notices })]);
    expect(told(answer)).toEqual({
      level: 'warning',
      text: 'ibm-quantum ends in 1 min',
      details: 'Your login has ended. Log in again.'
    });
  });

  it('is red where something needs a person', () => {
    const answer = status([kernel({ notices: [notice()] })], { issuer: failing });
    expect(told(answer)).toMatchObject({ level: 'error', text: 'ibm-quantum: needs a login' });
  });

  it('waits for an approval without alarm, and tells what needs this person before it', () => {
    const pending = notice({ code: 'pending_approval', credential: 'ionq' });
    expect(told(status([kernel({ notices: [pending] })]))).toMatchObject({
      level: 'warning',
      text: 'ionq: waits for approval'
    });
    expect(told(status([kernel({ notices: [pending, notice()] })]))).toMatchObject({
      level: 'error',
      text: 'ibm-quantum: needs a login'
    });
  });

  it('is red while the issuer fails, and says when it is asked again', () => {
    const answer = status([kernel({ credentials: [credential()] })], { issuer: failing });
    const summary = told(answer, 3);
    expect(summary).toMatchObject({
      level: 'error',
      text: 'Issuer unavailable · again in 5 s'
    });
    expect(summary.details).toMatch(/^OpenBao is sealed\. What this kernel holds works until /);
  });

  it('stays calm after a revocation that somebody asked for', () => {
    const notices = [notice({ code: 'lease_expired', reason: 'It was revoked' })];
    expect(told(status([kernel({ notices })])).level).toBe('idle');
  });

  it('warns of a revocation which the issuer does not confirm', () => {
    const debt = {
      kind: 'credential',
      session: 's',
      kernel: KERNEL,
      credentials: ['ibm-quantum'],
      lease_id: 'lease-1',
      since: '',
      expires_in: 60,
      reason: ''
    };
    const of = (attempts: number): string =>
      told(status([kernel()], { outstanding: [{ ...debt, attempts }] })).level;
    expect([of(1), of(2)]).toEqual(['idle', 'warning']);
  });

  it('shows nothing without a kernel, or where the server is turned off', () => {
    const state = { snapshot: snapshot(status([]), 0), problem: null };
    expect(summarize(state, null, 0, 120, trans).level).toBe('none');
    expect(told(status([], { enabled: false })).level).toBe('none');
    expect(told(null, 0, new QcredError(404, 'not_found', 'Nothing')).level).toBe('none');
  });

  it('says so when the server does not answer', () => {
    const gone = new QcredError(0, 'no_answer', 'The server does not answer', 'Wait');
    expect(told(status([kernel()]), 0, gone)).toEqual({
      level: 'warning',
      text: 'Credentials: no answer',
      details: 'The server does not answer. Wait.'
    });
  });
});
