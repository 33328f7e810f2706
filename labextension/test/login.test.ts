import { Signal } from '@lumino/signaling';
import { describe, expect, it } from 'vitest';

import { QcredError } from '../src/errors';
import { isNeeded, Login } from '../src/login';
import { snapshot } from '../src/snapshot';
import type { ILeaseModel, ILeaseState } from '../src/tokens';
import type { IBegun, ILogin } from '../src/wire';
import { login, status } from './answers';
import { trans } from './trans';

const PAGE = 'http://127.0.0.1:8888/qcred/oidc/login/1';

/** A server, a browser, and what a person was told. */
class Stage {
  readonly windows: { url: string; closed: boolean }[] = [];
  readonly told: string[] = [];
  blocked = false;
  answer: Promise<IBegun> = Promise.resolve({ url: PAGE, login: login({ handle: '1' }) });
  readonly login: Login;
  private state: ILeaseState = { snapshot: null, problem: null };
  private readonly changed = new Signal<ILeaseModel, ILeaseState>({} as ILeaseModel);

  constructor() {
    const model = Object.defineProperty(
      { changed: this.changed, login: () => this.answer } as unknown as ILeaseModel,
      'state',
      { get: () => this.state }
    );
    this.login = new Login(
      model,
      {
        open: () => {
          if (this.blocked) {
            return null;
          }
          const made = { url: '', closed: false };
          this.windows.push(made);
          return { go: url => void (made.url = url), close: () => void (made.closed = true) };
        }
      },
      {
        success: words => this.told.push(`good: ${words}`),
        failure: words => this.told.push(`bad: ${words}`)
      },
      trans
    );
  }

  hears(fields: Partial<ILogin>): void {
    const answer = status([], { login: login(fields) });
    this.state = { snapshot: snapshot(answer, 0), problem: null };
    this.changed.emit(this.state);
  }
}

describe('a login', () => {
  it('opens its window before the server has answered, as browsers want it', async () => {
    const stage = new Stage();
    const started = stage.login.start();
    expect(stage.windows).toEqual([{ url: '', closed: false }]);
    await started;
    expect(stage.windows).toEqual([{ url: PAGE, closed: false }]);
  });

  it('closes its window when it is done, and tells once', async () => {
    const stage = new Stage();
    await stage.login.start();
    stage.hears({ state: 'opened', handle: '1' });
    expect(stage.windows[0]?.closed).toBe(false);
    stage.hears({ needed: false, state: 'done', handle: '1' });
    stage.hears({ needed: false, state: 'done', handle: '1' });
    expect(stage.windows[0]?.closed).toBe(true);
    expect(stage.told).toHaveLength(1);
    expect(stage.told[0]).toContain('good: You are logged in');
  });

  it('leaves a window that tells why it failed', async () => {
    const stage = new Stage();
    await stage.login.start();
    stage.hears({ state: 'failed', handle: '1', reason: 'refused' });
    expect(stage.windows[0]?.closed).toBe(false);
    expect(stage.told).toEqual([]);
  });

  it('is not ended by the end of another one', async () => {
    const stage = new Stage();
    await stage.login.start();
    stage.hears({ needed: false, state: 'done', handle: '2' });
    expect(stage.windows[0]?.closed).toBe(false);
  });

  it('begun again has one window only', async () => {
    const stage = new Stage();
    await stage.login.start();
    await stage.login.start();
    expect(stage.windows.map(one => one.closed)).toEqual([true, false]);
  });

  it('says what to do where no window may be opened', async () => {
    const stage = new Stage();
    stage.blocked = true;
    await stage.login.start();
    expect(stage.told[0]).toContain('Allow windows for this page');
  });

  it('closes its window where the server refuses, and says why', async () => {
    const stage = new Stage();
    stage.answer = Promise.reject(new QcredError(409, 'needs_login', 'One is being finished'));
    await stage.login.start();
    expect(stage.windows[0]?.closed).toBe(true);
    expect(stage.told).toEqual(['bad: One is being finished']);
  });

  it('is needed where the server says so', () => {
    expect(isNeeded(login())).toBe(true);
    expect(isNeeded(login({ needed: false }))).toBe(false);
    expect(isNeeded(null)).toBe(false);
  });
});
