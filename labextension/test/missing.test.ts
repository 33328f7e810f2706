import { describe, expect, it } from 'vitest';

import { partsOf } from '../src/keyParts';
import { request } from '../src/request';
import { snapshot } from '../src/snapshot';
import { actionFor, stepFor } from '../src/steps';
import { Dismissed } from '../src/tutorial/dismissed';
import { notice, status } from './answers';
import { trans } from './trans';

describe('a request to the operator', () => {
  const question = {
    credential: 'ibm-quantum',
    notebook: '/home/ada/work.ipynb',
    reason: 'This server does not allow ibm-quantum',
    code: 'not_entitled'
  };

  it('says who needs what, where, and what the server said', () => {
    expect(request(question, snapshot(status([]), 0), trans).split('\n')).toEqual([
      'Please give me access to ibm-quantum in Jupyter.',
      '',
      'User: ada',
      'Notebook: work.ipynb',
      'Jupyter says: This server does not allow ibm-quantum. (not_entitled)',
      'Issuer: OpenBao at http://127.0.0.1:8200',
      'Server: jupyter_qcred 1'
    ]);
  });

  it('leaves out what nobody knows', () => {
    const text = request({ ...question, notebook: '', reason: '' }, null, trans);
    expect(text).not.toMatch(/Notebook|says/);
  });
});

describe('a key', () => {
  it('has the parts that its vendor gives, and one where nothing else is known', () => {
    expect(partsOf('amazon-braket')).toEqual({
      secret: ['access_key', 'secret_key'],
      plain: ['region']
    });
    expect(partsOf('iqm')).toEqual({ secret: ['value'], plain: ['server_url'] });
    expect(partsOf('toString')).toEqual({ secret: ['value'], plain: [] });
  });

  it('is stored only where the server stores keys', () => {
    expect(stepFor('not_stored', true)).toBe('store');
    expect(stepFor('not_stored', false)).toBe('ask');
  });
});

describe('what the panel offers', () => {
  it.each([
    ['not_entitled', 'ask'],
    ['unknown_credential', 'ask'],
    ['config', 'ask'],
    ['not_stored', 'store'],
    ['pending_approval', 'again'],
    ['wire', 'again'],
    ['needs_login', null],
    ['lease_expired', null],
    ['issuer_unreachable', null]
  ])('against %s is %s', (code, action) => {
    expect(actionFor(notice({ code }), true)).toBe(action);
    expect(actionFor(notice({ code, held: true }), true)).toBeNull();
  });

  it('is for one credential, or for the operator', () => {
    expect(actionFor(notice({ code: 'not_stored', credential: '' }), true)).toBeNull();
    expect(actionFor(notice({ code: 'not_stored', credential: '' }), false)).toBe('ask');
  });
});

describe('a dismissed banner', () => {
  it('stays away for its session, also after a reload', () => {
    const kept = new Map<string, string>();
    const shelf = {
      getItem: (name: string) => kept.get(name) ?? null,
      setItem: (name: string, value: string) => void kept.set(name, value)
    };
    new Dismissed(() => shelf).add('one');
    expect(new Dismissed(() => shelf).has('one')).toBe(true);
    expect(new Dismissed(() => shelf).has('two')).toBe(false);
    for (let number = 0; number < 60; number++) {
      new Dismissed(() => shelf).add(`later-${number}`);
    }
    expect(new Dismissed(() => shelf).has('one')).toBe(false);
  });

  it.each(['{', '5', '[5]', 'null'])('is not remembered where the page keeps %s', text => {
    const shelf = { getItem: () => text, setItem: () => undefined };
    expect(new Dismissed(() => shelf).has('one')).toBe(false);
  });

  it('is shown again where the browser keeps nothing', () => {
    const none = new Dismissed(() => {
      throw new Error('denied');
    });
    none.add('one');
    expect(none.has('one')).toBe(false);
  });
});
