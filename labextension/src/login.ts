import type { TranslationBundle } from '@jupyterlab/translation';

import { QcredError } from './errors';
import type { ILeaseModel } from './tokens';
import type { ILogin } from './wire';

/** A window for the issuer's page. */
export interface IWindow {
  /** Lead it to an address. */
  go(url: string): void;
  close(): void;
}

/** What a login needs of the browser. */
export interface IBrowser {
  /** Open an empty window at once; null where the browser does not let us. */
  open(): IWindow | null;
}

/** Tells a person what became of something. */
export interface ITell {
  success(words: string): void;
  failure(words: string): void;
}

/** Whether a person has to do something. */
export function isNeeded(login: ILogin | null | undefined): boolean {
  return login?.needed === true;
}

/**
 * Log in at the issuer, in a window of its own.
 *
 * The page there and this one know nothing of each other: what came of it, the server tells.
 */
export class Login {
  private window: IWindow | null = null;
  private handle = '';

  constructor(
    private readonly model: ILeaseModel,
    private readonly browser: IBrowser,
    private readonly tell: ITell,
    private readonly trans: TranslationBundle
  ) {
    model.changed.connect(() => this.look());
  }

  /** Call it from a click: browsers let a page open windows at that moment only. */
  async start(): Promise<void> {
    const { trans } = this;
    this.window?.close();
    const opened = (this.window = this.browser.open());
    if (opened === null) {
      this.tell.failure(
        trans.__(
          'The browser did not open a window. Allow windows for this page, and try again; or run `jupyter qcred login`.'
        )
      );
      return;
    }
    try {
      const { url, login } = await this.model.login();
      this.handle = login.handle;
      opened.go(url);
    } catch (error) {
      opened.close();
      const known = error instanceof QcredError;
      this.tell.failure(known ? error.message : trans.__('That failed.'));
    }
  }

  /** Close the window once it has done its work; one that tells of a failure stays. */
  private look(): void {
    const login = this.model.state.snapshot?.login;
    if (this.handle !== '' && login?.handle === this.handle && login.state === 'done') {
      this.handle = '';
      this.window?.close();
      this.window = null;
      this.tell.success(this.trans.__('You are logged in. What waits gets its credentials now.'));
    }
  }
}

const FEATURES = 'popup,width=560,height=720';

/** This browser. */
export const browser: IBrowser = {
  open: () => {
    // `noopener` would give us no window to lead on, so that it is taken from the window instead,
    // before any page is in it.
    const opened = window.open('', '_blank', FEATURES);
    if (opened === null) {
      return null;
    }
    opened.opener = null;
    return { go: url => opened.location.replace(url), close: () => opened.close() };
  }
};
