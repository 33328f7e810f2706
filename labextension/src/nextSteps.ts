import { Clipboard, Dialog, Notification, showDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';

import type { LeaseClient } from './client';
import { QcredError } from './errors';
import { reported } from './reporting';
import type { IQuestion } from './request';
import { request } from './request';
import { typedKey } from './storing';
import type { ILeaseModel } from './tokens';

const SHORT = 5000;
const LONG = 12_000;

/** What a person does about a credential that is missing. */
export class NextSteps {
  constructor(
    private readonly model: ILeaseModel,
    private readonly client: Pick<LeaseClient, 'store'>,
    private readonly trans: TranslationBundle
  ) {}

  /** Have it delivered to a kernel, or see why it still cannot be. */
  deliver(kernel: string, credential: string): Promise<void> {
    const { trans } = this;
    return reported(async () => {
      const { outstanding } = await this.model.deliver(kernel, credential);
      if (outstanding) {
        Notification.info(
          trans.__('%1: the issuer has not answered yet. It comes by itself.', credential),
          { autoClose: LONG }
        );
      } else {
        Notification.success(trans.__('The kernel has %1 now.', credential), { autoClose: SHORT });
      }
    }, trans);
  }

  /** Store a key that the person types, and have it delivered. */
  async store(kernel: string, credential: string): Promise<void> {
    const key = await typedKey(credential, this.trans);
    if (key === null) {
      return;
    }
    await reported(async () => {
      if (await this.stored(credential, key)) {
        await this.deliver(kernel, credential);
      }
    }, this.trans);
  }

  /** Copy a text for the operator. */
  ask(question: IQuestion): void {
    const { trans, model } = this;
    Clipboard.copyToSystem(request(question, model.state.snapshot, trans));
    Notification.success(trans.__('Copied. Send it to whoever runs this server.'), {
      autoClose: LONG
    });
  }

  private async stored(credential: string, key: ReadonlyMap<string, string>): Promise<boolean> {
    try {
      await this.client.store(credential, key, false);
    } catch (error) {
      if (!(error instanceof QcredError) || error.code !== 'already_stored') {
        throw error;
      }
      if (!(await this.mayReplace(credential))) {
        return false;
      }
      await this.client.store(credential, key, true);
    }
    return true;
  }

  private async mayReplace(credential: string): Promise<boolean> {
    const { trans } = this;
    const answer = await showDialog({
      title: trans.__('Replace the key of %1?', credential),
      body: trans.__('There is one of this name already. It would be lost here.'),
      buttons: [Dialog.cancelButton(), Dialog.warnButton({ label: trans.__('Replace') })],
      defaultButton: 0
    });
    return answer.button.accept;
  }
}
